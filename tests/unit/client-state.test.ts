import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DurableEvent, PassingEvents, RoomSnapshot } from "../../src/client/protocol.ts";
import {
  type Passing,
  type RoomState,
  applyDurable,
  applyPassing,
  stateOf,
} from "../../src/client/room-state.ts";
import { RoomView } from "../../src/client/room-view.ts";
import { maxQueuedEvents } from "../../src/client/event-queue.ts";
import { aMessage, aPerson, aSession, sessionId } from "../support/scripted-hub.ts";

const at = "2030-01-01T10:00:00.000Z";
const durable = <T extends DurableEvent["type"]>(seq: number, type: T, data: unknown): DurableEvent =>
  ({ ...aMessage(seq), type, data }) as DurableEvent;
const joined = (participantId: string, seq = 1): DurableEvent =>
  durable(seq, "participant:joined", { participantId, role: "client", name: participantId, joinedAt: at });
const left = (participantId: string, seq = 1): DurableEvent =>
  durable(seq, "participant:left", { participantId, reason: "left", leftAt: at });
const passing = <T extends keyof PassingEvents>(name: T, payload: object): Passing =>
  ({ name, payload: { sessionId, ...payload } }) as Passing;
const roomOf = (...people: string[]): RoomState =>
  stateOf({ session: aSession(), participants: people.map((id) => aPerson(id)) });
const namesIn = (state: RoomState): string[] => [...state.participants.keys()];

describe("a room's state follows from its snapshot and events", () => {
  test("who joins is there, connected once, with nothing set; who leaves is gone", () => {
    const arrived = applyDurable(roomOf("ada"), joined("maya"));
    expect(arrived.participants.get("maya")).toEqual(
      aPerson("maya", { connections: 1, status: "connected", state: {} }),
    );
    expect(namesIn(applyDurable(arrived, left("ada")))).toEqual(["maya"]);
  });

  test("presence and state change the one they name, and nobody for one who is not there", () => {
    const state = roomOf("ada", "maya");
    const away = applyPassing(
      state,
      passing("presence:changed", { participantId: "maya", status: "reconnecting", connections: 0 }),
    );
    expect(away.participants.get("maya")).toMatchObject({ status: "reconnecting", connections: 0 });
    const raised = applyPassing(
      away,
      passing("participant:updated", { participantId: "ada", state: { hand: true } }),
    );
    expect(raised.participants.get("ada")?.state).toEqual({ hand: true });
    expect(raised.participants.get("maya")?.status).toBe("reconnecting");
    for (const name of ["presence:changed", "participant:updated"] as const) {
      expect(applyPassing(state, passing(name, { participantId: "eve", state: {} }))).toBe(state);
    }
    expect(applyDurable(state, left("eve"))).toBe(state);
  });

  test("every event with a session replaces it, also of a type that is not known yet", () => {
    const session = aSession({ status: "in_progress", version: 2 });
    expect(applyDurable(roomOf(), durable(1, "session:started", { session })).session).toBe(session);
    const unknown = durable(1, "session:transferred" as "session:started", { session });
    expect(applyDurable(roomOf(), unknown).session).toBe(session);
    const state = roomOf("ada");
    expect(applyDurable(state, aMessage(1))).toBe(state);
  });

  test("those who wait come and go", () => {
    const one = applyPassing(
      roomOf(),
      passing("participant:waiting", { participantId: "gus", name: "Gus", waiting: true }),
    );
    expect([...one.waiting.values()]).toEqual([{ participantId: "gus", name: "Gus" }]);
    const none = applyPassing(
      one,
      passing("participant:waiting", { participantId: "gus", name: "Gus", waiting: false }),
    );
    expect(none.waiting.size).toBe(0);
  });

  test("no state is changed in place: what was handed out stays as it was", () => {
    const before = roomOf("ada");
    const frozen = structuredClone([...before.participants]);
    applyDurable(before, joined("maya"));
    applyPassing(before, passing("participant:updated", { participantId: "ada", state: { hand: true } }));
    expect([...before.participants]).toEqual(frozen);
  });
});

/** Tells a view a log of `length` messages, in which the network drops, repeats and delays whatever it likes. */
const tell = (view: RoomView, length: number, steps: readonly ("next" | "lose" | "repeat" | "late")[]) => {
  const log = Array.from({ length }, (_, index) => aMessage(index + 1));
  const heal = (upTo: number): void => view.install(snapshotAt(upTo, { events: log.slice(view.seq, upTo) }));
  let told = 0;
  for (const step of steps) {
    if (step === "repeat" || step === "late") {
      for (const event of log.slice(Math.max(0, told - 3), told)) view.hear(event.type, event);
    }
    if (told >= length) continue;
    told += 1;
    const event = log[told - 1];
    if (step !== "lose" && event && !view.hear(event.type, event)) heal(told);
  }
  heal(length);
};

const snapshotAt = (seq: number, over: Partial<RoomSnapshot> = {}): RoomSnapshot => ({
  session: aSession({ lastSeq: seq }),
  self: aPerson("ada"),
  participants: [aPerson("ada")],
  seq,
  recovered: true,
  events: [],
  ...over,
});

const aView = (): RoomView => {
  const view = new RoomView(() => {});
  view.install(snapshotAt(0));
  return view;
};

describe("what a room tells", () => {
  test("every event is told in order and once, whatever is lost, repeated or late", () => {
    const step = fc.constantFrom("next" as const, "lose" as const, "repeat" as const, "late" as const);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(50), (steps, length) => {
        const view = aView();
        const seqs: number[] = [];
        view.emitter.on("event", ({ seq }) => seqs.push(seq));
        tell(view, length, steps);
        expect(seqs).toEqual(Array.from({ length }, (_, index) => index + 1));
        expect(view.seq).toBe(length);
      }),
    );
  });

  test("a snapshot without all events in between resets the room, and ends its readers with an error", async () => {
    const view = aView();
    const reader = view.read();
    let resets = 0;
    view.emitter.on("reset", () => (resets += 1));
    view.hear("message:posted", aMessage(1));
    view.install(snapshotAt(9, { recovered: false, participants: [aPerson("maya")] }));
    expect(resets).toBe(1);
    expect(view.seq).toBe(9);
    expect(namesIn(view.state as RoomState)).toEqual(["maya"]);
    expect((await reader.next()).value).toMatchObject({ seq: 1 });
    await expect(reader.next()).rejects.toMatchObject({ code: "events_missed" });
    expect((await reader.next()).done).toBe(true);
  });

  test("a reader that falls too far behind gets what is queued, and then an error", async () => {
    const view = aView();
    const reader = view.read();
    for (let seq = 1; seq <= maxQueuedEvents + 5; seq++) view.hear("message:posted", aMessage(seq));
    for (let seq = 1; seq <= maxQueuedEvents; seq++) {
      expect((await reader.next()).value).toMatchObject({ seq });
    }
    await expect(reader.next()).rejects.toMatchObject({ code: "events_missed" });
  });

  test("readers end with the room, and one that breaks off is told nothing more", async () => {
    const view = aView();
    const [first, second] = [view.read(), view.read()];
    const waiting = second.next();
    await first.return?.();
    view.hear("message:posted", aMessage(1));
    expect((await first.next()).done).toBe(true);
    expect((await waiting).value).toMatchObject({ seq: 1 });
    const last = second.next();
    view.end(null);
    expect((await last).done).toBe(true);
    expect((await view.read().next()).done).toBe(true);
  });
});
