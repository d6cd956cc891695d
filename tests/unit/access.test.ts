import { describe, expect, test } from "vitest";
import { type Operation, authorise, requireCreator } from "../../src/domain/access.ts";
import type { KeyScope, Principal } from "../../src/domain/principal.ts";

const key = (scope: KeyScope): Principal => ({ kind: "key", id: "k", name: "k", scope });
const user = (role: "coach" | "client" | "admin", id: string): Principal => ({
  kind: "user",
  role,
  id,
  name: null,
});
const ticket = (role: "coach" | "guest", sessionId: string): Principal => ({
  kind: "ticket",
  sessionId,
  participantId: "p",
  role,
  name: "P",
});

const owners = { coachId: "coach", clientId: "client", sessionId: "session" };
const outcome = (principal: Principal, operation: Operation): string => {
  try {
    authorise(principal, operation, { what: "session", owners });
    return "yes";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("the ownership table", () => {
  test.each<[string, Principal, Partial<Record<Operation, string>>]>([
    ["an admin key", key("admin"), { "session.read": "yes", "session.end": "yes", "booking.cancel": "yes" }],
    [
      "an admin",
      user("admin", "x"),
      { "session.read": "yes", "session.end": "yes", "booking.create": "yes" },
    ],
    [
      "a bookings key",
      key("bookings"),
      { "session.read": "yes", "session.end": "yes", "booking.create": "yes" },
    ],
    [
      "a read key",
      key("read"),
      {
        "session.read": "yes",
        "session.start": "forbidden",
        "booking.create": "forbidden",
        "session.join": "forbidden",
      },
    ],
    ["the session's coach", user("coach", "coach"), { "session.read": "yes", "session.end": "yes" }],
    [
      "the session's client",
      user("client", "client"),
      { "session.read": "yes", "session.start": "yes", "session.end": "forbidden" },
    ],
    ["another coach", user("coach", "other"), { "session.read": "not_found", "session.end": "not_found" }],
    [
      "another client",
      user("client", "other"),
      { "session.read": "not_found", "booking.cancel": "not_found" },
    ],
    ["a client with the coach's id", user("client", "coach"), { "session.read": "not_found" }],
    ["the coach's ticket", ticket("coach", "session"), { "session.end": "yes" }],
    ["a guest's ticket", ticket("guest", "session"), { "session.read": "yes", "session.end": "forbidden" }],
    ["a ticket for another room", ticket("coach", "other"), { "session.read": "not_found" }],
  ])("answers %s", (_, principal, expected) => {
    for (const [operation, answer] of Object.entries(expected)) {
      expect([operation, outcome(principal, operation as Operation)]).toEqual([operation, answer]);
    }
  });

  test("lets keys of scope bookings make clients and nobody but admins make coaches", () => {
    expect(() => requireCreator(key("bookings"), "client.create")).not.toThrow();
    expect(() => requireCreator(key("bookings"), "coach.create")).toThrowError(
      expect.objectContaining({ code: "forbidden" }),
    );
    expect(() => requireCreator(user("coach", "coach"), "coach.create")).toThrow("administrator");
    expect(() => requireCreator(user("admin", "x"), "coach.create")).not.toThrow();
  });
});
