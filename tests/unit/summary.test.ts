import { describe, expect, test } from "vitest";
import type { LeaveReason, Summary, Visit } from "../../src/domain/room.ts";
import type { Session } from "../../src/domain/session.ts";
import {
  type SummaryFacts,
  countSummary,
  hasSummary,
  maxNamed,
  shortenSummary,
  toSummary,
} from "../../src/domain/summary.ts";
import { describeSummary } from "../../src/domain/summary-words.ts";

const at = (time: string): Date => new Date(`2030-01-07T${time}:00Z`);

const session: Session = {
  id: "s",
  bookingId: "b",
  status: "completed",
  coachId: "ada",
  clientId: "maya",
  startsAt: at("10:00"),
  endsAt: at("10:45"),
  startedAt: at("10:03"),
  endedAt: at("10:44"),
  endReason: null,
  absent: null,
  participantCount: 0,
  lastSeq: 9,
  version: 3,
  createdAt: at("08:00"),
  updatedAt: at("10:44"),
};

const people = {
  ada: { role: "coach", name: "Ada" },
  maya: { role: "client", name: "Maya" },
  gus: { role: "guest", name: "Gus" },
} as const;

const visit = (
  who: keyof typeof people,
  from: string,
  to: string | null,
  leftReason: LeaveReason = "closed",
): Visit => ({
  sessionId: "s",
  participantId: who,
  ...people[who],
  joinedAt: at(from),
  leftAt: to === null ? null : at(to),
  leftReason: to === null ? null : leftReason,
});

const factsOf = (changes: Partial<SummaryFacts> = {}): SummaryFacts => ({
  session,
  visits: [],
  messages: new Map(),
  closedBy: "coach",
  correction: null,
  heldIn: "room",
  ...changes,
});

const textOf = (changes: Partial<SummaryFacts> = {}): string => describeSummary(factsOf(changes), null).text;

const bothThere = [visit("ada", "10:00", "10:44"), visit("maya", "10:03", "10:44")];

