import { listAdmissions } from "../../db/admissions.ts";
import { findClient } from "../../db/clients.ts";
import { findCoach } from "../../db/coaches.ts";
import { findNow } from "../../db/client.ts";
import type { Standing } from "../../domain/access.ts";
import { DomainError, forbidden, invalid, notFound } from "../../domain/errors.ts";
import type { ParticipantRole } from "../../domain/principal.ts";
import type { Person } from "../../domain/room/request.ts";
import { type Session, assertJoinable } from "../../domain/session.ts";
import { addMinutes } from "../../domain/time.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { transact } from "../transaction.ts";
import { requireSession } from "./read.ts";

export type JoinInput = {
  id: string;
  /** How the room shows the person; their own name when not given. */
  name?: string | undefined;
  /** For keys and admins: whom the ticket is for. */
  as?: "coach" | "client" | undefined;
  role?: "guest" | "observer" | undefined;
};

export type JoinResult = { ticket: string; expiresAt: Date; url: string; session: Session };

/**
 * Admits a person to a session's room: a ticket for its socket. Counts nobody present; attendance begins there.
 * @throws DomainError `not_found`, `forbidden`, `removed`, `too_early`, `session_closed`, `invalid_request`
 */
export const joinSession = async (
  app: App,
  context: RequestContext,
  input: JoinInput,
): Promise<JoinResult> => {
  const { session, standing } = await requireSession(app, context, {
    id: input.id,
    operation: "session.join",
  });
  const { role, guest } = chooseRole(standing, input);
  return transact(app, context, async ({ sql }) => {
    const now = await findNow(sql);
    assertJoinable(session, app.config.joinEarlyMinutes, now);
    const person = guest
      ? { id: app.newId(), name: input.name ?? "" }
      : role === "coach"
        ? await findCoach(sql, session.coachId)
        : await findClient(sql, session.clientId);
    if (!person) throw notFound("session");
    const name = input.name ?? person.name;
    const whose = { sessionId: session.id, participantId: person.id, role, name };
    const [admission] = await listAdmissions(sql, [whose]);
    if (admission?.status === "removed") {
      throw new DomainError(
        "forbidden",
        "removed",
        "This person was removed from the room; admit them first.",
      );
    }
    const { ticket, expiresAt } = await issueTicket(app, { ...whose, now });
    return { ticket, expiresAt, url: `${app.publicUrl()}/live`, session };
  });
};

/** Signs a ticket for one participant of one session, good for `TICKET_MINUTES`. */
export const issueTicket = async (
  app: App,
  { sessionId, participantId, role, name, now }: Person & { sessionId: string; now: Date },
): Promise<{ ticket: string; expiresAt: Date }> => {
  const expiresAt = addMinutes(now, app.config.ticketMinutes);
  const ticket = await app.tokens.signTicket({ sid: sessionId, role, name }, participantId, expiresAt);
  return { ticket, expiresAt };
};

const chooseRole = (
  standing: Standing,
  { name, as, role }: JoinInput,
): { role: ParticipantRole; guest: boolean } => {
  const forAnybody = standing === "admin" || standing === "writer";
  if (as && role) throw invalid("role", "give as or role, not both");
  if (role) {
    if (!forAnybody && !(standing === "coach" && role === "guest")) {
      throw forbidden(`You may not bring a person with the role "${role}".`);
    }
    if (name === undefined) throw invalid("name", `a ${role} needs a name`);
    return { role, guest: true };
  }
  if (as) {
    if (!forAnybody && as !== standing) throw forbidden("You join as yourself.");
    return { role: as, guest: false };
  }
  if (standing === "coach" || standing === "client") return { role: standing, guest: false };
  throw invalid("as", "say whom the ticket is for: as (coach, client) or role (guest, observer)");
};
