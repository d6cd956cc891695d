import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type LiveClient, connectLive } from "../../support/live-client.ts";
import { type OpenRoom, type RoomWorld, createRoomWorld, openRoom } from "../../support/room.ts";
import { waitFor } from "../../support/wait.ts";

let rooms: RoomWorld;

beforeAll(async () => {
  rooms = await createRoomWorld(1, { CONNECTIONS_PER_PERSON: "3", AUTO_START: "manual" });
});

afterAll(() => rooms.close());

const closing = (one: LiveClient) => one.next("connection:closing");

/** A WebSocket that speaks the protocol by hand, so that it can break it. */
const openRaw = async (room: OpenRoom): Promise<{ socket: WebSocket; received: string[] }> => {
  const token = await rooms.world.userToken("client", room.client.id);
  const url = `${rooms.urls[0].replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`;
  const socket = new WebSocket(url);
  const received: string[] = [];
  socket.on("message", (data: Buffer) => received.push(data.toString()));
  await once(socket, "open");
  socket.send(`40/live,${JSON.stringify({ token })}`);
  await waitFor(() => received.some((text) => text.startsWith("40/live,")), { what: "the handshake" });
  return { socket, received };
};

test("past 20 events a second, with bursts of 40, an event is refused, and the connection lives on", async () => {
  const room = await openRoom(rooms);
  const ada = await room.connect("coach");
  const { id: sessionId } = room.session;
  await ada.ask("session:join", { sessionId });
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      ada.ask("message:send", { sessionId, text: `${n}`, clientMessageId: `${n}` }),
    ),
  );
  const refused = answers.filter(({ ok }) => !ok);
  expect(refused.length).toBeGreaterThanOrEqual(15);
  for (const { error } of refused) {
    expect(error).toMatchObject({ code: "rate_limited" });
    expect(error?.retryAfterMs).toBeGreaterThan(0);
  }
  await waitFor(() => ada.names().filter((name) => name.includes("posted")).length === 60 - refused.length, {
    what: "what was taken",
  });
  expect(ada.socket.connected).toBe(true);
  ada.close();
});

test("who goes on after hundreds of refusals is closed, and told why", async () => {
  const room = await openRoom(rooms);
  const ada = await room.connect("coach");
  for (let n = 0; n < 600; n++) ada.socket.emit("session:leave", { sessionId: room.session.id });
  expect(await closing(ada)).toMatchObject({ code: "rate_limited", reconnect: true });
  expect(await ada.ended()).toBe("transport close");
});

test("a person has so many connections and no more; another person's are not counted", async () => {
  const room = await openRoom(rooms);
  const own: LiveClient[] = [];
  for (let n = 0; n < 3; n++) own.push(await room.connect("client"));
  await expect(room.connect("client")).rejects.toMatchObject({ data: { code: "rate_limited" } });
  const ada = await room.connect("coach");
  own.pop()?.close();
  await waitFor(
    async () => {
      const next = await room.connect("client").catch(() => null);
      if (next) own.push(next);
      return next;
    },
    { what: "a place to be free" },
  );
  for (const one of [...own, ada]) one.close();
});

test("a connection whose token ends is closed, unless it got a new one", async () => {
  const room = await openRoom(rooms);
  const token = (seconds: number) => rooms.world.userToken("coach", room.coach.id, seconds);
  const late = await connectLive(rooms.urls[0], await token(2));
  const fresh = await connectLive(rooms.urls[0], await token(2));
  const foreign = await rooms.world.userToken("client", room.client.id);
  expect(await fresh.ask("token:refresh", { token: foreign })).toMatchObject({
    error: { code: "forbidden" },
  });
  expect(await fresh.ask("token:refresh", { token: await token(-60) })).toMatchObject({
    error: { code: "token_expired" },
  });
  expect(await fresh.ask("token:refresh", { token: await token(600) })).toMatchObject({ ok: true });
  expect(await closing(late)).toMatchObject({ code: "token_expired", reconnect: false });
  expect(await late.ended()).toBe("io server disconnect");
  expect(fresh.socket.connected).toBe(true);
  fresh.close();
});

