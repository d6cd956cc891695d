import files from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { afterAll, beforeAll, expect, test } from "vitest";
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

test("the join page's files are served by a node that could not read them a moment ago", async () => {
  const { readFile } = files;
  files.readFile = () => Promise.reject(new Error("EMFILE: too many open files"));
  syncBuiltinESMExports();
  try {
    expect((await hub.send("GET", "/join/page.js")).status).toBe(500);
  } finally {
    files.readFile = readFile;
    syncBuiltinESMExports();
  }
  for (const file of ["page.js", "style.css", "socket.io-client.js", "client/client.ts"])
    expect([file, (await hub.send("GET", `/join/${file}`)).status]).toEqual([file, 200]);
  expect((await hub.send("GET", "/join/client/nothing.ts")).status).toBe(404);
});
