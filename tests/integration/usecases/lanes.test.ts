import { afterEach, beforeEach, expect, test } from "vitest";
import { lockNames } from "../../../src/db/locks.ts";
import { DomainError } from "../../../src/domain/errors.ts";
import type { Principal } from "../../../src/domain/principal.ts";
import type { RequestContext } from "../../../src/usecases/context.ts";
import { bookSession } from "../../../src/usecases/bookings/book.ts";
import { AlreadyAnswered } from "../../../src/usecases/idempotency.ts";
import { createHold } from "../../../src/usecases/holds/create.ts";
import { laneOfCoach } from "../../../src/usecases/lanes/job.ts";
import { createPool } from "../../../src/usecases/pools/create.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";

/**
 * Two nodes on one database whose lanes know nothing of one another, as when Redis is gone: what holds here is held by
 * the database alone.
 */
let nodes: [TestApp, TestApp];
const principal: Principal = { kind: "key", id: crypto.randomUUID(), name: "tests", scope: "admin" };
const context: RequestContext = { principal, requestId: "lanes" };

beforeEach(async () => {
  const first = await createTestApp();
  nodes = [first, await createTestApp({}, first)];
});

afterEach(async () => {
  await nodes[1].close();
  await nodes[0].close();
});

const node = (n: number): TestApp => nodes[n % 2] ?? nodes[0];
const hour = (n: number): Date => new Date(Date.UTC(2030, 0, 1, n));
const codeOf = (error: unknown): string =>
  error instanceof DomainError ? error.code : error instanceof AlreadyAnswered ? "answered" : String(error);

/** How each of these came out: `ok`, or the code of its refusal. */
const outcomes = async (all: readonly Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(all)).map((one) => (one.status === "fulfilled" ? "ok" : codeOf(one.reason)));

const deadlocks = async (): Promise<number> => {
  const [row] = await nodes[0].db<[{ deadlocks: number }]>`
    SELECT deadlocks::int AS deadlocks FROM pg_stat_database WHERE datname = current_database()`;
  return row.deadlocks;
};

test("nodes that cannot agree with one another sell a slot once, and nobody has to be asked twice", async () => {
  const coach = await nodes[0].makeCoach();
  const clients = await Promise.all(Array.from({ length: 20 }, () => nodes[0].makeClient()));
  const retries: unknown[] = [];
  for (const { app } of nodes) app.log.warn = (...said: unknown[]) => void retries.push(said);
  for (let round = 0; round < 10; round++) {
    const all = clients.map(({ id }, n) =>
      bookSession(node(n).app, context, {
        coachId: coach.id,
        clientId: id,
        startsAt: hour(round),
        durationMinutes: 60,
      }),
    );
    const came = await outcomes(all);
    expect(came.filter((one) => one === "ok")).toHaveLength(1);
    expect(came.filter((one) => one === "slot_unavailable")).toHaveLength(19);
  }
  expect(retries).toEqual([]);
});

test("batches of many coaches and pools at once never deadlock", async () => {
  const coaches = await Promise.all(Array.from({ length: 12 }, () => nodes[0].makeCoach()));
  const client = await nodes[0].makeClient();
  const members = coaches.map(({ id }) => ({ coachId: id }));
  const pools = await Promise.all(
    [members, members.toReversed(), members.slice(3, 9)].map((own) =>
      createPool(nodes[0].app, context, { name: "P", members: own }),
    ),
  );
  const asked = Array.from({ length: 240 }, (_, n) => {
    const target = n % 3 === 0 ? { poolId: pools[(n / 3) % 3]?.id } : { coachId: coaches[(n * 7) % 12]?.id };
    const input = {
      ...target,
      clientId: client.id,
      startsAt: hour(n % 40),
      durationMinutes: 30 + (n % 3) * 15,
    };
    return bookSession(node(n).app, context, input);
  });
  const came = await outcomes(asked);
  expect(came.filter((one) => one !== "ok" && one !== "slot_unavailable")).toEqual([]);
  expect(came.filter((one) => one === "ok").length).toBeGreaterThan(100);
  expect(await deadlocks()).toBe(0);
});

test("a pool's shares stay within one assignment of their targets when both nodes assign at once", async () => {
  const coaches = await Promise.all(Array.from({ length: 3 }, () => nodes[0].makeCoach()));
  const client = await nodes[0].makeClient();
  const pool = await createPool(nodes[0].app, context, {
    name: "P",
    members: coaches.map(({ id }, n) => ({ coachId: id, weight: [300, 200, 100][n] })),
  });
  const booked = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      bookSession(node(n).app, context, {
        poolId: pool.id,
        clientId: client.id,
        startsAt: hour(n),
        durationMinutes: 60,
      }),
    ),
  );
  for (const [index, target] of [30, 20, 10].entries()) {
    const count = booked.filter(({ booking }) => booking.coachId === coaches[index]?.id).length;
    expect(Math.abs(count - target)).toBeLessThanOrEqual(1);
  }
});

