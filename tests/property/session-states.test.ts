import fc from "fast-check";
import { expect, test } from "vitest";
import { type SessionStatus, type Transition, isClosed, nextStatus } from "../../src/domain/session.ts";

const transition = fc.constantFrom<Transition>("start", "end", "complete", "cancel", "no_show");

test("whatever is tried, a closed session stays as it is and one in progress was scheduled before", () => {
  fc.assert(
    fc.property(fc.array(transition, { maxLength: 20 }), (tries) => {
      const history: SessionStatus[] = ["scheduled"];
      for (const tried of tries) {
        const status = history.at(-1) ?? "scheduled";
        let next: SessionStatus | null = null;
        try {
          next = nextStatus(status, tried);
        } catch (error) {
          expect(error).toMatchObject({ code: "invalid_state", facts: { state: status } });
        }
        if (isClosed(status)) expect(next).toBeNull();
        if (tried === "end") expect(next !== null).toBe(status === "in_progress");
        if (next) history.push(next);
      }
      expect(new Set(history).size).toBe(history.length);
      expect(history.filter((status) => isClosed(status)).length).toBeLessThanOrEqual(1);
    }),
  );
});
