import { describe, expect, test } from "vitest";
import { type Evidence, judge } from "../../src/domain/session/judge.ts";

/** Minutes from the start of a session that is planned for an hour. */
const at = (minutes: number): Date => new Date(Date.UTC(2030, 0, 7, 10) + minutes * 60_000);

type Visit = Evidence["visits"][number];

/** From when to when somebody was there; without an end they still are. */
const visit = (
  role: Visit["role"],
  from: number,
  until: number | null = null,
  leftReason: Visit["leftReason"] = until === null ? null : "left",
): Visit => ({ role, joinedAt: at(from), leftAt: until === null ? null : at(until), leftReason });

const timers = { emptyRoomMinutes: 15, maxOverrunMinutes: 30, noShowMinutes: 15, joinEarlyMinutes: 15 };

const evidence = (
  startedAt: number | null,
  visits: readonly Visit[] = [],
  over: Partial<Evidence> = {},
): Evidence => ({
  session: {
    status: startedAt === null ? "scheduled" : "in_progress",
    startsAt: at(0),
    endsAt: at(60),
    startedAt: startedAt === null ? null : at(startedAt),
  },
  location: "room",
  visits,
  timers,
  ...over,
});

/** The verdict a day later, with the minute from which on it is the verdict. */
const judged = (facts: Evidence) => {
  const verdict = judge(facts, at(24 * 60));
  if (!verdict) return null;
  expect(judge(facts, new Date(verdict.at.getTime() - 1))).toBeNull();
  expect(judge(facts, verdict.at)).toEqual(verdict);
  const minute = (verdict.at.getTime() - at(0).getTime()) / 60_000;
  return [verdict.outcome, verdict.absent, verdict.reason, minute];
};

describe("a scheduled session", () => {
  test("is a no-show some minutes after its start when a side has not come, and says who", () => {
    expect(judged(evidence(null))).toEqual(["no_show", "both", "no_show", 15]);
    expect(judged(evidence(null, [visit("client", -5)]))).toEqual(["no_show", "coach", "no_show", 15]);
    expect(judged(evidence(null, [visit("coach", -5, 3)]))).toEqual(["no_show", "client", "no_show", 15]);
    expect(judged(evidence(null, [visit("guest", 0), visit("observer", 0)]))).toEqual([
      "no_show",
      "both",
      "no_show",
      15,
    ]);
  });

  test("is none when both have come, and is judged by attendance once it is long over", () => {
    const together = [visit("coach", -5), visit("client", 2)];
    expect(judged(evidence(null, together))).toEqual(["completed", null, "overrun", 90]);
    const apart = [visit("coach", -5, 10), visit("client", 12, 20)];
    expect(judged(evidence(null, apart))).toEqual(["no_show", "both", "overrun", 90]);
  });

  test("that was moved is not judged by who came to the time before", () => {
    const earlier = [visit("coach", -600, -540), visit("client", 0)];
    expect(judged(evidence(null, earlier))).toEqual(["no_show", "coach", "no_show", 15]);
  });

  test("is closed no earlier than the last of what people did in its room", () => {
    expect(judged(evidence(null, [visit("client", 40, 50)]))).toEqual(["no_show", "coach", "no_show", 50]);
    // When the hub came back after a downtime says nothing of when they went.
    expect(judged(evidence(null, [visit("client", -5, 900, "lost")]))).toEqual([
      "no_show",
      "coach",
      "no_show",
      15,
    ]);
  });
});

