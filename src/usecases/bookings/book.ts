import { findHold } from "../../db/holds.ts";
import { authorise } from "../../domain/access.ts";
import type { RequestedTime } from "../../domain/booking.ts";
import { forbidden, invalid, notFound } from "../../domain/errors.ts";
import type { BookResult } from "../../domain/lane/book.ts";
import type { BookRequest, InlineClient } from "../../domain/lane/request.ts";
import type { Principal } from "../../domain/principal.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { mayUseHold } from "../holds/read.ts";
import type { LaneNeeds } from "../lanes/job.ts";
import { runInLane } from "../lanes/run.ts";
import { clientIdOf } from "../references.ts";
import { type TargetInput, resolveTarget } from "../target.ts";

export type { BookResult } from "../../domain/lane/book.ts";

export type BookInput = { [K in keyof RequestedTime]?: RequestedTime[K] | undefined } & TargetInput & {
    holdId?: string | undefined;
    sessionTypeId?: string | undefined;
    clientId?: string | undefined;
    client?: InlineClient | undefined;
    title?: string | undefined;
    notes?: string | undefined;
    metadata?: Record<string, string> | undefined;
  };

/**
 * Books time with a coach, or with whom of a pool it chooses, or what a hold keeps. It is accepted at once, unless its
 * session type asks for approval.
 * @throws DomainError `slot_unavailable` with the reason, `session_type_required`, `invalid_request`, `not_found`,
 *   `forbidden`
 */
export const bookSession = async (
  app: App,
  context: RequestContext,
  input: BookInput,
): Promise<BookResult> => {
  const client = await clientOf(app, context.principal, input);
  const { request, needs } =
    input.holdId === undefined
      ? await bookOnTheSpot(app, context, { input, client })
      : await bookFromHold(app, context, { input, client, holdId: input.holdId });
  return runInLane(app, context, {
    request: {
      ...request,
      kind: "book",
      client,
      time: { startsAt: input.startsAt, endsAt: input.endsAt, durationMinutes: input.durationMinutes },
      sessionTypeId: input.sessionTypeId ?? null,
      title: input.title ?? null,
      notes: input.notes ?? null,
      metadata: input.metadata ?? {},
    },
    needs,
  });
};

type Asked = { input: BookInput; client: BookRequest["client"] };
type Resolved = { request: Pick<BookRequest, "target">; needs: LaneNeeds };

const bookOnTheSpot = async (
  app: App,
  context: RequestContext,
  { input, client }: Asked,
): Promise<Resolved> => {
  if (!client) throw invalid("clientId", "give clientId or client");
  const { target, coachIds } = await resolveTarget(app.sql, input);
  authoriseBooking(context.principal, target.coachId ?? null, client);
  return {
    request: { target },
    needs: {
      coachIds,
      poolId: target.poolId ?? null,
      sessionTypeId: input.sessionTypeId ?? null,
      clientId: "id" in client ? client.id : null,
    },
  };
};

/** Whose booking it is depends on the asker, so the refusal must name the half that they do not own. */
const authoriseBooking = (
  principal: Principal,
  coachId: string | null,
  client: NonNullable<BookRequest["client"]>,
): void => {
  const what = principal.kind === "user" && principal.role === "client" ? "client" : "coach";
  const clientId = "id" in client ? client.id : null;
  authorise(principal, "booking.create", { what, owners: { coachId, clientId } });
};

const bookFromHold = async (
  app: App,
  { principal }: RequestContext,
  { input, client, holdId }: Asked & { holdId: string },
): Promise<Resolved> => {
  if (input.coachId !== undefined || input.poolId !== undefined)
    throw invalid("holdId", "give holdId, coachId or poolId, one of them");
  const hold = await findHold(app.sql, holdId);
  if (!hold || !mayUseHold(principal, hold)) throw notFound("hold");
  return {
    request: { target: { holdId } },
    needs: {
      coachIds: [hold.coachId],
      poolId: hold.poolId,
      sessionTypeId: hold.sessionTypeId,
      clientId: client && "id" in client ? client.id : hold.clientId,
      holdId,
    },
  };
};

/** The client as the caller names them; null where a hold may say. */
const clientOf = async (app: App, principal: Principal, input: BookInput): Promise<BookRequest["client"]> => {
  if (input.clientId !== undefined && input.client)
    throw invalid("client", "give clientId or client, not both");
  if (input.clientId !== undefined) return { id: await clientIdOf(app.sql, input.clientId) };
  if (principal.kind === "user" && principal.role === "client") {
    if (input.client) throw forbidden("A client books as themselves.");
    return { id: principal.id };
  }
  return input.client ? { inline: input.client } : null;
};
