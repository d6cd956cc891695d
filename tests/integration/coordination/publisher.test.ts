import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createMemoryPublisher } from "../../../src/coordination/publisher-memory.ts";
import { createRedisPublisher } from "../../../src/coordination/publisher-redis.ts";
import type { Publisher, RoomNews } from "../../../src/coordination/publisher.ts";
import { waitFor } from "../../support/wait.ts";

const log = { error: () => {}, warn: () => {}, debug: () => {} };
const clients: Redis[] = [];
let prefix: string;

beforeAll(() => {
  prefix = `publisher-${crypto.randomUUID()}`;
});

afterAll(() => {
  for (const client of clients) client.disconnect();
});

const onRedis = (): Publisher => {
  const [redis, subscriber] = [new Redis(inject("redisUrl")), new Redis(inject("redisUrl"))];
  clients.push(redis, subscriber);
  return createRedisPublisher({ redis, subscriber, prefix, log });
};

const news: RoomNews = {
  sessionId: "s",
  coachId: "c",
  events: [
    {
      sessionId: "s",
      seq: 7,
      id: "e",
      type: "message:posted",
      at: new Date("2030-01-07T10:00:00.123Z"),
      actor: { type: "system", id: "courtside" },
      data: { text: "hello" },
    },
  ],
};

describe.each<[string, () => Publisher]>([
  ["in memory", () => createMemoryPublisher(log)],
  ["on Redis", onRedis],
])("a publisher %s", (_, create) => {
  test("tells this node's listeners, each once, and one that fails keeps nothing from the others", async () => {
    const publisher = create();
    const heard: RoomNews[] = [];
    let outbox = 0;
    publisher.onRoomNews(() => {
      throw new Error("a listener's own trouble");
    });
    publisher.onRoomNews((told) => heard.push(told));
    const stop = publisher.onOutboxNews(() => (outbox += 1));
    publisher.publishRoomNews(news);
    publisher.publishOutboxNews();
    await waitFor(() => heard.length === 1 && outbox === 1, { what: "the news" });
    stop();
    publisher.publishOutboxNews();
    publisher.publishRoomNews(news);
    await waitFor(() => heard.length === 2, { what: "more news" });
    expect([heard[0], outbox]).toEqual([news, 1]);
    await publisher.close();
  });
});

test("on Redis the other nodes hear the same, dates and all, and nobody hears themselves twice", async () => {
  const [a, b] = [onRedis(), onRedis()];
  const heard: Record<"a" | "b", RoomNews[]> = { a: [], b: [] };
  a.onRoomNews((told) => heard.a.push(told));
  b.onRoomNews((told) => heard.b.push(told));
  // The subscription is under way when a publisher is made: the first news may come before it.
  await waitFor(
    () => {
      a.publishRoomNews(news);
      return heard.b.length > 0;
    },
    { what: "the other node to hear" },
  );
  expect(heard.b[0]).toEqual(news);
  const sent = heard.a.length;
  b.publishRoomNews(news);
  await waitFor(() => heard.a.length === sent + 1, { what: "news from the other node" });
  await Promise.all([a.close(), b.close()]);
});

test("on Redis what cannot be read is passed over", async () => {
  const publisher = onRedis();
  const heard: RoomNews[] = [];
  publisher.onRoomNews((told) => heard.push(told));
  const stranger = new Redis(inject("redisUrl"));
  clients.push(stranger);
  await waitFor(async () => (await stranger.publish(`${prefix}:news`, "{")) > 0, {
    what: "the subscription",
  });
  await stranger.publish(
    `${prefix}:news`,
    JSON.stringify({ from: "x", rooms: [{ ...news, sessionId: "later" }] }),
  );
  await waitFor(() => heard.some(({ sessionId }) => sessionId === "later"), { what: "what can be read" });
  await publisher.close();
});
