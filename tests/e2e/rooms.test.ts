import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { type Api, type Visitor, createApi, enterRoom } from "../../src/commands/demo/visitor.ts";
import type { RoomEvent } from "../../src/domain/room.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { type HubProcess, type Runtime, startHubProcess } from "../support/hub-process.ts";
import { type TestRedis, startRedis } from "../support/redis.ts";
import { waitFor } from "../support/wait.ts";

const key = `ck_${"r".repeat(40)}`;
let database: TestDatabase;
let hubs: HubProcess[];
let redis: TestRedis | null;

beforeEach(async () => {
  database = await createTestDatabase();
  hubs = [];
  redis = null;
});

afterEach(async () => {
  await Promise.all(hubs.map((hub) => hub.stop("SIGKILL")));
  await redis?.stop();
  await database.drop();
});

const startNodes = async (runtimes: readonly Runtime[], redisUrl: string): Promise<void> => {
  for (const runtime of runtimes) {
    const env = {
      DATABASE_URL: database.url,
      ADMIN_API_KEY: key,
      REDIS_URL: redisUrl,
      REDIS_PREFIX: `e2e-${database.url.slice(-32)}`,
      LEAVE_GRACE_SECONDS: "2",
    };
    hubs.push(await startHubProcess(env, runtime));
  }
};

const nodeOf = (index: number): HubProcess => {
  const hub = hubs[index];
  if (!hub) throw new Error(`there is no node ${index}`);
  return hub;
};

type Room = {
  api: Api;
  sessionId: string;
  clientId: string;
  enter(role: "coach" | "client", node: number, after?: number): Promise<Visitor>;
};

const openRoom = async (): Promise<Room> => {
  const api = createApi(nodeOf(0).url, key);
  const { id: coachId } = await api.post<{ id: string }>("/coaches", {
    name: "Ada",
    timeZone: "Europe/Berlin",
  });
  const { id: clientId } = await api.post<{ id: string }>("/clients", {
    name: "Maya",
    timeZone: "Europe/Berlin",
  });
  const startsAt = new Date(Date.now() + 60_000).toISOString();
  const booked = await api.post<{ session: { id: string } }>("/bookings", {
    coachId,
    clientId,
    startsAt,
    durationMinutes: 30,
  });
  const sessionId = booked.session.id;
  return {
    api,
    sessionId,
    clientId,
    enter: async (role, node, after) => {
      const { ticket } = await api.post<{ ticket: string }>(`/sessions/${sessionId}/join`, { as: role });
      return enterRoom({
        url: nodeOf(node).url,
        token: ticket,
        sessionId,
        ...(after === undefined ? {} : { after }),
      });
    },
  };
};

const logOf = async ({ api, sessionId }: Room): Promise<RoomEvent[]> =>
  (await api.get<{ data: RoomEvent[] }>(`/sessions/${sessionId}/events?limit=200`)).data;

