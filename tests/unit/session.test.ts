import { describe, expect, test } from "vitest";
import { assertJoinable, startsByItself } from "../../src/domain/session.ts";

const startsAt = new Date("2030-01-07T10:00:00Z");
const at = (text: string): Date => new Date(`2030-01-07T${text}Z`);

describe("joining", () => {
  test("opens some minutes before the start, to the millisecond", () => {
    const session = { status: "scheduled", startsAt } as const;
    expect(() => assertJoinable(session, 15, at("09:45:00.000"))).not.toThrow();
    expect(() => assertJoinable(session, 15, at("09:44:59.999"))).toThrowError(
      expect.objectContaining({ code: "too_early", facts: { retryAfterMs: 1 } }),
    );
  });

  test("stays open while the session is in progress, also when it was started early", () => {
    expect(() => assertJoinable({ status: "in_progress", startsAt }, 15, at("08:00:00"))).not.toThrow();
  });

  test.each(["completed", "cancelled", "no_show"] as const)("is refused once the session is %s", (status) => {
    expect(() => assertJoinable({ status, startsAt }, 15, startsAt)).toThrowError(
      expect.objectContaining({ code: "session_closed" }),
    );
  });
});

describe("starting by itself", () => {
  const scheduled = { status: "scheduled" } as const;

  test("needs coach and client", () => {
    expect(startsByItself(scheduled, ["coach", "client"], "both_present")).toBe(true);
    expect(startsByItself(scheduled, ["coach", "guest", "observer"], "both_present")).toBe(false);
    expect(startsByItself(scheduled, ["client"], "both_present")).toBe(false);
  });

  test("happens neither twice nor where it is manual", () => {
    expect(startsByItself({ status: "in_progress" }, ["coach", "client"], "both_present")).toBe(false);
    expect(startsByItself(scheduled, ["coach", "client"], "manual")).toBe(false);
  });
});
