import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Participant } from "../../../src/domain/room.ts";
import { type RoomWorld, createRoomWorld, openRoom } from "../../support/room.ts";
import { waitFor } from "../../support/wait.ts";

describe.each([1, 2] as const)("on %i node(s)", (nodeCount) => {
  let rooms: RoomWorld;

  beforeAll(async () => {
    rooms = await createRoomWorld(nodeCount);
  });

  afterAll(() => rooms.close());

  const send = async (method: string, path: string, as: string) =>
    rooms.served[0]?.send(method, path, { as });
  const guest = { role: "guest", name: "Gus" };

  test("a guest of a session with a lobby waits until the coach admits them, and then is in the room", async () => {
    const room = await openRoom(rooms, { requiresAdmission: true });
    const sessionId = room.session.id;
    const ada = await room.connect("coach");
    expect(await ada.ask("session:join", { sessionId })).toMatchObject({ ok: true, waiting: [] });
    const gus = await room.connectWith(guest);
    expect(await gus.ask("session:join", { sessionId })).toEqual({ ok: true, waiting: true });
    const knocked = await ada.next("participant:waiting");
    expect(knocked).toMatchObject({ sessionId, name: "Gus", waiting: true });
    expect(await gus.ask("message:send", { sessionId, text: "hi", clientMessageId: "1" })).toMatchObject({
      error: { code: "forbidden" },
    });
    expect(gus.heard).toEqual([]);

    const { participantId } = knocked;
    expect(await ada.ask("participant:admit", { sessionId, participantId })).toEqual({ ok: true });
    const granted = await gus.next("admission:granted");
    expect(granted).toMatchObject({ sessionId, self: { participantId, role: "guest", name: "Gus" } });
    expect((granted["participants"] as Participant[]).map(({ role }) => role)).toEqual(["coach", "guest"]);
    await ada.next("participant:joined", ({ data }) => (data as { role: string }).role === "guest");
    expect(await ada.next("participant:waiting", ({ waiting }) => waiting === false)).toMatchObject({
      participantId,
    });
    await ada.ask("message:send", { sessionId, text: "welcome", clientMessageId: "1" });
    expect((await gus.next("message:posted"))["seq"]).toBe((granted["seq"] as number) + 1);
    // Once admitted they come back without asking.
    const again = await gus.ask("session:join", { sessionId });
    expect(again).toMatchObject({ ok: true, self: { participantId } });
    for (const one of [ada, gus]) one.close();
  });

  test("coach and client need nobody's leave, and a coach who comes later is told who waits", async () => {
    const room = await openRoom(rooms, { requiresAdmission: true });
    const sessionId = room.session.id;
    const maya = await room.connect("client");
    expect(await maya.ask("session:join", { sessionId })).toMatchObject({ ok: true, seq: 2 });
    const gus = await room.connectWith(guest);
    await gus.ask("session:join", { sessionId });
    const ada = await room.connect("coach");
    expect((await ada.ask("session:join", { sessionId }))["waiting"]).toMatchObject([{ name: "Gus" }]);
    expect(maya.names().includes("participant:waiting")).toBe(false);
    gus.close();
    await ada.next("participant:waiting", ({ waiting }) => waiting === false);
    expect((await ada.ask("session:join", { sessionId }))["waiting"]).toEqual([]);
    for (const one of [ada, maya]) one.close();
  });

  test("guests who wait cost a look every few seconds, and no more", async () => {
    const room = await openRoom(rooms, { requiresAdmission: true });
    const guests = [await room.connectWith(guest), await room.connectWith(guest)];
    for (const one of guests) await one.ask("session:join", { sessionId: room.session.id });
    const node = rooms.nodes.at(-1) ?? rooms.world;
    const { jobs } = node.app.rooms.figures;
    const waitedFrom = performance.now();
    await waitFor(() => node.app.rooms.figures.jobs >= jobs + 4, {
      what: "two more looks",
      timeoutMs: 12_000,
    });
    expect(performance.now() - waitedFrom).toBeGreaterThan(2_500);
    for (const one of guests) one.close();
  });

  test("a join that is refused half-way leaves nobody behind, and the room as it was", async () => {
    const room = await openRoom(rooms);
    const { id: sessionId } = room.session;
    const ada = await room.connect("coach");
    expect(await ada.ask("session:join", { sessionId, after: 99 })).toMatchObject({
      error: { code: "invalid_request" },
    });
    const maya = await room.connect("client");
    const joined = await maya.ask("session:join", { sessionId });
    expect((joined["participants"] as Participant[]).map(({ role }) => role)).toEqual(["client"]);
    // Who was inside stays inside when they ask for something that is not there.
    expect(await maya.ask("session:join", { sessionId, after: 99 })).toMatchObject({
      error: { code: "invalid_request" },
    });
    await ada.ask("session:join", { sessionId });
    await maya.next("participant:joined");
    for (const one of [ada, maya]) one.close();
  });

  test("a guest who is sent away from the lobby is told so", async () => {
    const room = await openRoom(rooms, { requiresAdmission: true });
    const sessionId = room.session.id;
    const ada = await room.connect("coach");
    await ada.ask("session:join", { sessionId });
    const gus = await room.connectWith(guest);
    await gus.ask("session:join", { sessionId });
    const { participantId } = await ada.next("participant:waiting");
    const token = await rooms.world.userToken("coach", room.coach.id);
    const gone = await send(
      "DELETE",
      `/v1/sessions/${sessionId}/participants/${String(participantId)}`,
      token,
    );
    expect(gone?.status).toBe(204);
    expect(await gus.next("admission:refused")).toMatchObject({ sessionId, code: "removed" });
    expect(await gus.ask("session:join", { sessionId })).toMatchObject({ error: { code: "removed" } });
    for (const one of [ada, gus]) one.close();
  });

  test("who is removed is out on every node at once and stays out with any credential, until admitted", async () => {
    const room = await openRoom(rooms);
    const { id: sessionId } = room.session;
    const ada = await room.connect("coach");
    await ada.ask("session:join", { sessionId });
    const phone = await room.connect("client");
    await phone.ask("session:join", { sessionId });
    const ticket = await room.connectWith({ as: "client" });
    await ticket.ask("session:join", { sessionId });
    const path = `/v1/sessions/${sessionId}/participants/${room.client.id}`;
    const token = await rooms.world.userToken("coach", room.coach.id);
    expect((await send("DELETE", path, token))?.status).toBe(204);
    expect(await ada.next("participant:removed")).toMatchObject({
      actor: { type: "coach", id: room.coach.id },
      data: { participantId: room.client.id, by: { type: "coach", id: room.coach.id } },
    });
    expect(await ada.next("participant:left")).toMatchObject({
      data: { participantId: room.client.id, reason: "removed" },
    });
    await phone.next("participant:left");
    // A ticket is good for nothing else; a user's connection has other rooms.
    expect(await ticket.next("connection:closing")).toMatchObject({ code: "removed", reconnect: false });
    expect(await ticket.ended()).toBe("io server disconnect");
    expect(phone.socket.connected).toBe(true);

    await ada.ask("message:send", { sessionId, text: "among us", clientMessageId: "1" });
    await ada.next("message:posted");
    expect(await phone.ask("session:join", { sessionId })).toMatchObject({ error: { code: "removed" } });
    expect(phone.names().some((name) => name.includes("message:posted"))).toBe(false);
    const clientToken = await rooms.world.userToken("client", room.client.id);
    const refused = await rooms.served[0]?.send("POST", `/v1/sessions/${sessionId}/join`, {
      as: clientToken,
      body: {},
    });
    expect(refused).toMatchObject({ status: 403, body: { code: "removed" } });
    // Again changes nothing.
    expect((await send("DELETE", path, token))?.status).toBe(204);

    expect((await send("POST", `${path}/admit`, token))?.status).toBe(200);
    expect(await phone.ask("session:join", { sessionId })).toMatchObject({ ok: true });
    const back = await phone.ask("session:join", { sessionId });
    expect((back["participants"] as Participant[]).map(({ participantId }) => participantId)).toContain(
      room.client.id,
    );
    for (const one of [ada, phone]) one.close();
  });

  test("only the coach and the house may remove and admit; to strangers the room is not there", async () => {
    const room = await openRoom(rooms);
    const other = await openRoom(rooms);
    const path = `/v1/sessions/${room.session.id}/participants/${room.client.id}`;
    const client = await rooms.world.userToken("client", room.client.id);
    const stranger = await rooms.world.userToken("coach", other.coach.id);
    const own = await rooms.world.userToken("coach", room.coach.id);
    for (const [as, status] of [
      [client, 403],
      [stranger, 404],
      [rooms.world.keys.read, 403],
    ] as const) {
      expect((await send("DELETE", path, as))?.status).toBe(status);
      expect((await send("POST", `${path}/admit`, as))?.status).toBe(status);
    }
    const unknown = `/v1/sessions/${room.session.id}/participants/${crypto.randomUUID()}`;
    expect((await send("DELETE", unknown, own))?.status).toBe(404);
    expect((await send("POST", `${path}/admit`, own))?.status).toBe(404);
    expect((await send("DELETE", `/v1/sessions/${room.session.id}/participants/x`, own))?.status).toBe(404);
    const ada = await room.connect("client");
    expect(
      await ada.ask("participant:admit", { sessionId: room.session.id, participantId: room.client.id }),
    ).toMatchObject({ error: { code: "forbidden" } });
    ada.close();
  });

  test("what a person shows reaches everybody, is in the snapshot, and goes when they leave", async () => {
    const room = await openRoom(rooms);
    const { id: sessionId } = room.session;
    const ada = await room.connect("coach");
    await ada.ask("session:join", { sessionId });
    const maya = await room.connect("client");
    await maya.ask("session:join", { sessionId });
    expect(await maya.ask("participant:update", { sessionId, state: { hand: true } })).toEqual({ ok: true });
    for (const one of [ada, maya])
      expect(await one.next("participant:updated")).toEqual({
        sessionId,
        participantId: room.client.id,
        state: { hand: true },
      });
    const snapshot = await ada.ask("session:join", { sessionId });
    expect((snapshot["participants"] as Participant[]).map(({ state }) => state)).toEqual([
      {},
      { hand: true },
    ]);
    expect(
      await maya.ask("participant:update", { sessionId, state: { note: "x".repeat(1024) } }),
    ).toMatchObject({ error: { code: "invalid_request" } });
    await maya.ask("session:leave", { sessionId });
    expect(await maya.ask("participant:update", { sessionId, state: {} })).toMatchObject({
      error: { code: "forbidden" },
    });
    const back = await maya.ask("session:join", { sessionId });
    expect(back["self"]).toMatchObject({ state: {} });
    for (const one of [ada, maya]) one.close();
  });

  test("a signal goes to the others in the room, or to one of them, and to nobody outside", async () => {
    const room = await openRoom(rooms);
    const { id: sessionId } = room.session;
    const [ada, maya, gus] = [
      await room.connect("coach"),
      await room.connect("client"),
      await room.connectWith(guest),
    ];
    for (const one of [ada, maya]) await one.ask("session:join", { sessionId });
    const { self } = await gus.ask("session:join", { sessionId });
    const outside = await room.connectWith({ role: "guest", name: "Out" });
    const gusId = (self as Participant).participantId;
    expect(await ada.ask("signal", { sessionId, type: "typing", data: true })).toEqual({ ok: true });
    for (const one of [maya, gus])
      expect(await one.next("signal")).toEqual({
        sessionId,
        from: room.coach.id,
        type: "typing",
        data: true,
      });
    await maya.ask("signal", { sessionId, to: gusId, type: "offer", data: { sdp: "x".repeat(11_000) } });
    expect(await gus.next("signal", ({ type }) => type === "offer")).toMatchObject({
      from: room.client.id,
      to: gusId,
    });
    expect(
      await maya.ask("signal", { sessionId, to: crypto.randomUUID(), type: "offer", data: 1 }),
    ).toMatchObject({
      error: { code: "not_found" },
    });
    expect(await maya.ask("signal", { sessionId, type: "offer", data: "x".repeat(12 * 1024) })).toMatchObject(
      {
        error: { code: "invalid_request" },
      },
    );
    expect(await outside.ask("signal", { sessionId, type: "hello", data: 1 })).toMatchObject({
      error: { code: "forbidden" },
    });
    expect(ada.names()).not.toContain("signal");
    expect(outside.heard).toEqual([]);
    for (const one of [ada, maya, gus, outside]) one.close();
  });
});