describe("a session in progress", () => {
  const met = [visit("coach", 0, 20), visit("client", 0, 25)];

  test("ends once its room has been empty for some minutes, at once where that is past its end", () => {
    expect(judged(evidence(0, met))).toEqual(["completed", null, "empty_room", 40]);
    const toTheEnd = [visit("coach", 0, 50), visit("client", 0, 55)];
    expect(judged(evidence(0, toTheEnd))).toEqual(["completed", null, "empty_room", 60]);
    const longer = [visit("coach", 0, 70), visit("client", 0, 72)];
    expect(judged(evidence(0, longer))).toEqual(["completed", null, "empty_room", 72]);
  });

  test("goes on while anybody is there, and again when somebody has come back", () => {
    expect(judged(evidence(0, [...met, visit("guest", 10)]))).toEqual(["completed", null, "overrun", 90]);
    expect(judged(evidence(0, [...met, visit("coach", 45)]))).toEqual(["completed", null, "overrun", 90]);
  });

  test("ends after the longest overrun whoever is there", () => {
    expect(judged(evidence(0, [visit("coach", 0), visit("client", 0)]))).toEqual([
      "completed",
      null,
      "overrun",
      90,
    ]);
    // Those whom a downtime kept from leaving are taken to have gone by then.
    const lost = [visit("coach", 0, 1000, "lost"), visit("client", 0, 1000, "lost")];
    expect(judged(evidence(0, lost))).toEqual(["completed", null, "overrun", 90]);
  });

  test("is a no-show of the side that was not there for a minute with the other", () => {
    expect(judged(evidence(0, [visit("coach", 0, 30)]))).toEqual(["no_show", "client", "empty_room", 45]);
    expect(judged(evidence(0, [visit("coach", 0, 30), visit("client", 5, 5.5)]))).toEqual([
      "no_show",
      "client",
      "empty_room",
      45,
    ]);
    expect(judged(evidence(0, [visit("coach", 3, 3.9), visit("client", 0, 80)]))).toEqual([
      "no_show",
      "coach",
      "empty_room",
      80,
    ]);
    expect(judged(evidence(0, [visit("coach", 0, 10), visit("client", 12, 20)]))).toEqual([
      "no_show",
      "both",
      "empty_room",
      35,
    ]);
    expect(judged(evidence(0))).toEqual(["no_show", "both", "empty_room", 15]);
  });

  test("is completed with a minute together, to the millisecond and on however many visits", () => {
    const inPieces = [visit("coach", 0, 20), visit("client", 1, 1.5), visit("client", 10, 10.5)];
    expect(judged(evidence(0, inPieces))?.[0]).toBe("completed");
    const almost = [visit("coach", 0, 20), visit("client", 1, 2 - 1 / 60_000)];
    expect(judged(evidence(0, almost))?.[0]).toBe("no_show");
  });

  test("that was started before its time is no no-show before its time", () => {
    expect(judged(evidence(-600))).toEqual(["no_show", "both", "empty_room", 15]);
    const early = [visit("coach", -590, -580), visit("client", -590, -580)];
    expect(judged(evidence(-600, early))).toEqual(["completed", null, "empty_room", -565]);
  });

  test("that was started after it was long over ends no earlier than that", () => {
    expect(judged(evidence(200))).toEqual(["no_show", "both", "overrun", 200]);
  });
});

test.each(["url", "in_person"] as const)("a session held at %s is completed at its end", (location) => {
  for (const visits of [[], [visit("coach", 0)], [visit("coach", 0, 5), visit("client", 10, 11)]]) {
    expect(judged(evidence(null, visits, { location }))).toEqual(["completed", null, "time_over", 60]);
    expect(judged(evidence(5, visits, { location }))).toEqual(["completed", null, "time_over", 60]);
  }
});

test("a type's own timers are what counts", () => {
  const own = { emptyRoomMinutes: 3, maxOverrunMinutes: 0, noShowMinutes: 40, joinEarlyMinutes: 15 };
  const met = [visit("coach", 0, 20), visit("client", 0, 25)];
  expect(judged(evidence(0, met, { timers: own }))?.[3]).toBe(28);
  expect(judged(evidence(0, [visit("coach", 0)], { timers: own }))?.[3]).toBe(60);
  expect(judged(evidence(null, [], { timers: own }))?.[3]).toBe(40);
});

test.each(["completed", "cancelled", "no_show"] as const)("one that is %s is not judged again", (status) => {
  const { session } = evidence(0);
  expect(judge(evidence(0, [], { session: { ...session, status } }), at(10_000))).toBeNull();
});
