import type { DomainError } from "../../domain/errors.ts";
import { addMinutes } from "../../domain/time.ts";
import type { App } from "../app.ts";
import { readJoinLink } from "../access/join-links.ts";
import { titleOf } from "../mail/compose.ts";
import { formatInstant, formatStretch } from "../mail/when.ts";
import { type HeldAt, heldAt } from "../mail/place.ts";

/** What the page behind a join link shows to whom it is for. */
export type JoinPageFacts = {
  title: string;
  otherRole: "Coach" | "Client";
  other: string;
  startsAt: Date;
  endsAt: Date;
  /** On the clocks that the hub knows the reader by. */
  when: string;
  /** When the room opens, where it has not yet. */
  opensAt: Date | null;
  opens: string;
  place: HeldAt;
  /** Why the link lets nobody in, where it does not. */
  refusal: DomainError | null;
};

/** @throws DomainError `unauthenticated` for what is no link of this hub */
export const readJoinPage = async (app: App, token: string): Promise<JoinPageFacts> => {
  const { link, refusal } = await readJoinLink(app, token);
  const { facts, role } = link;
  const { timeZone } = facts[role];
  const opensAt = addMinutes(facts.startsAt, -app.config.joinEarlyMinutes);
  const early = facts.sessionStatus === "scheduled" && facts.now < opensAt;
  return {
    title: titleOf(facts),
    otherRole: role === "coach" ? "Client" : "Coach",
    other: facts[role === "coach" ? "client" : "coach"].name,
    startsAt: facts.startsAt,
    endsAt: facts.endsAt,
    when: formatStretch(timeZone, facts),
    opensAt: early ? opensAt : null,
    opens: formatInstant(timeZone, opensAt),
    place: heldAt(facts.location),
    refusal,
  };
};
