import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Courtside, type DurableEvent, type Room, connect } from "../../../src/client/client.ts";
import { listEvents } from "../../../src/db/session-events.ts";
import type { RoomEvent } from "../../../src/domain/room.ts";
import { type OpenRoom, type RoomWorld, createRoomWorld, openRoom } from "../../support/room.ts";
import { type TcpProxy, createTcpProxy } from "../../support/tcp-proxy.ts";
import { waitFor } from "../../support/wait.ts";

describe.each([1, 2] as const)("on %i node(s)", (nodeCount) => {
  let rooms: RoomWorld;
  /** Before the first node, where the coach comes in, and the last, where the client does. */
  let proxies: [TcpProxy, TcpProxy];
  const hubs: Courtside[] = [];

  beforeAll(async () => {
    // The grace outlasts every cut here.
    rooms = await createRoomWorld(nodeCount, { LEAVE_GRACE_SECONDS: "10" });
    proxies = [await createTcpProxy(rooms.urls[0]), await createTcpProxy(rooms.urls[1])];
  });

  afterEach(() => {
    for (const proxy of proxies) {
      proxy.resume();
      proxy.refuse(false);
    }
    for (const hub of hubs.splice(0)) hub.close();
  });

  afterAll(async () => {
    for (const proxy of proxies) await proxy.close();
    await rooms.close();
  });

  const hubOf = async (room: OpenRoom, role: "coach" | "client"): Promise<Courtside> => {
    const token = await rooms.world.userToken(role, room[role].id);
    const { url } = proxies[role === "coach" ? 0 : 1];
    const hub = connect({ url, token, backoff: { minMs: 10, maxMs: 100 } });
    hubs.push(hub);
    return hub;
  };
  const enter = async (room: OpenRoom, role: "coach" | "client"): Promise<Room> =>
    (await hubOf(room, role)).join(room.session.id);
  const logOf = (sessionId: string): Promise<RoomEvent[]> =>
    listEvents(rooms.world.db, sessionId, { after: 0, limit: 1000 });
  /** Keeps what a room tells, from now on. */
  const follow = (room: Room): DurableEvent[] => {
    const events: DurableEvent[] = [];
    room.on("event", (event) => events.push(event));
    return events;
  };
  const status = (room: Room, { client }: OpenRoom): string =>
    room.participants.get(client.id)?.status ?? "away";

  test("who is in the room is told at the join and kept up to date: arrive, drop, return, leave", async () => {
    const opened = await openRoom(rooms);
    const ada = await enter(opened, "coach");
    expect(ada.self).toMatchObject({ participantId: opened.coach.id, role: "coach", status: "connected" });
    expect(ada.session).toMatchObject({ id: opened.session.id, status: "scheduled" });
    expect([...ada.participants.keys()]).toEqual([opened.coach.id]);
    const maya = await enter(opened, "client");
    await waitFor(() => ada.session.status === "in_progress", { what: "the start" });
    expect(status(ada, opened)).toBe("connected");
    proxies[1].refuse(true);
    proxies[1].cut();
    await waitFor(() => status(ada, opened) === "reconnecting", { what: "Maya to drop" });
    proxies[1].refuse(false);
    await waitFor(() => status(ada, opened) === "connected", { what: "Maya to return" });
    await maya.leave();
    await waitFor(() => status(ada, opened) === "away", { what: "Maya to leave" });
    expect([...ada.participants.keys()]).toEqual([opened.coach.id]);
  });

  test("everybody is told every event in order, each once, while connections are cut again and again", async () => {
    const opened = await openRoom(rooms);
    const ada = await enter(opened, "coach");
    const maya = await enter(opened, "client");
    const heard = [follow(ada), follow(maya)];
    const from = [ada.seq, maya.seq];
    const sent: Promise<unknown>[] = [];
    for (let n = 0; n < 30; n++) {
      sent.push(ada.send(`a${n}`), maya.send(`m${n}`));
      await sent.at(n % 2 === 0 ? -1 : -2);
      if (n % 6 === 3) proxies[n % 4 === 1 ? 0 : 1].cut();
    }
    await Promise.all(sent);
    const log = await logOf(opened.session.id);
    const last = log.length;
    for (const [index, room] of [ada, maya].entries()) {
      await waitFor(() => room.seq === last, { what: "everything to arrive", timeoutMs: 10_000 });
      const expected = log.filter(({ seq }) => seq > (from[index] ?? 0));
      expect(heard[index]?.map(({ seq, id }) => [seq, id])).toEqual(expected.map(({ seq, id }) => [seq, id]));
    }
    const texts = log.flatMap(({ type, data }) =>
      type === "message:posted" ? [(data as { text: string }).text] : [],
    );
    for (const who of ["a", "m"]) {
      const own = texts.filter((text) => text.startsWith(who));
      expect(own).toEqual(Array.from({ length: 30 }, (_, n) => `${who}${n}`));
    }
  });

  test("what was missed while away comes in order, and nothing of it twice", async () => {
    const opened = await openRoom(rooms);
    const ada = await enter(opened, "coach");
    const maya = await enter(opened, "client");
    const texts: string[] = [];
    const reading = (async () => {
      for await (const event of maya) {
        if (event.type === "message:posted") texts.push(event.data.text);
        if (texts.length === 4) return;
      }
    })();
    await ada.send("one");
    await waitFor(() => texts.length === 1, { what: "the first" });
    proxies[1].refuse(true);
    proxies[1].cut();
    await ada.send("two");
    await ada.send("three");
    proxies[1].refuse(false);
    await waitFor(() => texts.length === 3, { what: "what was missed" });
    await ada.send("four");
    await reading;
    expect(texts).toEqual(["one", "two", "three", "four"]);
  });

  test("a message whose answer is lost with the connection is posted once", async () => {
    const opened = await openRoom(rooms);
    const ada = await enter(opened, "coach");
    const maya = await enter(opened, "client");
    proxies[1].stall("toClient");
    const sent = maya.send("once");
    await waitFor(
      async () => (await logOf(opened.session.id)).some(({ type }) => type === "message:posted"),
      {
        what: "the hub to have it",
      },
    );
    proxies[1].resume();
    // What was held back is thrown away with the connection.
    proxies[1].cut();
    const posted = await sent;
    await waitFor(() => ada.seq >= posted.seq, { what: "the message" });
    const messages = (await logOf(opened.session.id)).filter(({ type }) => type === "message:posted");
    expect(messages).toMatchObject([
      { seq: posted.seq, data: { messageId: posted.messageId, text: "once" } },
    ]);
  });

  test("a message that is sent while nobody is reachable goes out on the way back", async () => {
    const opened = await openRoom(rooms);
    const ada = await enter(opened, "coach");
    const hub = await hubOf(opened, "client");
    const maya = await hub.join(opened.session.id);
    proxies[1].refuse(true);
    proxies[1].cut();
    await waitFor(() => hub.status !== "online", { what: "the connection to be lost" });
    const sent = maya.send("hello?");
    const texts: string[] = [];
    ada.on("message:posted", ({ data }) => texts.push(data.text));
    proxies[1].refuse(false);
    expect((await sent).seq).toBeGreaterThan(0);
    await waitFor(() => texts.length === 1, { what: "the message" });
    expect(texts).toEqual(["hello?"]);
  });

  test("an end closes the room for both, with the summary as the last that is told", async () => {
    const opened = await openRoom(rooms);
    const ada = await enter(opened, "coach");
    const maya = await enter(opened, "client");
    await expect(maya.end()).rejects.toMatchObject({ code: "forbidden" });
    const types: string[] = [];
    const reading = (async () => {
      for await (const { type } of maya) types.push(type);
    })();
    expect(await ada.end("done")).toMatchObject({ status: "completed", endReason: "done" });
    await reading;
    expect(types.slice(-4)).toEqual([
      "session:ended",
      "participant:left",
      "participant:left",
      "summary:ready",
    ]);
    await waitFor(() => ada.closed, { what: "Ada's room to close" });
    await expect(maya.send("late")).rejects.toMatchObject({ code: "closed" });
    await expect(enter(opened, "client")).rejects.toMatchObject({ code: "session_closed" });
  });

  test("refusals name their code, and a stranger's room looks as if it were not there", async () => {
    const opened = await openRoom(rooms);
    const other = await openRoom(rooms);
    const stranger = await hubOf(other, "client");
    await expect(stranger.join(opened.session.id)).rejects.toMatchObject({ code: "not_found" });
    const nobody = connect({ url: proxies[0].url, token: "nonsense" });
    hubs.push(nobody);
    await expect(nobody.join(opened.session.id)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  test("a leave that is followed by a join at once comes back to the room", async () => {
    const opened = await openRoom(rooms);
    const ada = await enter(opened, "coach");
    const hub = await hubOf(opened, "client");
    const first = await hub.join(opened.session.id);
    const left = first.leave();
    const second = await hub.join(opened.session.id);
    await left;
    expect(second.participants.size).toBe(2);
    await waitFor(() => ada.seq === second.seq, { what: "Ada to see both" });
    expect(status(ada, opened)).toBe("connected");
  });

  test("two people see the same room at the end, whatever was cut in between", async () => {
    const opened = await openRoom(rooms);
    const ada = await enter(opened, "coach");
    const maya = await enter(opened, "client");
    for (let n = 0; n < 6; n++) {
      proxies[n % 2 === 0 ? 0 : 1].cut();
      await (n % 2 === 0 ? maya : ada).send(`${n}`);
    }
    const seen = (room: Room) =>
      [...room.participants.values()].map(({ role, status }) => `${role} ${status}`);
    await waitFor(
      () =>
        ada.seq === maya.seq &&
        [ada, maya].every((room) => seen(room).join() === "coach connected,client connected"),
      {
        what: "both to see both",
        timeoutMs: 10_000,
      },
    );
    expect(ada.session.status).toEqual(maya.session.status);
    expect([...ada.participants]).toEqual([...maya.participants]);
  });
});

test("when a node drains, its people go on at another one without missing anything", async () => {
  const rooms = await createRoomWorld(2, { LEAVE_GRACE_SECONDS: "10" });
  const opened = await openRoom(rooms);
  // The way in leads to the first node, and once that one drains, to the other.
  const way = await createTcpProxy(rooms.urls[0]);
  const tokens = {
    coach: await rooms.world.userToken("coach", opened.coach.id),
    client: await rooms.world.userToken("client", opened.client.id),
  };
  const backoff = { minMs: 10, maxMs: 100 };
  const hubs = [
    connect({ url: way.url, token: tokens.coach, backoff }),
    connect({ url: rooms.urls[1], token: tokens.client, backoff }),
  ] as const;
  try {
    const ada = await hubs[0].join(opened.session.id);
    const maya = await hubs[1].join(opened.session.id);
    const texts: string[] = [];
    ada.on("message:posted", ({ data }) => texts.push(data.text));
    await maya.send("before");
    way.redirect(rooms.urls[1]);
    const first = rooms.served.shift();
    const draining = first?.close();
    const sent = [maya.send("during")];
    await draining;
    sent.push(maya.send("after"));
    await Promise.all(sent);
    await waitFor(() => texts.length === 3, { what: "all messages", timeoutMs: 10_000 });
    expect(texts).toEqual(["before", "during", "after"]);
    expect(ada.closed).toBe(false);
  } finally {
    for (const hub of hubs) hub.close();
    await way.close();
    await rooms.close();
  }
});