test("a ticket is renewed for the same participant; a user's token is not", async () => {
  const room = await openRoom(rooms);
  const { id: sessionId } = room.session;
  const gus = await room.connectWith({ role: "guest", name: "Gus" });
  const first = (await gus.ask("session:join", { sessionId }))["self"];
  const renewed = await gus.ask("token:renew");
  expect(renewed).toMatchObject({ ok: true, ticket: expect.any(String) as string });
  const laptop = await connectLive(rooms.urls[0], String(renewed["ticket"]));
  const second = (await laptop.ask("session:join", { sessionId }))["self"];
  expect(second).toMatchObject({ participantId: (first as { participantId: string }).participantId });
  const ada = await room.connect("coach");
  expect(await ada.ask("token:renew")).toMatchObject({ error: { code: "forbidden" } });
  await rooms.served[0]?.send(
    "DELETE",
    `/v1/sessions/${sessionId}/participants/${(first as { participantId: string }).participantId}`,
    {
      as: rooms.world.keys.admin,
    },
  );
  expect(await closing(laptop)).toMatchObject({ code: "removed" });
  ada.close();
});

test("what is no packet of the protocol closes the connection, and is told", async () => {
  const room = await openRoom(rooms);
  for (const nonsense of ["4nonsense", "42/live,{broken", '42/live,["message:send"', "49/live,[1]"]) {
    const { socket, received } = await openRaw(room);
    socket.send(nonsense);
    await once(socket, "close");
    const told = received.find((text) => text.includes("connection:closing"));
    expect([nonsense, told?.includes('"code":"malformed"')]).toEqual([nonsense, true]);
  }
});

test("a message past 16 KiB closes the connection with code 1009", async () => {
  const { socket } = await openRaw(await openRoom(rooms));
  socket.send(`42/live,["message:send",{"text":"${"x".repeat(17_000)}"}]`);
  const [code] = (await once(socket, "close")) as [number];
  expect(code).toBe(1009);
});

test("who does not read is closed at 1 MiB, and holds up nobody", async () => {
  const room = await openRoom(rooms);
  const { id: sessionId } = room.session;
  const { socket, received } = await openRaw(room);
  socket.send(`42/live,1["session:join",{"sessionId":"${sessionId}"}]`);
  await waitFor(() => received.some((text) => text.startsWith("43/live,1")), { what: "the join" });
  const ada = await room.connect("coach");
  await ada.ask("session:join", { sessionId });
  socket.pause();
  const pausedAt = performance.now();
  // The system's own buffers take some megabytes before anything waits in the hub.
  const noise = { sessionId, to: room.client.id, type: "noise", data: "x".repeat(12_000) };
  const makers: LiveClient[] = [];
  while (
    !ada.heard.some(({ name, payload }) => name === "presence:changed" && payload["connections"] === 0)
  ) {
    expect(makers.length).toBeLessThan(80);
    const maker = await room.connectWith({ role: "guest", name: "Noise" });
    makers.push(maker);
    await maker.ask("session:join", { sessionId });
    await Promise.all(Array.from({ length: 35 }, () => maker.ask("signal", noise)));
  }
  // Not by a ping that was not answered, which takes fifteen.
  expect(performance.now() - pausedAt).toBeLessThan(10_000);
  expect(await ada.ask("message:send", { sessionId, text: "on we go", clientMessageId: "1" })).toMatchObject({
    ok: true,
  });
  socket.terminate();
  for (const one of [ada, ...makers]) one.close();
}, 30_000);

describe("the door", () => {
  test("there is nothing to be had in the default namespace, or in any other", async () => {
    const url = `${rooms.urls[0].replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`;
    for (const [namespace, answer] of [
      ["40", "44{"],
      ["40/other,", "44/other,"],
    ] as const) {
      const socket = new WebSocket(url);
      const received: string[] = [];
      socket.on("message", (data: Buffer) => received.push(data.toString()));
      await once(socket, "open");
      socket.send(namespace);
      await waitFor(() => received.some((text) => text.startsWith(answer)), { what: "the refusal" });
      socket.terminate();
    }
  });
});
