import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApiKey } from "../../../src/usecases/access/api-keys.ts";
import { waitFor } from "../../support/wait.ts";
import { operations } from "../../../src/http/routes.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type Served, serve } from "../../support/serve.ts";

let world: TestApp;
let hub: Served;

beforeAll(async () => {
  world = await createTestApp();
  hub = await serve(world);
});

afterAll(async () => {
  await hub.close();
  await world.close();
});

describe("a credential", () => {
  const status = async (headers: Record<string, string>) => {
    const { status: code, body, headers: answered } = await hub.send("GET", "/v1/sessions", { headers });
    return [code, body["code"], answered.get("www-authenticate")];
  };

  test("is an API key in either header, or a token", async () => {
    const token = await world.userToken("admin", "root");
    expect(await status({ "x-api-key": world.keys.read })).toEqual([200, undefined, null]);
    expect(await status({ authorization: `Bearer ${world.keys.read}` })).toEqual([200, undefined, null]);
    expect(await status({ authorization: `bearer ${token}` })).toEqual([200, undefined, null]);
  });

  test("that is missing, unknown, revoked, expired, forged, of another kind or doubled is refused with 401", async () => {
    const coach = await world.makeCoach();
    const { session } = await world.makeBooking({ coach, client: await world.makeClient() });
    const ticket = await hub.send("POST", `/v1/sessions/${session.id}/join`, {
      as: world.keys.admin,
      body: { as: "coach" },
    });
    const none = btoa('{"alg":"none"}').replaceAll("=", "");
    const claims = btoa(JSON.stringify({ sub: coach.id, role: "admin", exp: 4e9 })).replaceAll("=", "");
    await world.db`UPDATE api_keys SET revoked_at = now() WHERE name = 'bookings'`;
    for (const headers of [
      {},
      { "x-api-key": "ck_nobodys" },
      { "x-api-key": world.keys.bookings },
      { authorization: `Bearer ${none}.${claims}.` },
      { authorization: `Bearer ${(await world.userToken("admin", "root")).slice(0, -4)}AAAA` },
      { authorization: `Bearer ${await world.userToken("coach", crypto.randomUUID())}` },
      { authorization: `Bearer ${String(ticket.body["ticket"])}` },
      { authorization: "Basic YTpi" },
      { authorization: `Bearer ${world.keys.read}`, "x-api-key": world.keys.admin },
    ]) {
      expect(await status(headers)).toEqual([401, "unauthenticated", "Bearer"]);
    }
    const expired = await world.userToken("coach", coach.id, -60);
    expect(await status({ authorization: `Bearer ${expired}` })).toEqual([401, "token_expired", "Bearer"]);
  });
});

test("a key that is revoked while it is in use stops within a second or so", async () => {
  const { id, key } = await createApiKey(world.app, { name: "short-lived", scope: "read" });
  const status = async () => (await hub.send("GET", "/v1/coaches", { as: key })).status;
  expect(await status()).toBe(200);
  await world.db`UPDATE api_keys SET revoked_at = now() WHERE id = ${id}`;
  const revokedAt = performance.now();
  await waitFor(async () => (await status()) === 401, { what: "the key to be refused" });
  expect(performance.now() - revokedAt).toBeLessThan(2_000);
});

describe("the server", () => {
  test("says what it is and that it is ready, to anybody", async () => {
    expect((await hub.send("GET", "/healthz")).body).toEqual({ status: "ok" });
    const ready = await hub.send("GET", "/readyz");
    expect([ready.status, ready.body]).toEqual([
      200,
      { status: "ok", database: "ok", migrations: "current", redis: "off" },
    ]);
  });

  test("tells a path that is not there from a method that is not allowed", async () => {
    const nowhere = await hub.send("GET", "/v1/nowhere", { as: world.keys.admin });
    expect([nowhere.status, nowhere.body["code"]]).toEqual([404, "not_found"]);
    const wrong = await hub.send("DELETE", "/v1/coaches", { as: world.keys.admin });
    expect([wrong.status, wrong.body["code"], wrong.headers.get("allow")]).toEqual([
      405,
      "method_not_allowed",
      "POST, GET",
    ]);
  });

  test("takes a request id that is one, and makes one otherwise", async () => {
    const given = await hub.send("GET", "/healthz", { headers: { "x-request-id": "crm:42" } });
    const made = await hub.send("GET", "/healthz", { headers: { "x-request-id": "no spaces please" } });
    expect(given.headers.get("x-request-id")).toBe("crm:42");
    expect(made.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("keeps answers out of caches and tells nobody of its faults", async () => {
    expect((await hub.send("GET", "/v1/coaches", { as: world.keys.read })).headers.get("cache-control")).toBe(
      "no-store",
    );
    await world.db`ALTER TABLE coaches RENAME TO elsewhere`;
    try {
      const fault = await hub.send("GET", "/v1/coaches", { as: world.keys.read });
      expect([fault.status, fault.body["code"]]).toEqual([500, "internal"]);
      expect(fault.text).not.toContain("relation");
    } finally {
      await world.db`ALTER TABLE elsewhere RENAME TO coaches`;
    }
  });

  test("documents every operation from the schemas that validate, and serves the page without a network", async () => {
    const { body } = await hub.send("GET", "/openapi.json");
    const paths = body["paths"] as Record<string, Record<string, { operationId: string; responses: object }>>;
    const ids = Object.values(paths).flatMap((item) =>
      Object.values(item).map(({ operationId }) => operationId),
    );
    expect(ids).toHaveLength(operations.length);
    expect(new Set(ids).size).toBe(operations.length);
    const booking = paths["/v1/bookings"]?.["post"];
    expect(Object.keys(booking?.responses ?? {})).toEqual(
      expect.arrayContaining(["200", "201", "409", "422"]),
    );
    expect(await new Validator().validate(body)).toMatchObject({ valid: true });
    const live = await hub.send("GET", "/asyncapi.json");
    expect(live).toMatchObject({ status: 200, body: { asyncapi: "3.0.0" } });
    const page = await hub.send("GET", "/docs");
    expect(page.text).not.toMatch(/(?:src|href)="https?:/);
    for (const [, path] of page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      expect([path, (await hub.send("GET", path ?? "")).status]).toEqual([path, 200]);
    }
  });
});
