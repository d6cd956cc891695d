import { DomainError, forbidden, notFound } from "./errors.ts";
import type { Principal } from "./principal.ts";

/**
 * Whom a resource belongs to. A coach's profile has no client, a client's no coach; only a session has a room
 * that tickets are for.
 */
export type Owners = { coachId?: string | null; clientId?: string | null; sessionId?: string };

/** The owners of a booking or anything else that has a coach and a client. */
export const ownersOf = ({ coachId, clientId }: { coachId: string; clientId: string }): Owners => ({
  coachId,
  clientId,
});

/** What a principal is to a resource: the column of the ownership table that applies. */
export type Standing = "admin" | "reader" | "writer" | "coach" | "client" | "stranger";

/**
 * Places a principal in the ownership table. `admin` may do all, `writer` is an API key of scope `bookings`,
 * `reader` one of scope `read`, and a guest in their session; `coach` and `client` own the resource; everybody
 * else is a `stranger`, to whom it must look as if it were not there.
 */
const standingOf = (principal: Principal, owners: Owners): Standing => {
  if (principal.kind === "key") {
    return principal.scope === "admin" ? "admin" : principal.scope === "bookings" ? "writer" : "reader";
  }
  if (principal.kind === "ticket") {
    if (owners.sessionId !== principal.sessionId) return "stranger";
    return principal.role === "coach" || principal.role === "client" ? principal.role : "reader";
  }
  if (principal.role === "admin") return "admin";
  if (principal.role === "coach" && owners.coachId === principal.id) return "coach";
  if (principal.role === "client" && owners.clientId === principal.id) return "client";
  return "stranger";
};

/**
 * The ownership table: what is done, and the standings that may do it. Whoever may read a resource and is not
 * listed for an operation is told so (403); a stranger is told that there is nothing (404).
 */
const allowed = {
  "coach.create": ["admin"],
  "coach.update": ["admin", "coach"],
  "coach.schedule": ["admin", "coach"],
  "coach.read": ["admin", "writer", "reader", "coach"],
  "client.create": ["admin", "writer"],
  "client.update": ["admin", "writer", "client"],
  "client.read": ["admin", "writer", "reader", "client"],
  "booking.create": ["admin", "writer", "coach", "client"],
  "booking.read": ["admin", "writer", "reader", "coach", "client"],
  "booking.cancel": ["admin", "writer", "coach", "client"],
  "booking.reschedule": ["admin", "writer", "coach", "client"],
  "booking.answer": ["admin", "writer", "coach"],
  "hold.create": ["admin", "writer", "coach", "client"],
  "session.read": ["admin", "writer", "reader", "coach", "client"],
  "session.join": ["admin", "writer", "coach", "client"],
  "session.start": ["admin", "writer", "coach", "client"],
  "session.end": ["admin", "writer", "coach"],
  "session.no_show": ["admin", "writer", "coach"],
  "session.correct": ["admin", "writer", "coach"],
  "session.moderate": ["admin", "writer", "coach"],
  "session.cancel": ["admin", "writer", "coach", "client"],
  "pool.read": ["admin", "writer", "reader"],
  "pool.manage": ["admin"],
  "type.manage": ["admin"],
  "job.manage": ["admin"],
  "webhook.manage": ["admin"],
  "mail.read": ["admin"],
} as const satisfies Record<string, readonly Standing[]>;

export type Operation = keyof typeof allowed;

/**
 * Refuses what the ownership table does not allow; returns the standing that allowed it.
 * @param what the resource's name, for the sentence of the refusal
 * @throws DomainError `not_found` for a stranger, `forbidden` for one who may see the resource but not do this
 */
export const authorise = (
  principal: Principal,
  operation: Operation,
  resource: { what: string; owners: Owners },
): Standing => {
  const standing = standingOf(principal, resource.owners);
  if (standing === "stranger") throw notFound(resource.what);
  if ((allowed[operation] as readonly Standing[]).includes(standing)) return standing;
  throw forbidden(refusal(principal));
};

const refusal = (principal: Principal): string =>
  principal.kind === "key"
    ? `An API key of scope "${principal.scope}" may not do this.`
    : "You may see this, but not do that to it.";

/** Refuses everyone but admins; for collections, which have no owner to tell strangers apart by. */
export const requireCreator = (
  principal: Principal,
  operation: "coach.create" | "client.create" | "pool.manage" | "type.manage" | "job.manage" | "mail.read",
): void => {
  const standing = standingOf(principal, {});
  if ((allowed[operation] as readonly Standing[]).includes(standing)) return;
  throw forbidden(principal.kind === "key" ? refusal(principal) : "Only an administrator may do this.");
};

/** Refuses tickets where a person or a key is needed: a ticket buys the live room and nothing else. */
export const refuseTicket = (principal: Principal): void => {
  if (principal.kind === "ticket") {
    throw new DomainError("unauthenticated", "unauthenticated", "A ticket opens the live room only.");
  }
};
