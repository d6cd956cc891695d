import fc from "fast-check";
import { expect, test } from "vitest";
import { escapeMarkdown } from "../../src/domain/markdown.ts";
import type { LeaveReason, Visit } from "../../src/domain/room.ts";
import type { Session } from "../../src/domain/session.ts";
import { type SummaryFacts, countSummary } from "../../src/domain/summary.ts";
import { describeSummary } from "../../src/domain/summary-words.ts";
import { shorten, toLine } from "../../src/domain/text.ts";

const startsAt = new Date("2030-01-07T10:00:00Z");
const after = (seconds: number): Date => new Date(startsAt.getTime() + seconds * 1000);

/** Text that means something to markdown, HTML, terminals or those who read from the right. */
const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        ..."#*_`~[]()<>!|\\&-+=.:/@ \n\r\t\u2028\u202e\u2060".split(""),
        "a",
        "1",
        "www.",
        "https://",
        "ada@example.com",
        "<b>",
        "&lt;",
        "](x)",
        "   ",
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join("")),
);

const people = ["ada", "maya", "gus", "oda"] as const;
const roles = { ada: "coach", maya: "client", gus: "guest", oda: "observer" } as const;

const visit: fc.Arbitrary<Visit> = fc
  .record({
    who: fc.constantFrom(...people),
    name: hostile,
    // Some begin or end at the same moment.
    from: fc.oneof(fc.integer({ min: -900, max: 5400 }), fc.constantFrom(-60, 0, 600)),
    length: fc.option(fc.oneof(fc.integer({ min: 0, max: 5400 }), fc.constantFrom(0, 600))),
    reason: fc.constantFrom<LeaveReason>("left", "lost", "removed", "closed"),
  })
  .map(({ who, name, from, length, reason }) => ({
    sessionId: "s",
    participantId: who,
    role: roles[who],
    name,
    joinedAt: after(from),
    leftAt: length === null ? null : after(from + length),
    leftReason: length === null ? null : reason,
  }));

const session: fc.Arbitrary<Session> = fc
  .record({
    status: fc.constantFrom("completed" as const, "cancelled" as const, "no_show" as const),
    startedAt: fc.option(fc.integer({ min: -900, max: 3600 })),
    ended: fc.integer({ min: 0, max: 3600 }),
    endReason: fc.option(fc.oneof(hostile, fc.constantFrom("empty_room", "overrun", "time_over"))),
  })
  .map(({ status, startedAt, ended, endReason }) => ({
    id: "s",
    bookingId: "b",
    absent: status === "no_show" ? "client" : null,
    status,
    coachId: "ada",
    clientId: "maya",
    startsAt,
    endsAt: after(2700),
    startedAt: startedAt === null ? null : after(startedAt),
    endedAt: after((startedAt ?? 0) + ended),
    endReason,
    participantCount: 0,
    lastSeq: 1,
    version: 2,
    createdAt: startsAt,
    updatedAt: startsAt,
  }));

const facts: fc.Arbitrary<SummaryFacts> = fc.record({
  session,
  visits: fc.array(visit, { maxLength: 12 }),
  messages: fc
    .dictionary(fc.constantFrom(...people), fc.integer({ min: 1, max: 50 }))
    .map((counts) => new Map(Object.entries(counts))),
  closedBy: fc.constantFrom("coach", "client", "key", "system", null),
  correction: fc.option(
    fc.record({ by: fc.constantFrom("coach" as const, "key" as const), reason: hostile }),
  ),
  heldIn: fc.constantFrom("room", "url", "in_person"),
});

test("no minutes are negative, nobody is there for longer than the room was, nor both for longer than either", () => {
  fc.assert(
    fc.property(facts, (given) => {
      const figures = countSummary(given);
      const end = given.session.endedAt ?? given.session.endsAt;
      const minutesOf = (role: string): number =>
        figures.participants.find((person) => person.role === role)?.minutesPresent ?? 0;
      for (const person of figures.participants) {
        const span = Math.max(0, Math.round((end.getTime() - person.firstJoinedAt.getTime()) / 60_000));
        expect(person.minutesPresent).toBeGreaterThanOrEqual(0);
        expect(person.minutesPresent).toBeLessThanOrEqual(span);
        expect(person.lateMinutes).toBeGreaterThanOrEqual(0);
        expect(person.drops).toBeLessThanOrEqual(person.visits);
      }
      expect(figures.togetherMinutes).toBeGreaterThanOrEqual(0);
      expect(figures.togetherMinutes).toBeLessThanOrEqual(Math.min(minutesOf("coach"), minutesOf("client")));
      expect(figures.durationMinutes).toBeGreaterThanOrEqual(0);
      expect(figures.attendeeCount).toBe(
        new Set(given.visits.map(({ participantId }) => participantId)).size,
      );
    }),
  );
});

