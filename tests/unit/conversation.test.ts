import { describe, expect, test } from "vitest";
import { maxConversationBytes, maxRemarkLength, toConversation } from "../../src/domain/conversation.ts";
import type { ParticipantRole } from "../../src/domain/principal.ts";
import type { Visit } from "../../src/domain/room.ts";

const visit = (participantId: string, role: ParticipantRole, minute: number): Visit => ({
  sessionId: "s",
  participantId,
  role,
  name: `Name of ${participantId}`,
  joinedAt: new Date(Date.UTC(2030, 0, 7, 10, minute)),
  leftAt: null,
  leftReason: null,
});

describe("what a model is shown of a session", () => {
  test("names people by their roles, guests in the order in which they came", () => {
    const visits = [
      visit("gil", "guest", 9),
      visit("ada", "coach", 0),
      visit("gus", "guest", 5),
      visit("maya", "client", 1),
      visit("gus", "guest", 12),
      visit("oda", "observer", 3),
    ];
    const remarks = ["ada", "maya", "gus", "gil", "oda", "nobody"].map((participantId) => ({
      participantId,
      text: "Hi",
    }));
    const conversation = toConversation({ notes: "Exam", visits, remarks, messageCount: 6 });
    expect(conversation?.messages.map(({ from }) => from)).toEqual([
      "coach",
      "client",
      "guest 1",
      "guest 2",
      "observer 1",
      "other",
    ]);
    expect(conversation).toMatchObject({ notes: null, earlierMessages: 0 });
    expect(JSON.stringify(conversation)).not.toMatch(/Name of|ada|maya/);
  });

  test.each([
    ["coach and client", [], "Exam"],
    ["coach, client and a guest", [visit("gus", "guest", 2)], null],
    ["coach, client and an observer", [visit("oda", "observer", 2)], null],
  ])("has the notes only where nobody else was told what is made of them: %s", (_, others, notes) => {
    const visits = [visit("ada", "coach", 0), visit("maya", "client", 1), ...others];
    const remarks = [{ participantId: "ada", text: "Hi" }];
    expect(toConversation({ notes: "Exam", visits, remarks, messageCount: 1 })?.notes).toBe(notes);
    expect(toConversation({ notes: "Exam", visits, remarks: [], messageCount: 0 })?.notes).toBe(
      notes ?? undefined,
    );
  });

  test("is the end of what was said when there was more, and says how much is missing", () => {
    const remarks = Array.from({ length: 400 }, (_, index) => ({
      participantId: "ada",
      text: `${index} ${"\n".repeat(200)}`,
    }));
    const conversation = toConversation({
      notes: null,
      visits: [visit("ada", "coach", 0)],
      remarks,
      messageCount: 1_000,
    });
    const messages = conversation?.messages ?? [];
    expect(Buffer.byteLength(JSON.stringify(messages))).toBeLessThanOrEqual(maxConversationBytes + 2);
    expect(messages.length).toBeGreaterThan(40);
    expect(messages.at(-1)?.text).toMatch(/^399 /);
    expect(conversation?.earlierMessages).toBe(1_000 - messages.length);
  });

  test("has the beginning of a message that is too long, with no character cut in two", () => {
    const text = `${"x".repeat(maxRemarkLength - 1)}😀`;
    const conversation = toConversation({
      notes: null,
      visits: [],
      remarks: [{ participantId: "ada", text }],
      messageCount: 1,
    });
    expect(conversation?.messages[0]?.text).toBe(`${"x".repeat(maxRemarkLength - 1)} […]`);
  });

  test("is nothing where nothing was written", () => {
    expect(toConversation({ notes: null, visits: [], remarks: [], messageCount: 0 })).toBeNull();
  });
});
