import { describe, expect, test } from "vitest";
import type { Visit } from "../../src/domain/room.ts";
import type { Session } from "../../src/domain/session.ts";
import { summarise } from "../../src/domain/summary.ts";

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

const visit = (who: "ada" | "maya", from: string, to: string | null): Visit => ({
  sessionId: "s",
  participantId: who,
  role: who === "ada" ? "coach" : "client",
  name: who === "ada" ? "Ada" : "Maya",
  joinedAt: at(from),
  leftAt: to === null ? null : at(to),
  leftReason: to === null ? null : "left",
});

describe("a summary", () => {
  test("tells who was there, for how long, how late it began and how much was said", () => {
    const visits = [
      visit("maya", "10:03", "10:20"),
      visit("ada", "10:00", "10:44"),
      visit("maya", "10:24", "10:44"),
    ];
    const summary = summarise({ session, visits, messageCount: 2 }, at("10:45"));
    expect(summary).toMatchObject({ durationMinutes: 41, scheduledMinutes: 45, startedLateMinutes: 3 });
    expect(summary.participants).toMatchObject([
      { participantId: "ada", minutesPresent: 44, visits: 1 },
      {
        participantId: "maya",
        minutesPresent: 37,
        visits: 2,
        firstJoinedAt: at("10:03"),
        lastLeftAt: at("10:44"),
      },
    ]);
    expect(summary.text).toBe(
      "The session lasted 41 minutes of 45 planned and started 3 minutes late. " +
        "Ada (coach) was there for 44 minutes. Maya (client) was there for 37 minutes, in 2 visits. " +
        "2 messages were sent.",
    );
  });

  test("counts visits that overlap once, and one still open until the end", () => {
    const visits = [
      visit("maya", "10:05", "10:20"),
      visit("maya", "10:10", "10:15"),
      visit("maya", "10:30", null),
    ];
    const [maya] = summarise({ session, visits, messageCount: 0 }, at("10:45")).participants;
    expect(maya).toMatchObject({ minutesPresent: 15 + 14, lastLeftAt: null });
  });

  test("says so when somebody or everybody stayed away", () => {
    const alone = summarise(
      { session, visits: [visit("ada", "10:00", "10:44")], messageCount: 1 },
      at("10:45"),
    );
    expect(alone.text).toContain("The client did not come.");
    expect(alone.text).toContain("1 message was sent.");
    const unstarted = { ...session, startedAt: null, status: "no_show" as const };
    expect(summarise({ session: unstarted, visits: [], messageCount: 0 }, at("10:45")).text).toBe(
      "The session, planned for 45 minutes, did not start. Nobody joined the room. No messages were sent.",
    );
  });
});
