import { io } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { joinRoom } from "../../../src/usecases/rooms/join.ts";
import { leaveRoom } from "../../../src/usecases/rooms/leave.ts";
import { createMemoryPresence } from "../../../src/coordination/presence-memory.ts";
import { enterRoom } from "../../../src/commands/demo/visitor.ts";
import type { Participant, RoomEvent, Summary } from "../../../src/domain/room.ts";
import { listEvents } from "../../../src/db/session-events.ts";
import type { LiveClient } from "../../support/live-client.ts";
import { serve } from "../../support/serve.ts";
import { type RoomWorld, comings, createRoomWorld, dataOf, openRoom } from "../../support/room.ts";
import { waitFor } from "../../support/wait.ts";

describe.each([1, 2] as const)("on %i node(s)", (nodeCount) => {
  let rooms: RoomWorld;

  beforeAll(async () => {
    rooms = await createRoomWorld(nodeCount);
  });

  afterAll(async () => {
    await rooms.close();
  });

  const logOf = (sessionId: string): Promise<RoomEvent[]> =>
    listEvents(rooms.world.db, sessionId, { after: 0, limit: 1000 });
  const people = async (sessionId: string): Promise<Participant[]> => {
    const reply = await rooms.served[0]?.send("GET", `/v1/sessions/${sessionId}/participants`, {
      as: rooms.world.keys.read,
    });
    return reply?.body["data"] as Participant[];
  };

  test("people see each other arrive, and with both there the session starts by itself", async () => {
    const room = await openRoom(rooms);
    const ada = await room.enterAsCoach();
    expect(ada.joined).toMatchObject({
      seq: 2,
      recovered: true,
      events: [],
      self: { participantId: room.coach.id, role: "coach", status: "connected", connections: 1, state: {} },
      session: { id: room.session.id, status: "scheduled" },
    });
    const maya = await room.enterAsClient();
    const joined = await ada.next("participant:joined");
    expect(joined).toMatchObject({
      sessionId: room.session.id,
      seq: 3,
      actor: { type: "client", id: room.client.id, name: room.client.name },
      data: { participantId: room.client.id, role: "client", name: room.client.name },
    });
    expect(await ada.next("session:started")).toMatchObject({
      seq: 4,
      actor: { type: "system" },
      data: { session: { status: "in_progress", lastSeq: 4 } },
    });
    expect((maya.joined["participants"] as Participant[]).map(({ role }) => role)).toEqual([
      "coach",
      "client",
    ]);
    expect(maya.joined["seq"]).toBe(4);
  });

  test("a second device is no second person, and the first to go leaves nobody", async () => {
    const room = await openRoom(rooms);
    const ada = await room.enterAsCoach();
    const phone = await room.enterAsClient();
    const laptop = await room.enterAsClient();
    expect(await ada.nextPresence(({ connections }) => connections === 2)).toMatchObject({
      status: "connected",
    });
    phone.drop();
    expect(await ada.nextPresence(({ connections }) => connections === 1)).toMatchObject({
      status: "connected",
    });
    await laptop.ask("session:leave", { sessionId: room.session.id });
    expect(await ada.next("participant:left")).toMatchObject({
      data: { participantId: room.client.id, reason: "left" },
    });
    expect(comings(await logOf(room.session.id), room)).toEqual(["+coach", "+client", "-client left"]);
  });

  test("who drops is reconnecting at once, and leaves after the grace, once", async () => {
    const room = await openRoom(rooms);
    const ada = await room.enterAsCoach();
    const maya = await room.enterAsClient();
    maya.drop();
    expect(await ada.nextPresence(({ connections }) => connections === 0)).toMatchObject({
      participantId: room.client.id,
      status: "reconnecting",
    });
    expect(await people(room.session.id)).toMatchObject([
      { status: "connected" },
      { participantId: room.client.id, status: "reconnecting", connections: 0 },
    ]);
    await ada.next("participant:left");
    expect(comings(await logOf(room.session.id), room)).toEqual(["+coach", "+client", "-client lost"]);
    expect(await people(room.session.id)).toHaveLength(1);
    await room.enterAsClient();
    expect(comings(await logOf(room.session.id), room)).toEqual([
      "+coach",
      "+client",
      "-client lost",
      "+client",
    ]);
  });

  test("who comes back within the grace has neither left nor joined, and gets exactly what was missed", async () => {
    const room = await openRoom(rooms);
    const ada = await room.enterAsCoach();
    const maya = await room.enterAsClient();
    const seen = maya.lastSeq();
    maya.drop();
    await ada.nextPresence(({ connections }) => connections === 0);
    for (const text of ["one", "two"]) {
      await ada.ask("message:send", { sessionId: room.session.id, text, clientMessageId: text });
    }
    const back = await room.enterAsClient({ after: seen });
    expect((back.joined["events"] as RoomEvent[]).map((event) => [event.seq, dataOf(event)["text"]])).toEqual(
      [
        [seen + 1, "one"],
        [seen + 2, "two"],
      ],
    );
    expect(back.joined).toMatchObject({ recovered: true, seq: seen + 2 });
    expect(await ada.nextPresence(({ connections }) => connections === 1)).toMatchObject({
      status: "connected",
    });
    expect(comings(await logOf(room.session.id), room)).toEqual(["+coach", "+client"]);
  });

  test("a leave that is due and a return at the same moment agree: who is connected is in the room", async () => {
    const { app } = rooms.world;
    const room = await openRoom(rooms);
    const { id: sessionId } = room.session;
    const participantId = room.client.id;
    const context = {
      principal: { kind: "user", role: "client", id: participantId, name: "Maya" } as const,
      requestId: "race",
    };
    await joinRoom(app, context, { session: room.session, connectionId: "0" });
    for (let round = 1; round <= 40; round++) {
      await app.presence.disconnect({ sessionId, participantId, connectionId: `${round - 1}` }, 0);
      const node = rooms.nodes[round % rooms.nodes.length] ?? rooms.world;
      await Promise.all([
        leaveRoom(app, { sessionId, participantId, reason: "lost", requestId: "race" }),
        joinRoom(node.app, context, { session: room.session, connectionId: `${round}` }),
      ]);
      expect(await people(sessionId)).toMatchObject([{ participantId, status: "connected", connections: 1 }]);
    }
    const steps = comings(await logOf(sessionId), room);
    expect(steps.every((step, index) => step === (index % 2 === 0 ? "+client" : "-client lost"))).toBe(true);
  });

  test("a message sent again under its own id is posted once, and both are told the same", async () => {
    const room = await openRoom(rooms);
    const ada = await room.enterAsCoach();
    const message = { sessionId: room.session.id, text: "Hello\nthere", clientMessageId: "m-1" };
    const answers = await Promise.all([ada.ask("message:send", message), ada.ask("message:send", message)]);
    expect(answers[0]).toMatchObject({ seq: 3, messageId: expect.any(String) as string });
    expect(answers[1]).toEqual(answers[0]);
    const posted = (await logOf(room.session.id)).filter(({ type }) => type === "message:posted");
    expect(posted).toHaveLength(1);
    expect(posted[0]?.data).toMatchObject({
      participantId: room.coach.id,
      name: room.coach.name,
      text: "Hello\nthere",
    });
  });

  test("everybody gets every event in seq order, without a gap, however many speak at once", async () => {
    const room = await openRoom(rooms);
    const ada = await room.enterAsCoach();
    const maya = await room.enterAsClient();
    const speakers = [ada, maya] as const;
    await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        speakers[n % 2 === 0 ? 0 : 1].ask("message:send", {
          sessionId: room.session.id,
          text: `${n}`,
          clientMessageId: `${n}`,
        }),
      ),
    );
    const log = await logOf(room.session.id);
    expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: log.length }, (_, n) => n + 1));
    for (const visitor of speakers) {
      await waitFor(() => visitor.lastSeq() === log.length, { what: "everything to arrive" });
      const expected = log.filter(({ seq }) => seq > (visitor.joined["seq"] as number));
      expect(visitor.events().map(({ seq, id }) => [seq, id])).toEqual(
        expected.map(({ seq, id }) => [seq, id]),
      );
    }
  });

  test("who joins in the middle of a storm misses nothing after the answer, and gets nothing twice", async () => {
    const room = await openRoom(rooms);
    const { id: sessionId } = room.session;
    const speakers: LiveClient[] = [];
    for (let n = 0; n < 8; n++) speakers.push(await room.connectWith({ role: "guest", name: `Guest ${n}` }));
    await Promise.all(speakers.map((one) => one.ask("session:join", { sessionId })));
    const watchers: LiveClient[] = [];
    for (let n = 0; n < 24; n++)
      watchers.push(await room.connectWith({ role: "observer", name: `Eve ${n}` }));
    const said = speakers.flatMap((one) =>
      Array.from({ length: 30 }, (_, n) =>
        one.ask("message:send", { sessionId, text: "x", clientMessageId: `${n}` }),
      ),
    );
    const joined = await Promise.all(watchers.map((one) => one.ask("session:join", { sessionId })));
    await Promise.all(said);
    const last = (await logOf(sessionId)).length;
    for (const [index, one] of watchers.entries()) {
      const from = joined[index]?.["seq"] as number;
      const seqs = () =>
        one.heard.flatMap(({ payload }) => ("seq" in payload ? [payload["seq"] as number] : []));
      await waitFor(() => seqs().at(-1) === last || from === last, { what: "everything to arrive" });
      expect(seqs()).toEqual(Array.from({ length: last - from }, (_, n) => from + n + 1));
    }
    for (const one of [...speakers, ...watchers]) one.close();
  });

  test("news that other nodes never hear are found in the log: late, in order, and nothing twice", async () => {
    const room = await openRoom(rooms);
    const ada = await room.enterAsCoach();
    const maya = await room.enterAsClient();
    // The fault: every second hint is lost on its way, from either node.
    const restore = rooms.nodes.map(({ app }) => {
      const { publisher } = app;
      let heard = 0;
      app.publisher = {
        ...publisher,
        publishRoomNews: (news) => void (heard++ % 2 === 1 && publisher.publishRoomNews(news)),
      };
      return () => (app.publisher = publisher);
    });
    try {
      for (let n = 0; n < 9; n++) {
        const speaker = n % 3 === 0 ? maya : ada;
        await speaker.ask("message:send", {
          sessionId: room.session.id,
          text: `${n}`,
          clientMessageId: `${n}`,
        });
      }
      const last = (await logOf(room.session.id)).length;
      for (const visitor of [ada, maya]) {
        await waitFor(() => visitor.lastSeq() === last, { what: "the log to be compared", timeoutMs: 8_000 });
        const seqs = visitor.events().map(({ seq }) => seq);
        expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
      }
    } finally {
      for (const undo of restore) undo();
    }
  });

  test("an end closes the room: everybody leaves, the summary comes, and nobody gets in again", async () => {
    const room = await openRoom(rooms);
    const ada = await room.enterAsCoach();
    const maya = await room.enterAsClient();
    await expect(maya.ask("session:end", { sessionId: room.session.id })).rejects.toThrow("forbidden");
    await ada.ask("session:end", { sessionId: room.session.id, reason: "done" });
    const ready = await maya.next("summary:ready");
    expect(
      (dataOf(ready)["summary"] as Summary).participants.map(({ role, visits }) => [role, visits]),
    ).toEqual([
      ["coach", 1],
      ["client", 1],
    ]);
    const types = (await logOf(room.session.id)).map(({ type }) => type);
    expect(types.slice(-4)).toEqual([
      "session:ended",
      "participant:left",
      "participant:left",
      "summary:ready",
    ]);
    expect(comings(await logOf(room.session.id), room).slice(-2)).toEqual([
      "-coach closed",
      "-client closed",
    ]);
    expect(await people(room.session.id)).toEqual([]);
    await expect(room.enterAsClient()).rejects.toThrow("session_closed");
    await expect(
      ada.ask("message:send", { sessionId: room.session.id, text: "late", clientMessageId: "x" }),
    ).rejects.toThrow("session_closed");
  });

  test("a cancelled session tells its room and closes it", async () => {
    const room = await openRoom(rooms);
    const maya = await room.enterAsClient();
    await rooms.served[0]?.send("POST", `/v1/bookings/${room.session.bookingId}/cancel`, {
      as: rooms.world.keys.admin,
    });
    expect(await maya.next("session:cancelled")).toMatchObject({
      data: { session: { status: "cancelled" } },
    });
    expect(await maya.next("participant:left")).toMatchObject({ data: { reason: "closed" } });
  });
});

