/** Who is asking, as established by a credential. */
export type Principal = KeyPrincipal | UserPrincipal | TicketPrincipal;

export type KeyScope = "read" | "bookings" | "admin";

/** A REST caller that acts for anybody within its scope. */
export type KeyPrincipal = { kind: "key"; id: string; name: string; scope: KeyScope };

/** A person with a token of their own; `id` is the coach's or client's id, and the token's subject for an admin. */
export type UserPrincipal = {
  kind: "user";
  role: "coach" | "client" | "admin";
  id: string;
  name: string | null;
};

/** One participant of one session, for the live room and nothing else. */
export type TicketPrincipal = {
  kind: "ticket";
  sessionId: string;
  participantId: string;
  role: ParticipantRole;
  name: string;
};

export type ParticipantRole = "coach" | "client" | "guest" | "observer";

/** Who caused an event, as everyone in the room may read it. */
export type Actor = {
  type: "coach" | "client" | "guest" | "observer" | "key" | "system";
  id: string;
  name?: string;
};

export const systemActor: Actor = { type: "system", id: "courtside" };

/** The actor that stands in the log for a principal. An admin's token acts like a key: for the house. */
export const actorOf = (principal: Principal): Actor => {
  if (principal.kind === "key") return { type: "key", id: principal.id };
  if (principal.kind === "ticket") {
    return { type: principal.role, id: principal.participantId, name: principal.name };
  }
  if (principal.role === "admin") return { type: "key", id: principal.id };
  return { type: principal.role, id: principal.id, ...(principal.name ? { name: principal.name } : {}) };
};

/** A stable name for one caller, such as the scope of its idempotency keys. */
export const callerOf = (principal: Principal): string => {
  if (principal.kind === "key") return `key:${principal.id}`;
  if (principal.kind === "ticket") return `ticket:${principal.sessionId}:${principal.participantId}`;
  return `${principal.role}:${principal.id}`;
};
