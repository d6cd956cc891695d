import type { MailFacts, NewMail } from "../../db/mails.ts";
import type { App } from "../app.ts";
import { makeJoinLink } from "../access/join-links.ts";
import { parseSender, writeInvite } from "./invite.ts";
import type { Notice, Reader } from "./notice.ts";
import { heldAt } from "./place.ts";
import { toHtml, toText } from "./templates/layout.ts";
import type { Occasion, Place } from "./templates/letter.ts";
import { formatInstant, formatShort, formatStretch } from "./when.ts";

/** What a mail is about to be written for. */
export type MailOrder = { cause: string; notice: Notice; facts: MailFacts; reason: string | null };

/** Writes the mails of a notice, one for each reader who has an address. */
export const composeMails = (app: App, order: MailOrder): Promise<NewMail[]> =>
  Promise.all(
    order.notice.readers.flatMap((reader) => {
      const { email } = order.facts[reader];
      return email === null ? [] : [composeMail(app, order, { reader, email })];
    }),
  );

const composeMail = async (
  app: App,
  { cause, notice, facts, reason }: MailOrder,
  { reader, email }: { reader: Reader; email: string },
): Promise<NewMail> => {
  const place = await placeOf(app, facts, reader);
  const occasion = describe({ facts, reason }, reader, place);
  const letter = notice.template(occasion);
  const host = new URL(app.publicUrl()).hostname;
  const personId = facts[`${reader}Id`];
  const { name } = facts[reader];
  return {
    id: app.newId(),
    cause,
    personId,
    bookingId: facts.bookingId,
    bookingVersion: facts.bookingVersion,
    kind: notice.kind,
    messageId: `<${cause}.${personId}@${host}>`,
    toAddress: email,
    toName: name,
    subject: letter.subject,
    text: toText(letter),
    html: toHtml(letter),
    icsMethod: notice.method,
    ics:
      notice.method === null
        ? null
        : writeInvite({
            method: notice.method,
            facts,
            host,
            title: occasion.title,
            organizer: parseSender(app.config.mailFrom),
            attendee: { name, email },
            other: occasion.other,
            place,
          }),
  };
};

/** What a session is called. */
export const titleOf = ({ title, typeName }: Pick<MailFacts, "title" | "typeName">): string =>
  title ?? typeName ?? "Coaching session";

const describe = (
  { facts, reason }: Pick<MailOrder, "facts" | "reason">,
  role: Reader,
  place: Place | null,
): Occasion => {
  const { timeZone } = facts[role];
  return {
    role,
    other: facts[role === "coach" ? "client" : "coach"].name,
    title: titleOf(facts),
    when: formatStretch(timeZone, facts),
    shortly: formatShort(timeZone, facts.startsAt),
    before: facts.startedBefore === null ? null : formatInstant(timeZone, facts.startedBefore),
    place,
    reason,
    answerBy: facts.answerBy === null ? null : formatInstant(timeZone, facts.answerBy),
    absent: absentFor(role, facts),
    wasBooked: facts.sessionId !== null,
  };
};

/** Where a reader goes; null while, or once, there is nothing to come to. */
const placeOf = async (app: App, facts: MailFacts, reader: Reader): Promise<Place | null> => {
  const { sessionId } = facts;
  if (sessionId === null || facts.bookingStatus !== "accepted") return null;
  const place = heldAt(facts.location);
  if (place.kind !== "room") return place;
  return { kind: "room", url: await makeJoinLink(app, { ...facts, sessionId }, reader) };
};

/** Of both, nobody who was in the room at all is told that they did not come: they missed one another. */
const absentFor = (
  role: Reader,
  { absent, sideCame }: Pick<MailFacts, "absent" | "sideCame">,
): Occasion["absent"] => {
  if (absent === null) return null;
  if (absent === "both") return sideCame ? null : "both";
  return absent === role ? "you" : "other";
};
