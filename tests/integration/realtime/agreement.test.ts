import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DurableEvent, Snapshot } from "../../../src/client/protocol.ts";
import {
  type Passing,
  type RoomState,
  applyDurable,
  applyPassing,
  isPassingName,
  stateOf,
} from "../../../src/client/room-state.ts";
import type { Publisher } from "../../../src/coordination/publisher.ts";
import type { Ack, LiveClient } from "../../support/live-client.ts";
import { type OpenRoom, type RoomWorld, createRoomWorld, openRoom } from "../../support/room.ts";
import { waitFor } from "../../support/wait.ts";

/** The room as whoever applies what they heard to what they were shown has it: by the client's own rules. */
const applyAll = (joined: Ack, heard: LiveClient["heard"]): { seq: number; state: RoomState } => {
  let seq = joined["seq"] as number;
  let state = stateOf(joined as unknown as Snapshot);
  for (const { name, payload } of heard) {
    if (isPassingName(name)) {
      state = applyPassing(state, { name, payload } as Passing);
    } else if ("seq" in payload && (payload["seq"] as number) > seq) {
      seq = payload["seq"] as number;
      state = applyDurable(state, payload as DurableEvent);
    }
  }
  return { seq, state };
};

const peopleOf = ({ participants }: RoomState) =>
  [...participants.values()].toSorted((a, b) => (a.participantId < b.participantId ? -1 : 1));

/** Every second hint is lost, whatever it is about. */
const lossy = (publisher: Publisher): Publisher => {
  let told = 0;
  const passes = (): boolean => told++ % 2 === 0;
  return {
    ...publisher,
    publishRoomNews: (news) => void (passes() && publisher.publishRoomNews(news)),
    publishPresenceNews: (place) => void (passes() && publisher.publishPresenceNews(place)),
  };
};

const step = fc.record({
  who: fc.constantFrom<"coach" | "client">("coach", "client"),
  does: fc.constantFrom("join", "join", "drop", "leave", "show", "speak"),
});

describe.each([
  [1, "none", 12],
  [2, "none", 12],
  // What is lost is made good with the next comparison, seconds later: fewer runs.
  [2, "half", 4],
] as const)("on %i node(s), with %s of the hints lost", (nodeCount, lost, numRuns) => {
  let rooms: RoomWorld;

  beforeAll(async () => {
    rooms = await createRoomWorld(nodeCount, { AUTO_START: "manual" });
    if (lost === "half") for (const { app } of rooms.nodes) app.publisher = lossy(app.publisher);
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
    timeout: 120_000,
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
            watchers.push(other);
            const shown = await other.ask("session:join", { sessionId: room.session.id });
            const isThere = () => eve.heard.some(({ payload }) => payload["seq"] === shown["seq"]);
            await waitFor(isThere, { what: "all of it" });
            const mine = applyAll(joined, eve.heard);
            if (mine.seq !== shown["seq"]) return false;
            const [own, theirs] = [peopleOf(mine.state), peopleOf(stateOf(shown as unknown as Snapshot))];
            // Somebody's grace may be over in between; what is wrong stays wrong.
            if (watchers.length > 40) expect(own).toEqual(theirs);
            return JSON.stringify(own) === JSON.stringify(theirs);
          },
          { what: "both to agree", timeoutMs: 30_000 },
        );
        for (const one of [...watchers, ...own.coach, ...own.client]) one.close();
      }),
      { numRuns },
    );
  });
});

test("a change of presence that no node hears of is told all the same, with the next comparison", async () => {
  const rooms = await createRoomWorld(2, { LEAVE_GRACE_SECONDS: "60" });
  try {
    const room = await openRoom(rooms);
    const { id: sessionId } = room.session;
    const ada = await room.connect("coach");
    await ada.ask("session:join", { sessionId });
    const [phone, laptop] = [await room.connect("client"), await room.connect("client")];
    for (const one of [phone, laptop]) await one.ask("session:join", { sessionId });
    await ada.next("presence:changed", ({ connections }) => connections === 2);
    for (const { app } of rooms.nodes) app.publisher = { ...app.publisher, publishPresenceNews: () => {} };
    await laptop.ask("participant:update", { sessionId, state: { hand: true } });
    phone.close();
    await ada.next("presence:changed", ({ connections }) => connections === 1);
    expect(await ada.next("participant:updated")).toMatchObject({ state: { hand: true } });
    laptop.close();
    await ada.next("presence:changed", ({ status }) => status === "reconnecting");
    ada.close();
  } finally {
    await rooms.close();
  }
});
