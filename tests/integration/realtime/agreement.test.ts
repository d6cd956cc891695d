import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyRoomEvent } from "../../../src/domain/room/state.ts";
import type { Participant, RoomEvent } from "../../../src/domain/room.ts";
import type { Session } from "../../../src/domain/session.ts";
import type { Ack, LiveClient } from "../../support/live-client.ts";
import { type OpenRoom, type RoomWorld, createRoomWorld, openRoom } from "../../support/room.ts";
import { waitFor } from "../../support/wait.ts";

type Seen = { seq: number; participants: Map<string, Participant> };

const snapshotOf = (joined: Ack): Seen => ({
  seq: joined["seq"] as number,
  participants: new Map(
    (joined["participants"] as Participant[]).map((one) => [
      one.participantId,
      { ...one, joinedAt: new Date(one.joinedAt) },
    ]),
  ),
});

/** The room as whoever applies what they heard to a snapshot has it. */
const applyAll = (from: Seen, joined: Ack, heard: LiveClient["heard"]): Seen => {
  let state = { ...from, session: joined["session"] as Session };
  for (const { name, payload } of heard) {
    if ("seq" in payload) {
      if ((payload["seq"] as number) > state.seq)
        state = { ...applyRoomEvent(state, payload as RoomEvent), session: state.session } as typeof state;
      continue;
    }
    const {
      participantId,
      sessionId: _sessionId,
      ...change
    } = payload as Participant & { sessionId: string };
    const known = state.participants.get(participantId);
    if (known && (name === "presence:changed" || name === "participant:updated"))
      state.participants = new Map(state.participants).set(participantId, { ...known, ...change });
  }
  return { seq: state.seq, participants: new Map(state.participants) };
};

const step = fc.record({
  who: fc.constantFrom<"coach" | "client">("coach", "client"),
  does: fc.constantFrom("join", "join", "drop", "leave", "show", "speak"),
});

describe.each([1, 2] as const)("on %i node(s)", (nodeCount) => {
  let rooms: RoomWorld;

  beforeAll(async () => {
    rooms = await createRoomWorld(nodeCount, { AUTO_START: "manual" });
  });

  afterAll(() => rooms.close());

  /** Does what is asked with the person's newest connection. */
  const act = async (
    room: OpenRoom,
    own: LiveClient[],
    { who, does }: { who: "coach" | "client"; does: string },
  ) => {
    const { id: sessionId } = room.session;
    if (does === "join") {
      const one = await room.connect(who);
      own.push(one);
      await one.ask("session:join", { sessionId });
      return;
    }
    const last = own.at(-1);
    if (!last) return;
    if (does === "speak")
      await last.ask("message:send", { sessionId, text: "x", clientMessageId: crypto.randomUUID() });
    if (does === "show") await last.ask("participant:update", { sessionId, state: { n: Math.random() } });
    if (does === "leave") await last.ask("session:leave", { sessionId });
    if (does === "drop") {
      own.pop();
      last.close();
    }
  };

  test("what one hears, applied to what one was shown, is what the next is shown", {
    timeout: 90_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), async (steps) => {
        const room = await openRoom(rooms);
        const watchers = [await room.connectWith({ role: "observer", name: "Eve" })];
        const [eve] = watchers;
        if (!eve) throw new Error("nobody watches");
        const joined = await eve.ask("session:join", { sessionId: room.session.id });
        const own = { coach: [] as LiveClient[], client: [] as LiveClient[] };
        // Both at once, each in their own order.
        await Promise.all(
          (["coach", "client"] as const).map(async (who) => {
            for (const one of steps.filter((each) => each.who === who)) await act(room, own[who], one);
          }),
        );
        await waitFor(
          async () => {
            const other = await room.connectWith({ role: "observer", name: "Eve's twin" });
            const shown = snapshotOf(await other.ask("session:join", { sessionId: room.session.id }));
            watchers.push(other);
            await waitFor(() => eve.heard.some(({ payload }) => payload["seq"] === shown.seq), {
              what: "all of it",
            });
            const mine = applyAll(snapshotOf(joined), joined, eve.heard);
            if (mine.seq !== shown.seq) return false;
            const isSame = JSON.stringify(sorted(mine)) === JSON.stringify(sorted(shown));
            // Somebody's grace may be over in between; what is wrong stays wrong.
            if (!isSame && watchers.length > 4) expect(sorted(mine)).toEqual(sorted(shown));
            return isSame;
          },
          { what: "both to agree", timeoutMs: 10_000 },
        );
        for (const one of [...watchers, ...own.coach, ...own.client]) one.close();
      }),
      { numRuns: 12 },
    );
  });
});

const sorted = ({ participants }: Seen) =>
  [...participants.values()].toSorted((a, b) => (a.participantId < b.participantId ? -1 : 1));
