import fc from "fast-check";
import { expect, test } from "vitest";
import { type Claim, decideBooking } from "../../src/domain/booking.ts";

const minute = 60_000;
const origin = Date.UTC(2030, 0, 1);

const slot = fc
  .record({ start: fc.integer({ min: 0, max: 200 }), length: fc.integer({ min: 1, max: 60 }) })
  .map(({ start, length }) => ({
    start: new Date(origin + start * minute),
    end: new Date(origin + (start + length) * minute),
  }));
const request = fc.record({ clientId: fc.constantFrom("a", "b", "c"), period: slot });

test("however requests come, what is accepted never overlaps, and what is refused as taken does", () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 40 }), (requests) => {
      const claims: Claim[] = [];
      for (const [index, asked] of requests.entries()) {
        const decision = decideBooking({ active: true, claims }, asked, new Date(origin));
        const minutesTaken = claims.some(
          ({ period }) => period.start < asked.period.end && asked.period.start < period.end,
        );
        if (decision.outcome === "accept") {
          expect(minutesTaken).toBe(false);
          claims.push({ period: asked.period, booking: { id: String(index), ...asked } });
        } else {
          expect(minutesTaken).toBe(true);
        }
        if (decision.outcome === "existing") {
          expect(requests[Number(decision.bookingId)]).toEqual(asked);
        }
      }
    }),
  );
});
