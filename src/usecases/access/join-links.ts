import { z } from "zod";
import { listAdmissions } from "../../db/admissions.ts";
import { type MailFacts, findMailFacts } from "../../db/mails.ts";
import { DomainError } from "../../domain/errors.ts";
import { isClosed } from "../../domain/session.ts";
import { addMinutes } from "../../domain/time.ts";
import type { App } from "../app.ts";

/** `ver` is the booking's version: with a session it changes when the booking moves or ends, and never else. */
const linkClaims = z.object({
  sub: z.uuid(),
  sid: z.uuid(),
  role: z.enum(["coach", "client"]),
  ver: z.int(),
});

/** No session is open for longer after its end, however far it runs over; then links are of no use in any case. */
const keptMinutes = 24 * 60;

/**
 * The address that is mailed to the coach or the client of a session: good for tickets until the session closes, and
 * void once the booking moves or ends, or the person is removed.
 */
export const makeJoinLink = async (
  app: App,
  facts: MailFacts & { sessionId: string },
  role: "coach" | "client",
): Promise<string> => {
  const expiresAt = addMinutes(facts.endsAt, app.config.maxOverrunMinutes + keptMinutes);
  const claims = { sid: facts.sessionId, role, ver: facts.bookingVersion };
  const token = await app.tokens.signJoinLink(claims, facts[`${role}Id`], expiresAt);
  return `${app.publicUrl()}/join/${token}`;
};

/** Whom a join link is for, and the session as it stands. */
export type OpenedJoinLink = {
  facts: MailFacts & { sessionId: string };
  role: "coach" | "client";
  participantId: string;
  name: string;
};

/**
 * Reads a join link, whether it is still good or not.
 * @returns what it is for, and with which words it is refused
 * @throws DomainError `unauthenticated` for what is no link of this hub
 */
export const readJoinLink = async (
  app: App,
  token: string,
): Promise<{ link: OpenedJoinLink; refusal: DomainError | null }> => {
  const claims = linkClaims.safeParse(await app.tokens.verifyJoinLink(token));
  if (!claims.success) throw new DomainError("unauthenticated", "unauthenticated", "This link is not valid.");
  const { sub: participantId, sid: sessionId, role, ver } = claims.data;
  const [facts, [admission]] = await Promise.all([
    findMailFacts(app.sql, { sessionId }),
    listAdmissions(app.sql, [{ sessionId, participantId }]),
  ]);
  if (!facts) throw new DomainError("unauthenticated", "unauthenticated", "This link is not valid.");
  const link = { facts: { ...facts, sessionId }, role, participantId, name: facts[role].name };
  return { link, refusal: refusalOf(facts, ver, admission?.status === "removed") };
};

const refusalOf = (facts: MailFacts, version: number, removed: boolean): DomainError | null => {
  if (removed) return new DomainError("forbidden", "removed", "You were removed from this session.");
  if (facts.sessionStatus !== null && isClosed(facts.sessionStatus)) {
    const how = facts.sessionStatus === "cancelled" ? "was cancelled" : "is over";
    return new DomainError("conflict", "session_closed", `This session ${how}.`);
  }
  if (facts.bookingStatus === "accepted" && facts.bookingVersion === version) return null;
  const detail = "This link was for an earlier time of the session; a newer mail has the present one.";
  return new DomainError("unauthenticated", "token_expired", detail);
};

/**
 * Reads a join link that is good.
 * @throws DomainError `unauthenticated`; `token_expired` once the session has moved, `session_closed`, `removed`
 */
export const openJoinLink = async (app: App, token: string): Promise<OpenedJoinLink> => {
  const { link, refusal } = await readJoinLink(app, token);
  if (refusal) throw refusal;
  return link;
};