test("one key is for one request, also when two of them, for different coaches, come at the same moment", async () => {
  const client = await nodes[0].makeClient();
  for (let round = 0; round < 10; round++) {
    const key = `key-${round}`;
    const all = Array.from({ length: 4 }, async (_, n) => {
      const coach = await nodes[0].makeCoach();
      const idempotency = {
        caller: "key:tests",
        route: "POST /v1/bookings",
        key,
        fingerprint: `request ${n}`,
        toAnswer: () => ({ status: 201, body: "{}", etag: null }),
      };
      const input = { coachId: coach.id, clientId: client.id, startsAt: hour(round), durationMinutes: 60 };
      return () => bookSession(node(n).app, { ...context, idempotency }, input);
    });
    const ready = await Promise.all(all);
    const came = await outcomes(ready.map((start) => start()));
    expect(came.toSorted()).toEqual([
      "idempotency_key_reused",
      "idempotency_key_reused",
      "idempotency_key_reused",
      "ok",
    ]);
  }
});

test("a request that is in its batch twice is done once, and told twice", async () => {
  const coach = await nodes[0].makeCoach();
  const idempotency = {
    caller: "key:tests",
    route: "POST /v1/holds",
    key: "twin",
    fingerprint: "the same",
    toAnswer: () => ({ status: 201, body: "{}", etag: null }),
  };
  const input = { coachId: coach.id, startsAt: hour(0), durationMinutes: 60 };
  const hold = () => createHold(nodes[0].app, { ...context, idempotency }, input);
  const before = nodes[0].app.lanes.figures.batches;
  expect(await outcomes([hold(), hold()])).toEqual(["ok", "answered"]);
  expect(nodes[0].app.lanes.figures.batches).toBe(before + 1);
});

test("a client has five holds at most, also when both nodes are asked for more at once", async () => {
  const client = await nodes[0].makeClient();
  const coaches = await Promise.all(Array.from({ length: 16 }, () => nodes[0].makeCoach()));
  const came = await outcomes(
    coaches.map(({ id }, n) =>
      createHold(node(n).app, context, {
        coachId: id,
        clientId: client.id,
        startsAt: hour(n),
        durationMinutes: 60,
      }),
    ),
  );
  expect(came.filter((one) => one === "ok")).toHaveLength(5);
  expect(came.filter((one) => one === "too_many_holds")).toHaveLength(11);
});

test("a client who is not known yet is made once, however many book for them at once", async () => {
  const coaches = await Promise.all(Array.from({ length: 12 }, () => nodes[0].makeCoach()));
  const email = `new-${crypto.randomUUID()}@example.com`;
  const booked = await Promise.all(
    coaches.map(({ id }, n) =>
      bookSession(node(n).app, context, {
        coachId: id,
        client: { name: "New", email },
        startsAt: hour(n),
        durationMinutes: 60,
      }),
    ),
  );
  expect(new Set(booked.map(({ booking }) => booking.clientId)).size).toBe(1);
});

test("a coach whose lane somebody froze in is unavailable, and the others of the batch are booked", async () => {
  const [stuck, free] = [await nodes[0].makeCoach(), await nodes[0].makeCoach()];
  const client = await nodes[0].makeClient();
  const frozen = await nodes[1].db.reserve();
  try {
    // As somebody who is stuck in a statement: one who is idle is ended by Postgres after a while.
    await frozen`SET idle_in_transaction_session_timeout = 0`;
    await frozen`BEGIN`;
    await lockNames(frozen, [laneOfCoach(stuck.id)]);
    const startedAt = performance.now();
    const came = await outcomes(
      [stuck, free, stuck, free].map(({ id }, n) =>
        bookSession(nodes[0].app, context, {
          coachId: id,
          clientId: client.id,
          startsAt: hour(n),
          durationMinutes: 60,
        }),
      ),
    );
    expect(came[1]).toBe("ok");
    expect(came[3]).toBe("ok");
    expect([came[0], came[2]].every((one) => one !== "ok")).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  } finally {
    await frozen`ROLLBACK`;
    frozen.release();
  }
  const input = { coachId: stuck.id, clientId: client.id, startsAt: hour(0), durationMinutes: 60 };
  expect(await outcomes([bookSession(nodes[0].app, context, input)])).toEqual(["ok"]);
});

test("one job that cannot be written fails alone, and the others of its batch are booked", async () => {
  const coach = await nodes[0].makeCoach();
  const client = await nodes[0].makeClient();
  const bad = { from: "\u0000" };
  const all = Array.from({ length: 5 }, (_, n) =>
    bookSession(nodes[0].app, context, {
      coachId: coach.id,
      clientId: client.id,
      startsAt: hour(n),
      durationMinutes: 60,
      // Postgres takes no NUL; the API refuses it long before, so this stands for any fault of ours.
      ...(n === 2 ? { metadata: bad } : {}),
    }),
  );
  const came = await outcomes(all);
  expect(came.map((one) => (one === "ok" ? one : "failed"))).toEqual(["ok", "ok", "failed", "ok", "ok"]);
});
