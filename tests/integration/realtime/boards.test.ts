import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Participant } from "../../../src/domain/room.ts";
import type { Session } from "../../../src/domain/session.ts";
import type { LiveClient } from "../../support/live-client.ts";
import { type RoomWorld, createRoomWorld, openRoom } from "../../support/room.ts";
import { waitFor } from "../../support/wait.ts";

type OnBoard = { session: Session; participants: Participant[]; seq: number; waiting: unknown[] };

describe.each([1, 2] as const)("on %i node(s)", (nodeCount) => {
  let rooms: RoomWorld;

  beforeAll(async () => {
    rooms = await createRoomWorld(nodeCount);
  });

  afterAll(() => rooms.close());

  const watch = async (one: LiveClient): Promise<OnBoard[]> =>
    (await one.ask("board:watch"))["sessions"] as OnBoard[];
  const of = (one: LiveClient, sessionId: string): string[] =>
    one.heard.flatMap(({ name, payload }) =>
      payload["sessionId"] === sessionId && "seq" in payload ? [`${Number(payload["seq"])} ${name}`] : [],
    );

  test("a coach's board shows today's sessions as they stand, and tells all that happens in them, each once", async () => {
    const first = await openRoom(rooms);
    const { coach } = first;
    const later = await openRoom(rooms, { coach, inMinutes: 120 });
    const far = await openRoom(rooms, { coach, inMinutes: 3 * 24 * 60 });
    await openRoom(rooms);
    const maya = await first.connect("client");
    await maya.ask("session:join", { sessionId: first.session.id });
    const ada = await first.connect("coach");
    const board = await watch(ada);
    expect(board.map(({ session, participants, seq }) => [session.id, participants.length, seq])).toEqual([
      [first.session.id, 1, 2],
      [later.session.id, 0, 1],
    ]);
    expect(board[0]?.participants[0]).toMatchObject({ role: "client", status: "connected", connections: 1 });

    // On the board and in the room: told once.
    await ada.ask("session:join", { sessionId: first.session.id });
    await maya.ask("message:send", { sessionId: first.session.id, text: "hi", clientMessageId: "1" });
    await ada.next("message:posted");
    maya.close();
    await ada.next("presence:changed", ({ connections }) => connections === 0);
    await ada.next("participant:left");
    expect(of(ada, first.session.id)).toEqual([
      "3 participant:joined",
      "4 session:started",
      "5 message:posted",
      "6 participant:left",
    ]);
    // What comes later than today is told as well, and what is made meanwhile.
    await rooms.served[0]?.send("POST", `/v1/bookings/${far.session.bookingId}/cancel`, {
      as: rooms.world.keys.admin,
    });
    await ada.next("session:cancelled", ({ sessionId }) => sessionId === far.session.id);
    const fresh = await openRoom(rooms, { coach, inMinutes: 60 });
    await ada.next("session:scheduled", ({ sessionId }) => sessionId === fresh.session.id);
    const guest = await fresh.connect("client");
    await rooms.world.db`UPDATE sessions SET starts_at = now() WHERE id = ${fresh.session.id}`;
    await waitFor(async () => (await guest.ask("session:join", { sessionId: fresh.session.id })).ok, {
      what: "the room to open",
    });
    await ada.next("participant:joined", ({ sessionId }) => sessionId === fresh.session.id);
    expect(of(ada, fresh.session.id)).toEqual(["1 session:scheduled", "2 participant:joined"]);
    for (const one of [ada, guest]) one.close();
  });

  test("an admin's board shows everybody's; a client has none", async () => {
    const [one, two] = [await openRoom(rooms), await openRoom(rooms)];
    const root = await one.connect("admin");
    const ids = (await watch(root)).map(({ session }) => session.id);
    expect(ids).toEqual(expect.arrayContaining([one.session.id, two.session.id]));
    const ada = await two.connect("coach");
    await ada.ask("session:join", { sessionId: two.session.id });
    expect(
      await root.next("participant:joined", ({ sessionId }) => sessionId === two.session.id),
    ).toMatchObject({
      seq: 2,
    });
    const maya = await one.connect("client");
    expect(await maya.ask("board:watch")).toMatchObject({ error: { code: "forbidden" } });
    for (const each of [root, ada, maya]) each.close();
  });

  test("who waits in a lobby is on the board, with the room or without its coach in it", async () => {
    const room = await openRoom(rooms, { requiresAdmission: true });
    const ada = await room.connect("coach");
    await watch(ada);
    const gus = await room.connectWith({ role: "guest", name: "Gus" });
    await gus.ask("session:join", { sessionId: room.session.id });
    const { participantId } = await ada.next("participant:waiting");
    const again = await room.connect("coach");
    expect((await watch(again)).map(({ waiting }) => waiting)).toEqual([[{ participantId, name: "Gus" }]]);
    await again.ask("participant:admit", { sessionId: room.session.id, participantId });
    await ada.next("participant:waiting", ({ waiting }) => waiting === false);
    await gus.next("admission:granted");
    for (const one of [ada, again, gus]) one.close();
  });

  test("hints that are lost make the board late and never wrong", async () => {
    const near = await openRoom(rooms);
    const { coach } = near;
    const far = await openRoom(rooms, { coach, inMinutes: 3 * 24 * 60 });
    const ada = await near.connect("coach");
    await watch(ada);
    const restore = rooms.nodes.map(({ app }) => {
      const { publisher } = app;
      app.publisher = { ...publisher, publishRoomNews: () => {}, publishPresenceNews: () => {} };
      return () => (app.publisher = publisher);
    });
    try {
      await rooms.served[0]?.send("POST", `/v1/bookings/${far.session.bookingId}/cancel`, {
        as: rooms.world.keys.admin,
      });
      const made = await openRoom(rooms, { coach, inMinutes: 90 });
      await ada.next("session:cancelled", ({ sessionId }) => sessionId === far.session.id);
      await ada.next("session:scheduled", ({ sessionId }) => sessionId === made.session.id);
      expect(of(ada, far.session.id)).toEqual(["2 session:cancelled"]);
      expect(of(ada, made.session.id)).toEqual(["1 session:scheduled"]);
    } finally {
      for (const undo of restore) undo();
    }
    ada.close();
  });
});