test("the minutes that both were there are those that a walk through every second counts", () => {
  fc.assert(
    fc.property(facts, (given) => {
      const end = given.session.endedAt ?? given.session.endsAt;
      const isThere = (role: string, at: number): boolean =>
        given.visits.some(
          (one) =>
            one.role === role &&
            one.joinedAt.getTime() <= at &&
            at < (one.leftAt ?? end).getTime() &&
            at < end.getTime(),
        );
      let seconds = 0;
      for (let at = after(-900).getTime(); at < end.getTime(); at += 1000)
        if (isThere("coach", at) && isThere("client", at)) seconds += 1;
      expect(countSummary(given).togetherMinutes).toBe(Math.round(seconds / 60));
    }),
    { numRuns: 50 },
  );
});

test("the same facts give the same summary, in whatever order the visits come", () => {
  const shuffled = facts.chain((given) =>
    fc.record({
      given: fc.constant(given),
      visits: fc.shuffledSubarray([...given.visits], { minLength: given.visits.length }),
    }),
  );
  fc.assert(
    fc.property(shuffled, ({ given, visits }) => {
      const again = { ...given, visits };
      expect(countSummary(again)).toEqual(countSummary(given));
      expect(describeSummary(again, "x")).toEqual(describeSummary(given, "x"));
    }),
  );
});

/** What CommonMark makes of a line without an unescaped mark: its escapes are taken away. */
const unescape = (markdown: string): string => markdown.replaceAll(/\\([!-/:-@[-`{-~])/g, "$1");

test("whatever people write is one line of escaped text in markdown, and reads as they wrote it", () => {
  fc.assert(
    fc.property(hostile, (written) => {
      const escaped = escapeMarkdown(written);
      expect(escaped).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      expect(escaped.replaceAll(/\\[!-/:-@[-`{-~]/g, "")).not.toMatch(/[!-/:-@[-`{-~]/);
      expect(unescape(escaped).replaceAll("\u2060", "")).toBe(toLine(written).replaceAll("\u2060", ""));
      // Nor does anything look like a link to programs that want no mark for one.
      expect(unescape(escaped)).not.toMatch(/www\.|\/\/\S|\w@\S|@\w|#\w|\w\.\w/);
    }),
    { numRuns: 500 },
  );
});

test("no name, reason or model breaks out of its place in the markdown", () => {
  const known =
    /^(## Session summary|## From the chat and the notes|\*Written by a model from the chat and the notes; it may be wrong\.\*|- (\*\*.+\*\* \((coach|client|guest|observer)\) came .*\.|\d+ more (person|people) came\.)|(The session was planned for|Coach and client were|Nobody joined|No messages|\d+ messages? w|The (coach|client) did not come) ?.*|)$/u;
  fc.assert(
    fc.property(facts, hostile, (given, modelText) => {
      const { text, markdown } = describeSummary(given, modelText);
      const spoken = new Set(modelText.split("\n").map(escapeMarkdown));
      for (const line of markdown.split("\n")) if (!spoken.has(line)) expect(line).toMatch(known);
      expect(text).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/u);
      const people = new Set(given.visits.map(({ participantId }) => participantId)).size;
      expect(markdown.replaceAll(/\\./gs, "").match(/\*\*/g)?.length ?? 0).toBe(people * 2);
    }),
    { numRuns: 300 },
  );
});

test("what is shortened is no longer than it may be, and well-formed", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 40 }),
      fc.integer({ min: 1, max: 40 }),
      (text, max) => {
        const short = shorten(text, max);
        expect(short.length).toBeLessThanOrEqual(max);
        expect(short.isWellFormed()).toBe(true);
      },
    ),
  );
});