describe("a summary", () => {
  const facts = factsOf({
    visits: [
      visit("maya", "10:03", "10:20", "lost"),
      visit("ada", "10:00", "10:44"),
      visit("maya", "10:24", "10:44"),
      visit("gus", "10:30", "10:35", "left"),
    ],
    messages: new Map([
      ["ada", 1],
      ["maya", 2],
    ]),
  });

  test("counts who was there, for how long, how late, what was lost and how much was said", () => {
    const figures = countSummary(facts);
    expect(figures).toMatchObject({
      outcome: "completed",
      durationMinutes: 41,
      scheduledMinutes: 45,
      startedLateMinutes: 3,
      togetherMinutes: 37,
      absent: [],
      attendeeCount: 3,
      messageCount: 3,
    });
    expect(figures.participants).toMatchObject([
      { participantId: "ada", minutesPresent: 44, visits: 1, lateMinutes: 0, drops: 0, messages: 1 },
      {
        participantId: "maya",
        minutesPresent: 37,
        visits: 2,
        firstJoinedAt: at("10:03"),
        lastLeftAt: at("10:44"),
        lateMinutes: 3,
        drops: 1,
        messages: 2,
      },
      { participantId: "gus", role: "guest", minutesPresent: 5, visits: 1, drops: 0, messages: 0 },
    ]);
  });

  test("tells all of it in plain sentences", () => {
    expect(describeSummary(facts, null).text).toBe(
      "The session was planned for 7 January 2030, 10:00 to 10:45 UTC. " +
        "It started 3 minutes late, lasted 41 minutes of the 45 planned and ended 1 minute early. " +
        "The coach ended it. " +
        "Ada (coach) came on time at 10:00, was there for 44 minutes, and wrote 1 message. " +
        "Maya (client) came 3 minutes late at 10:03, was there for 37 minutes in 2 visits, " +
        "lost the connection once and came back, and wrote 2 messages. " +
        "Gus (guest) came at 10:30 and was there for 5 minutes. " +
        "Coach and client were there together for 37 minutes. 3 messages were sent.",
    );
  });

  test("tells the same as markdown", () => {
    expect(describeSummary(facts, null).markdown).toBe(
      [
        "## Session summary",
        "The session was planned for 7 January 2030, 10:00 to 10:45 UTC. " +
          "It started 3 minutes late, lasted 41 minutes of the 45 planned and ended 1 minute early. The coach ended it.",
        "- **Ada** (coach) came on time at 10:00, was there for 44 minutes, and wrote 1 message.\n" +
          "- **Maya** (client) came 3 minutes late at 10:03, was there for 37 minutes in 2 visits, " +
          "lost the connection once and came back, and wrote 2 messages.\n" +
          "- **Gus** (guest) came at 10:30 and was there for 5 minutes.",
        "Coach and client were there together for 37 minutes. 3 messages were sent.",
      ].join("\n\n"),
    );
  });

  test("counts visits that overlap once, and one still open until the end", () => {
    const visits = [
      visit("maya", "10:05", "10:20"),
      visit("maya", "10:10", "10:15"),
      visit("maya", "10:30", null),
    ];
    const [maya] = countSummary(factsOf({ visits })).participants;
    expect(maya).toMatchObject({ minutesPresent: 15 + 14, lastLeftAt: null });
  });

  test("says so when somebody or everybody stayed away", () => {
    const alone = textOf({ visits: [visit("ada", "10:00", "10:44")], messages: new Map([["ada", 1]]) });
    expect(alone).toContain("The client did not come.");
    expect(alone).not.toContain("together");
    expect(alone).toContain("1 message was sent.");
    expect(textOf()).toContain("Nobody joined the room. No messages were sent.");
  });

  test("tells a no-show by who was absent, and of nobody who came at all that both were", () => {
    const noShow = (absent: Session["absent"]): Session => ({
      ...session,
      startedAt: null,
      status: "no_show",
      absent,
    });
    const waited = [visit("ada", "10:01", "10:15")];
    expect(textOf({ session: noShow("client"), visits: waited, closedBy: "system" })).toBe(
      "The session was planned for 7 January 2030, 10:00 to 10:45 UTC. It did not start. " +
        "It counts as a no-show: the client was absent. " +
        "Ada (coach) came 1 minute late at 10:01 and was there for 14 minutes. No messages were sent.",
    );
    expect(textOf({ session: noShow("coach"), visits: waited })).toContain("the coach was absent.");
    const guestAlone = [visit("gus", "10:01", "10:15")];
    for (const visits of [[], guestAlone])
      expect(textOf({ session: noShow("both"), visits })).toContain("coach and client were absent.");
    const missedOneAnother = [visit("ada", "10:00", "10:10", "left"), visit("maya", "10:12", "10:30")];
    const lookedIn = [visit("ada", "10:00", "10:00", "left")];
    for (const visits of [missedOneAnother, waited, lookedIn]) {
      const text = textOf({ session: noShow("both"), visits });
      expect(text).toContain("coach and client were not there together for long enough.");
      expect(text).not.toContain("absent");
    }
  });

  test("tells of an end ahead of time, by itself, over time, and of why", () => {
    const endOf = (endReason: string | null, endedAt: string) => ({
      ...session,
      startedAt: at("09:58"),
      endReason,
      endedAt: at(endedAt),
    });
    expect(textOf({ session: endOf("We were done", "10:30") })).toContain(
      "It started 2 minutes early, lasted 32 minutes of the 45 planned and ended 15 minutes early. " +
        "The coach ended it. Reason given: “We were done”.",
    );
    const byItself = textOf({ session: endOf("empty_room", "10:50"), closedBy: "system" });
    expect(byItself).toContain("ended 5 minutes late. It ended by itself, as its room was empty.");
    expect(byItself).not.toContain("Reason given");
    // Whoever types the hub's own word is quoted for it.
    expect(textOf({ session: endOf("overrun", "10:50") })).toContain("Reason given: “overrun”.");
    expect(textOf({ session: endOf(null, "10:50"), closedBy: "key" })).toContain("from outside of the room.");
  });

  test("tells of a correction behind why it ended, and of no reason that is none", () => {
    const ended = { ...session, endReason: "We were done" };
    const correctedBy = (by: "client" | "key", reason: string) =>
      textOf({ session: ended, correction: { by, reason } });
    expect(correctedBy("client", "Nobody spoke")).toContain(
      "The coach ended it. Reason given: “We were done”. " +
        "The outcome was corrected by the client. Reason given: “Nobody spoke”.",
    );
    expect(correctedBy("key", " \n")).toMatch(/“We were done”\. The outcome was corrected\. [^R]/);
  });

  test("tells of one that was cancelled while it ran, and by whom", () => {
    const cancelled = { ...session, status: "cancelled" as const };
    expect(textOf({ session: cancelled, closedBy: "client" })).toContain(
      "The client cancelled it while it was running.",
    );
    expect(textOf({ session: cancelled, closedBy: "key" })).toContain(
      "It was cancelled while it was running.",
    );
  });

  test("tells who was lost for good, came back more than once, or was sent out", () => {
    const visits = [
      visit("ada", "10:00", "10:10", "lost"),
      visit("ada", "10:11", "10:20", "lost"),
      visit("ada", "10:21", "10:44"),
      visit("maya", "10:00", "10:20", "lost"),
      visit("gus", "10:00", "10:05", "removed"),
    ];
    const text = textOf({ visits });
    expect(text).toContain("in 3 visits, and lost the connection twice and came back each time.");
    expect(text).toContain("was there for 20 minutes, and lost the connection and did not come back.");
    expect(text).toContain("was there for 5 minutes, and was removed from the room.");
  });

  test("does not take people for absent from a session that was held elsewhere", () => {
    const elsewhere = factsOf({
      heldIn: "in_person",
      closedBy: "system",
      session: { ...session, startedAt: null, endReason: "time_over" },
    });
    expect(countSummary(elsewhere).absent).toEqual([]);
    expect(describeSummary(elsewhere, null).text).toBe(
      "The session was planned for 7 January 2030, 10:00 to 10:45 UTC. It was held in person.",
    );
  });

  test("names a dozen people in its words and in the room's event, and counts them all", () => {
    const guests = Array.from({ length: 30 }, (_, index) => ({
      ...visit("gus", "10:10", "10:20"),
      participantId: `gus-${index}`,
      name: "G".repeat(200),
    }));
    const facts = factsOf({ visits: [...guests, ...bothThere] });
    const words = describeSummary(facts, null);
    expect(words.markdown.match(/^- /gm)).toHaveLength(maxNamed + 1);
    expect(words.text).toContain("20 more people came.");
    expect(words.text).toContain(`${"G".repeat(79)}… (guest)`);
    const summary: Summary = toSummary(
      { sessionId: "s", generatedAt: at("10:45") },
      countSummary(facts),
      words,
    );
    expect(summary.participants).toHaveLength(32);
    const short = shortenSummary(summary);
    expect(short.participants.map(({ role }) => role).slice(0, 3)).toEqual(["coach", "client", "guest"]);
    expect([short.participants.length, short.attendeeCount]).toEqual([maxNamed, 32]);
  });

  test("is there of what closed, but for what was cancelled before it began", () => {
    const of = (status: Session["status"], startedAt: Date | null) => hasSummary({ status, startedAt });
    expect([of("completed", null), of("no_show", null), of("cancelled", at("10:00"))]).toEqual([
      true,
      true,
      true,
    ]);
    expect([of("cancelled", null), of("scheduled", null), of("in_progress", at("10:00"))]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe("a model's words", () => {
  const facts = factsOf({ visits: bothThere });
  const own = describeSummary(facts, null);

  test("stand behind the plain sentences, and are said to be a model's", () => {
    const words = describeSummary(facts, "They spoke of the exam.\nMaya will write *two* pages.");
    const note = "Written by a model from the chat and the notes; it may be wrong.";
    expect(words.text).toBe(
      `${own.text}\n\n${note}\n\nThey spoke of the exam.\n\nMaya will write *two* pages.`,
    );
    expect(words.markdown).toBe(
      `${own.markdown}\n\n## From the chat and the notes\n\n*${note}*\n\n` +
        "They spoke of the exam\\.\n\nMaya will write \\*two\\* pages\\.",
    );
    expect(words.modelText).toBe("They spoke of the exam.\nMaya will write *two* pages.");
  });

  test("make no markup", () => {
    const { markdown } = describeSummary(facts, "# Hi\n<script>alert(1)</script>\n![x](http://x.example/y)");
    const [, written = ""] = markdown.split("*\n\n");
    expect(written.replaceAll("\u2060", "")).toBe(
      String.raw`\# Hi` +
        "\n\n" +
        String.raw`\<script\>alert\(1\)\<\/script\>` +
        "\n\n" +
        String.raw`\!\[x\]\(http\:\/\/x\.example\/y\)`,
    );
  });
});
