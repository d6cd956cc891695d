import type { SessionLocation } from "../../domain/session-type.ts";

/** Where a session is held: in the hub's own room, at an address of the web, or at a place. */
export type HeldAt =
  | { kind: "room" }
  | { kind: "url"; url: string }
  | { kind: "in_person"; address: string | null };

/** What somebody wrote is made a link only where it is one of the web. */
export const heldAt = (location: SessionLocation | null): HeldAt => {
  if (!location || location.kind === "room") return { kind: "room" };
  const address = location.value ?? null;
  const isLink = location.kind === "url" && address !== null && /^https?:/i.test(address);
  return isLink ? { kind: "url", url: address } : { kind: "in_person", address };
};
