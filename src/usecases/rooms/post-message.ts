import { forbidden } from "../../domain/errors.ts";
import type { PostedMessage } from "../../domain/room/request.ts";
import type { Session } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { personOf } from "./participant.ts";

export type PostMessageInput = {
  session: Pick<Session, "id" | "coachId" | "clientId">;
  text: string;
  clientMessageId: string;
};

/**
 * Posts a message to a room. A repeated `clientMessageId` of the same person gives the first result.
 * @throws DomainError `not_found`, `forbidden` for one who is not in the room or only observes, `session_closed`
 */
export const postMessage = async (
  app: App,
  context: RequestContext,
  { session, text, clientMessageId }: PostMessageInput,
): Promise<PostedMessage> => {
  const person = await personOf(app.sql, context.principal, session);
  if (person.role === "observer") throw forbidden("Observers watch; they send nothing.");
  return (await app.rooms.run(session.id, {
    sessionId: session.id,
    requestId: context.requestId,
    request: { kind: "message", person, text, clientMessageId },
  })) as PostedMessage;
};
