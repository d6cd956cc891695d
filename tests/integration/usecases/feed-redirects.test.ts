import { once } from "node:events";
import { type Server, createServer } from "node:https";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createOutboundHttp } from "../../../src/outbound/http.ts";
import { fetchFeed } from "../../../src/usecases/calendars/fetch-feed.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { makeCertificate } from "../../support/certificate.ts";
import { type FeedServer, startFeedServer } from "../../support/feed-server.ts";

const trusted = getCACertificates("default");
const certificate = makeCertificate("secure.example");

let world: TestApp;
let elsewhere: FeedServer;
let secure: Server;
let secureUrl: string;
/** Where the secure server leads to. */
let location = "";

beforeAll(async () => {
  world = await createTestApp();
  setDefaultCACertificates([...trusted, certificate.authority]);
  secure = createServer(certificate, ({ url }, response) => {
    if (url === "/feed.ics") response.end("a feed");
    else response.writeHead(302, { location }).end();
  });
  await once(secure.listen(0, "127.0.0.1"), "listening");
  secureUrl = `https://secure.example:${(secure.address() as { port: number }).port}`;
});

afterAll(async () => {
  setDefaultCACertificates(trusted);
  await new Promise((resolve) => secure.close(resolve));
  await world.close();
});

beforeEach(async () => {
  elsewhere = await startFeedServer();
  elsewhere.answer("what nobody should read");
});

afterEach(() => elsewhere.close());

/** Loopback passes for the world, but for one name: that one has no address which may be called. */
const outbound = createOutboundHttp({
  allowPrivateTargets: true,
  resolve: (name) => Promise.resolve([name === "inside.example" ? "refused" : "127.0.0.1"]),
});
const fetch = (url: string) => fetchFeed({ ...world.app, outbound }, { url, etag: null, lastModified: null });

test("a redirect is followed within HTTPS, and from HTTP to it", async () => {
  location = "/feed.ics";
  await expect(fetch(`${secureUrl}/moved`)).resolves.toMatchObject({ kind: "feed", text: "a feed" });
  elsewhere.answer((_, response) => response.writeHead(301, { location: `${secureUrl}/feed.ics` }).end());
  await expect(fetch(elsewhere.url)).resolves.toMatchObject({ kind: "feed", text: "a feed" });
});

test("a redirect out of HTTPS is refused, and nobody is asked there", async () => {
  location = elsewhere.url;
  await expect(fetch(`${secureUrl}/moved`)).rejects.toMatchObject({
    name: "FeedError",
    message: "The address leads from https to an address without encryption.",
  });
  expect(elsewhere.asked).toEqual([]);
});

test("a redirect to an address that may not be called is refused, and nobody is asked there", async () => {
  const { port } = new URL(elsewhere.url);
  for (const leadsTo of [`http://inside.example:${port}/`, `http://user:word@127.0.0.1:${port}/`]) {
    elsewhere.asked.length = 0;
    elsewhere.answer((_, response) => response.writeHead(302, { location: leadsTo }).end());
    await expect(fetch(`${elsewhere.url}/moved`)).rejects.toMatchObject({
      name: "FeedError",
      message: expect.stringMatching(/may not be called|must not hold a user/),
    });
    expect(elsewhere.asked.map(({ path }) => path)).toEqual(["/moved"]);
  }
});