describe.each<[Runtime, Runtime]>([
  ["node", "node"],
  ["node", "deno"],
])("on two nodes (%s, %s) and one Redis", (...runtimes) => {
  test("each sees the other's people; of a node that is killed they are missed, and who returns missed nothing", async () => {
    await startNodes(runtimes, inject("redisUrl"));
    const room = await openRoom();
    const ada = await room.enter("coach", 0);
    const maya = await room.enter("client", 1);
    await ada.next(
      "participant:joined",
      (event) => (event.data as { participantId: string }).participantId === room.clientId,
    );
    await ada.ask("message:send", { sessionId: room.sessionId, text: "here", clientMessageId: "1" });
    await maya.next("message:posted");
    const seen = maya.lastSeq();

    const killedAt = performance.now();
    await nodeOf(1).stop("SIGKILL");
    await ada.nextPresence(({ connections }) => connections === 0);
    expect(performance.now() - killedAt).toBeLessThan(6_500);
    await ada.ask("message:send", { sessionId: room.sessionId, text: "still here?", clientMessageId: "2" });
    await ada.next("participant:left");
    const back = await room.enter("client", 0, seen);
    expect((back.joined["events"] as RoomEvent[]).map(({ type }) => type)).toEqual([
      "message:posted",
      "participant:left",
      "participant:joined",
    ]);
    const types = (await logOf(room)).map(({ type }) => type);
    expect(types.filter((type) => type === "participant:left")).toHaveLength(1);
  });

  test("a node that was frozen and wakes brings its people back: nobody is a ghost, nobody left twice", async () => {
    await startNodes(runtimes, inject("redisUrl"));
    const room = await openRoom();
    const ada = await room.enter("coach", 0);
    const maya = await room.enter("client", 1);
    process.kill(nodeOf(1).pid, "SIGSTOP");
    try {
      await ada.nextPresence(({ connections }) => connections === 0);
      await ada.next("participant:left");
    } finally {
      process.kill(nodeOf(1).pid, "SIGCONT");
    }
    const isMaya = (event: RoomEvent) =>
      (event.data as { participantId: string }).participantId === room.clientId;
    await waitFor(
      () => ada.events().filter((event) => event.type === "participant:joined" && isMaya(event)).length === 2,
      {
        what: "her to be back",
      },
    );
    await maya.ask("message:send", {
      sessionId: room.sessionId,
      text: "what was that?",
      clientMessageId: "1",
    });
    await waitFor(() => maya.lastSeq() === ada.lastSeq(), { what: "both to have seen the same" });
    const seqs = maya.events().map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
    const { data } = await room.api.get<{ data: object[] }>(`/sessions/${room.sessionId}/participants`);
    expect(data).toMatchObject([{ status: "connected" }, { status: "connected", connections: 1 }]);
    expect((await logOf(room)).filter((event) => event.type === "participant:left")).toHaveLength(1);
  });

  test("a node that is asked to stop tells its people, loses no event, and leaves its sockets to the other", async () => {
    await startNodes(runtimes, inject("redisUrl"));
    const room = await openRoom();
    const ada = await room.enter("coach", 0);
    const maya = await room.enter("client", 1);
    await maya.ask("message:send", { sessionId: room.sessionId, text: "bye", clientMessageId: "1" });
    const seen = maya.lastSeq();
    expect(await nodeOf(1).stop("SIGTERM")).toBe(0);
    await ada.nextPresence(({ connections }) => connections === 0);
    const back = await room.enter("client", 0, seen);
    await ada.nextPresence(({ connections }) => connections === 1);
    expect(back.joined).toMatchObject({ recovered: true });
    expect((await logOf(room)).some(({ type }) => type === "participant:left")).toBe(false);
  });
});

describe.each<[Runtime]>([["node"], ["deno"]])("on %s", (runtime) => {
  test("a hub outlives its Redis: bookings and messages go on, readiness says so, and all is well when it is back", async () => {
    redis = await startRedis();
    await startNodes([runtime], redis.url);
    const room = await openRoom();
    const ada = await room.enter("coach", 0);
    const ready = async () =>
      (await (await fetch(`${nodeOf(0).url}/readyz`)).json()) as { status: string; redis: string };
    expect(await ready()).toMatchObject({ status: "ok", redis: "ok" });

    await redis.stop();
    await waitFor(async () => (await ready()).status === "degraded", { what: "the hub to notice" });
    const coach = await room.api.post<{ id: string }>("/coaches", {
      name: "Chen",
      timeZone: "Asia/Shanghai",
    });
    for (let n = 0; n < 10; n++) {
      const startsAt = new Date(Date.UTC(2040, 0, 1, n)).toISOString();
      await room.api.post("/bookings", {
        coachId: coach.id,
        clientId: room.clientId,
        startsAt,
        durationMinutes: 60,
      });
    }
    await ada.ask("message:send", { sessionId: room.sessionId, text: "alone", clientMessageId: "1" });
    await ada.next("message:posted");

    redis = await startRedis({ port: Number(new URL(redis.url).port) });
    await waitFor(async () => (await ready()).status === "ok", {
      what: "Redis to be back",
      timeoutMs: 10_000,
    });
    // It came back empty: the node tells it anew who is here.
    await waitFor(
      async () => {
        const { data } = await room.api.get<{ data: { status: string }[] }>(
          `/sessions/${room.sessionId}/participants`,
        );
        return data[0]?.status === "connected";
      },
      { what: "presence to be rebuilt", timeoutMs: 10_000 },
    );
    await room.enter("client", 0);
    await ada.next("session:started");
    await ada.ask("session:end", { sessionId: room.sessionId });
    await ada.next("summary:ready");
    expect(nodeOf(0).output()).not.toContain("unhandled");
    expect(await nodeOf(0).stop()).toBe(0);
  });
});
