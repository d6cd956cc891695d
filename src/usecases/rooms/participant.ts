import type { Sql } from "../../db/client.ts";
import { findClient } from "../../db/clients.ts";
import { findCoach } from "../../db/coaches.ts";
import { forbidden, notFound } from "../../domain/errors.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Person } from "../../domain/room/request.ts";
import type { Session } from "../../domain/session.ts";

/**
 * Who a principal is in the room of a session.
 * @throws DomainError `not_found` for a room that is not theirs to see, `forbidden` for one who needs a ticket
 */
export const personOf = async (
  sql: Sql,
  principal: Principal,
  session: Pick<Session, "id" | "coachId" | "clientId">,
): Promise<Person> => {
  if (principal.kind === "ticket") {
    if (principal.sessionId !== session.id) throw notFound("session");
    const { participantId, role, name } = principal;
    return { participantId, role, name };
  }
  if (principal.kind === "key" || principal.role === "admin") {
    throw forbidden("Nobody's coach or client: get a ticket from POST /v1/sessions/{id}/join.");
  }
  const { role, id } = principal;
  if (id !== (role === "coach" ? session.coachId : session.clientId)) throw notFound("session");
  const known = principal.name ?? (await (role === "coach" ? findCoach(sql, id) : findClient(sql, id)))?.name;
  if (known === undefined) throw notFound("session");
  return { participantId: id, role, name: known };
};