describe("who may come in", () => {
  let rooms: RoomWorld;

  beforeAll(async () => {
    rooms = await createRoomWorld(1, { ROOM_CAPACITY: "2", AUTO_START: "manual" });
  });

  afterAll(async () => {
    await rooms.close();
  });

  const enter = (token: string, sessionId: string, after?: number) =>
    enterRoom({ url: rooms.urls[0], token, sessionId, ...(after === undefined ? {} : { after }) });
  const ticketFor = async (sessionId: string, body: Record<string, unknown>): Promise<string> => {
    const reply = await rooms.served[0]?.send("POST", `/v1/sessions/${sessionId}/join`, {
      as: rooms.world.keys.admin,
      body,
    });
    return String(reply?.body["ticket"]);
  };

  test("nobody without a valid credential, and no API key", async () => {
    const { session, coach } = await openRoom(rooms);
    const { world } = rooms;
    for (const token of [
      "",
      "nonsense",
      world.keys.admin,
      await world.userToken("coach", crypto.randomUUID()),
    ]) {
      await expect(enter(token, session.id)).rejects.toMatchObject({ data: { code: "unauthenticated" } });
    }
    const expired = await world.userToken("coach", coach.id, -60);
    await expect(enter(expired, session.id)).rejects.toMatchObject({ data: { code: "token_expired" } });
  });

  test("nobody into somebody else's room: it looks as if it were not there", async () => {
    const { session } = await openRoom(rooms);
    const other = await openRoom(rooms);
    const stranger = await rooms.world.userToken("client", other.client.id);
    const refused = await enter(stranger, session.id).catch((error: unknown) => String(error));
    const nowhere = await enter(stranger, crypto.randomUUID()).catch((error: unknown) => String(error));
    expect(refused).toContain("not_found");
    expect(refused).toBe(nowhere);
    const ticket = await ticketFor(other.session.id, { as: "coach" });
    await expect(enter(ticket, session.id)).rejects.toThrow("not_found");
    await expect(enter(await rooms.world.userToken("admin", "root"), session.id)).rejects.toThrow(
      "forbidden",
    );
  });

  test("nobody before the room opens, and no more than it holds", async () => {
    const { world } = rooms;
    const room = await openRoom(rooms);
    const { session: later } = await world.makeBooking({
      coach: room.coach,
      client: room.client,
      inMinutes: 120,
    });
    await expect(enter(await world.userToken("coach", room.coach.id), later.id)).rejects.toThrow("too_early");
    await room.enterAsCoach();
    await enter(await ticketFor(room.session.id, { role: "guest", name: "Gus" }), room.session.id);
    await expect(room.enterAsClient()).rejects.toThrow("room_full");
    // Who is in the room already gets in with another device.
    await room.enterAsCoach();
  });

  test("observers watch and send nothing; nobody speaks from outside", async () => {
    const room = await openRoom(rooms);
    const eve = await enter(
      await ticketFor(room.session.id, { role: "observer", name: "Eve" }),
      room.session.id,
    );
    const message = { sessionId: room.session.id, text: "psst", clientMessageId: "1" };
    await expect(eve.ask("message:send", message)).rejects.toThrow("forbidden");
    const ada = await room.enterAsCoach();
    await ada.ask("session:leave", { sessionId: room.session.id });
    await expect(ada.ask("message:send", message)).rejects.toThrow("forbidden");
  });

  test("with AUTO_START=manual a session waits for its start; a client starts it from inside", async () => {
    const room = await openRoom(rooms);
    const ada = await room.enterAsCoach();
    const maya = await room.enterAsClient();
    expect(maya.joined["session"]).toMatchObject({ status: "scheduled" });
    await maya.ask("session:start", { sessionId: room.session.id });
    expect(await ada.next("session:started")).toMatchObject({
      actor: { type: "client", id: room.client.id },
    });
  });

  test("payloads that are not of the contract are refused, and the connection lives on", async () => {
    const room = await openRoom(rooms);
    const ada = await room.enterAsCoach();
    const { id: sessionId } = room.session;
    for (const payload of [
      null,
      "x",
      {},
      { sessionId: "x" },
      { sessionId, after: -1 },
      { sessionId, extra: 1 },
      { sessionId, after: 99 },
    ]) {
      await expect(ada.ask("session:join", payload)).rejects.toThrow("invalid_request");
    }
    for (const text of ["", "x".repeat(4001), "bell\u0007", "\ud800"]) {
      await expect(ada.ask("message:send", { sessionId, text, clientMessageId: "1" })).rejects.toThrow(
        "invalid_request",
      );
    }
    await expect(ada.ask("session:end", { sessionId, reason: "a\u0000b" })).rejects.toThrow(
      "invalid_request",
    );
    await ada.ask("message:send", { sessionId, text: "still here", clientMessageId: "1" });
  });

  test("an event without a payload is answered too", async () => {
    const room = await openRoom(rooms);
    const token = await rooms.world.userToken("coach", room.coach.id);
    const socket = io(`${rooms.urls[0]}/live`, {
      auth: { token },
      transports: ["websocket"],
      forceNew: true,
    });
    try {
      expect(await socket.timeout(5_000).emitWithAck("session:join")).toMatchObject({
        ok: false,
        error: { code: "invalid_request" },
      });
    } finally {
      socket.disconnect();
    }
  });

  test("a flood from one connection is refused beyond a bound, and what was taken is done", async () => {
    const room = await openRoom(rooms);
    const ada = await room.enterAsCoach();
    const asked = Array.from({ length: 200 }, (_, n) =>
      ada.ask("message:send", { sessionId: room.session.id, text: `${n}`, clientMessageId: `${n}` }),
    );
    const outcomes = await Promise.allSettled(asked);
    const refused = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(String(reason)).toContain("rate_limited");
    await waitFor(() => ada.events().length === 200 - refused.length, {
      what: "the messages that were taken",
    });
  });

  test("joining again on the same connection starts from a new snapshot and repeats nothing", async () => {
    const room = await openRoom(rooms);
    const ada = await room.enterAsCoach();
    await ada.ask("message:send", { sessionId: room.session.id, text: "one", clientMessageId: "1" });
    await ada.next("message:posted");
    const again = await ada.ask("session:join", { sessionId: room.session.id });
    expect(again["seq"]).toBe(3);
    await ada.ask("message:send", { sessionId: room.session.id, text: "two", clientMessageId: "2" });
    await ada.next("message:posted", (event) => dataOf(event)["text"] === "two");
    expect(ada.events().map(({ seq }) => seq)).toEqual([3, 4]);
  });
});

test("after a restart of the only node, those who do not come back leave after the grace, and who does stays", async () => {
  const rooms = await createRoomWorld(1);
  const { world } = rooms;
  const room = await openRoom(rooms);
  await room.enterAsCoach();
  await room.enterAsClient();
  // The node is gone as after a crash: its memory of who is connected is lost.
  for (const one of rooms.served) await one.close();
  world.app.presence = createMemoryPresence();
  const restarted = await serve(world, { realtime: true });
  try {
    const ada = await enterRoom({
      url: restarted.url,
      token: await world.userToken("coach", room.coach.id),
      sessionId: room.session.id,
      after: 4,
    });
    expect((ada.joined["participants"] as Participant[]).map(({ status }) => status)).toEqual([
      "connected",
      "reconnecting",
    ]);
    await ada.next("participant:left");
    const log = await listEvents(world.db, room.session.id, { after: 0, limit: 100 });
    expect(comings(log, room)).toEqual(["+coach", "+client", "-client lost"]);
    ada.drop();
  } finally {
    await restarted.close();
    await world.close();
  }
});
