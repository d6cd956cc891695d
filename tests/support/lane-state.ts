import type { BookingRecord } from "../../src/domain/booking.ts";
import { decide } from "../../src/domain/lane/decide.ts";
import type { LaneCaller, LaneRequest } from "../../src/domain/lane/request.ts";
import type { LaneCoach, LaneState } from "../../src/domain/lane/state.ts";

/** A lane's world for decisions in memory: one coach who can be booked at any time, and three clients. */
export const laneState = (input: Partial<LaneState> & { coach?: Partial<LaneCoach> } = {}): LaneState => {
  const { coach = {}, ...rest } = input;
  const now = new Date("2030-01-07T08:00:00Z");
  return {
    now,
    coaches: new Map([
      [
        "ada",
        {
          coach: { id: "ada", active: true, timeZone: "UTC", dailyLimit: null },
          windows: null,
          busy: { starts: [], ends: [] },
          claims: [],
          offersTypes: false,
          ...coach,
        },
      ],
    ]),
    pools: new Map(),
    types: new Map(),
    clients: new Map(
      ["maya", "noah", "ines"].map((id) => [
        id,
        {
          openHolds: 0,
          client: {
            id,
            name: id,
            email: `${id}@example.com`,
            externalId: null,
            timeZone: "UTC",
            version: 1,
            createdAt: now,
            updatedAt: now,
          },
        },
      ]),
    ),
    holds: new Map(),
    bookings: new Map<string, BookingRecord>(),
    sessions: new Map(),
    ...rest,
  };
};

const adminCaller: LaneCaller = {
  actor: { type: "key", id: "k" },
  name: "key:k",
  isClient: false,
};
let made = 0;

/** Decides one request; ids are `id-1`, `id-2` and so on. */
export const decideOn = <R extends LaneRequest>(
  state: LaneState,
  request: R,
  { caller = adminCaller, ifVersion }: { caller?: LaneCaller; ifVersion?: number } = {},
) => decide<R>({ state, request, caller, ifVersion, newId: () => `id-${++made}` });
