import { type ChildProcessByStdio, spawn } from "node:child_process";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type Server, type Socket, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { createServer as createTlsServer } from "node:tls";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { OutboundRequest } from "../../../src/outbound/http.ts";
import { makeCertificate } from "../../support/certificate.ts";
import { type DnsServer, type Zone, startDnsServer } from "../../support/dns-server.ts";
import type { Call, Calls, Outcome, Outcomes } from "../../support/outbound-calls.ts";
import { waitFor } from "../../support/wait.ts";

const root = join(import.meta.dirname, "../../..");
const good = makeCertificate("good.example");
const stranger = makeCertificate("good.example");

/** Answers each connection as it likes; knows how many came, how many are open and what they said. */
type Target = { port: number; accepted(): number; open(): number; said(): string; close(): Promise<void> };

const targets: Target[] = [];
const nameServers: DnsServer[] = [];

const serveNames = async (zone: Zone): Promise<DnsServer> => {
  const server = await startDnsServer(zone);
  nameServers.push(server);
  return server;
};

type Answer = (socket: Socket, request: string) => void;

const listen = async (answer: Answer, tls?: { key: string; cert: string }): Promise<Target> => {
  const sockets = new Set<Socket>();
  let accepted = 0;
  let said = "";
  const take = (socket: Socket): void => {
    socket.on("error", () => {});
    let head = "";
    socket.on("data", (chunk: Buffer) => {
      const before = head.includes("\r\n\r\n");
      head += chunk.toString();
      said += chunk.toString();
      if (!before && head.includes("\r\n\r\n")) answer(socket, head);
    });
  };
  const count = (socket: Socket): void => {
    accepted += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  };
  const server: Server = tls ? createTlsServer(tls, take) : createServer(take);
  server.on("connection", count);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const target: Target = {
    port: (server.address() as { port: number }).port,
    accepted: () => accepted,
    open: () => sockets.size,
    said: () => said,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  targets.push(target);
  return target;
};

const text =
  (status: string, headers: string[], body = ""): Answer =>
  (socket) =>
    void socket.write([`HTTP/1.1 ${status}`, ...headers, "", body].join("\r\n"));

const hello = text("200 OK", ["content-length: 5"], "hello");

/** Writes one piece after the other for as long as somebody listens. */
const drip = async (socket: Socket, first: string, piece: string): Promise<void> => {
  socket.write(first);
  while (socket.writable) {
    socket.write(piece);
    await delay(20);
  }
};

afterEach(async () => {
  for (const server of [...targets.splice(0), ...nameServers.splice(0)]) await server.close();
});

let folder = "";
let authorityFile = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "courtside-outbound-"));
  authorityFile = join(folder, "authority.pem");
  await writeFile(authorityFile, good.authority);
});

afterAll(() => rm(folder, { recursive: true }));

describe.each(["node", "deno"] as const)("on %s", (runtime) => {
  let child: ChildProcessByStdio<Writable, Readable, null>;
  const waiting = new Map<number, (outcomes: Outcomes) => void>();

  beforeAll(() => {
    const command = runtime === "node" ? [] : ["run", "-A"];
    child = spawn(
      join(root, "node_modules/.bin", runtime),
      [...command, join(root, "tests/support/outbound-calls.ts")],
      {
        stdio: ["pipe", "pipe", "inherit"],
        env: {
          PATH: process.env["PATH"],
          HOME: process.env["HOME"],
          NODE_NO_WARNINGS: "1",
          NODE_EXTRA_CA_CERTS: authorityFile,
          // What would weaken a client that listens to the environment: whoever ran it, the guard holds.
          NODE_TLS_REJECT_UNAUTHORIZED: "0",
          NODE_USE_ENV_PROXY: "1",
          HTTP_PROXY: "http://127.0.0.1:1",
          HTTPS_PROXY: "http://127.0.0.1:1",
        },
      },
    );
    createInterface({ input: child.stdout }).on("line", (line) => {
      const outcomes = JSON.parse(line) as Outcomes;
      waiting.get(outcomes.id)?.(outcomes);
    });
  });

  afterAll(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "exit");
    if (child.exitCode !== 0)
      throw new Error("the program fell over something, or was left with something open");
  });

  let asked = 0;
  const ask = (
    calls: Call[],
    { allowPrivateTargets = false, ...options }: Partial<Omit<Calls, "id" | "calls">> = {},
  ): Promise<Outcomes> => {
    const id = ++asked;
    const { promise, resolve } = Promise.withResolvers<Outcomes>();
    waiting.set(id, resolve);
    const message: Calls = { id, calls, allowPrivateTargets, ...options };
    child.stdin.write(`${JSON.stringify(message)}\n`);
    return promise;
  };

  const get = (url: string, more: Partial<OutboundRequest> = {}): Call => ({
    send: { method: "GET", url, timeoutMs: 5_000, maxBytes: 1_000, ...more },
  });

  /** One call where private targets are allowed, which leads to the tests' own servers. */
  const call = async (
    url: string,
    more: Partial<OutboundRequest> = {},
    names?: Calls["names"],
  ): Promise<Outcome> => {
    const { outcomes } = await ask([get(url, more)], {
      allowPrivateTargets: true,
      ...(names ? { names } : {}),
    });
    return outcomes[0] as Outcome;
  };

  const allClosed = (target: Target): Promise<unknown> =>
    waitFor(() => target.open() === 0, { what: "the connections to be closed" });

  describe("a call", () => {
    test("carries method, path, headers and body, and brings back the answer", async () => {
      const target = await listen(
        text("201 Created", ["X-Thing: a", "Set-Cookie: b", "Set-Cookie: c", "content-length: 6"], "grüß"),
      );
      const outcome = await call(
        `http://hub.example:${target.port}/a%20b/c?d=e#f`,
        {
          method: "POST",
          headers: { "Content-Type": "text/plain", Host: "other.example", "Accept-Encoding": "gzip" },
          body: "schön",
        },
        { "hub.example": [["127.0.0.1"]] },
      );
      expect(outcome.answer).toEqual({
        status: 201,
        headers: { "x-thing": "a", "set-cookie": "b, c", "content-length": "6" },
        body: "grüß",
      });
      const [head = "", body] = target.said().split("\r\n\r\n");
      const [first, ...lines] = head.split("\r\n");
      expect(first).toBe("POST /a%20b/c?d=e HTTP/1.1");
      expect(lines.map((line) => line.toLowerCase()).toSorted()).toEqual([
        "accept-encoding: identity",
        "accept: */*",
        "connection: close",
        "content-length: 6",
        "content-type: text/plain",
        `host: hub.example:${target.port}`,
        "user-agent: courtside",
      ]);
      expect(body).toBe("schön");
    });

    test("finds names as the machine does where private targets are allowed", async () => {
      const target = await listen(hello);
      const outcome = await call(`http://localhost:${target.port}/`);
      expect(outcome.answer?.body).toBe("hello");
    });

    test("has a connection to itself, which is closed after it even if the server would keep it", async () => {
      const target = await listen(text("200 OK", ["connection: keep-alive", "content-length: 0"]));
      const url = `http://127.0.0.1:${target.port}/`;
      const { outcomes } = await ask([get(url), get(url)], { allowPrivateTargets: true });
      expect(outcomes.map(({ answer }) => answer?.status)).toEqual([200, 200]);
      expect(target.accepted()).toBe(2);
      await allClosed(target);
    });

    test("does not follow a redirect", async () => {
      const elsewhere = await listen(hello);
      const location = `http://127.0.0.1:${elsewhere.port}/`;
      const target = await listen(text("302 Found", [`location: ${location}`, "content-length: 0"]));
      const { answer } = await call(`http://127.0.0.1:${target.port}/`);
      expect(answer).toMatchObject({ status: 302, headers: { location } });
      expect(elsewhere.accepted()).toBe(0);
    });

    test("takes an answer without a length, and one without a body", async () => {
      const target = await listen((socket, request) => {
        if (request.startsWith("GET /none")) socket.write("HTTP/1.1 304 Not Modified\r\netag: x\r\n\r\n");
        else socket.end("HTTP/1.0 200 OK\r\n\r\nall of it");
      });
      expect((await call(`http://127.0.0.1:${target.port}/`)).answer?.body).toBe("all of it");
      const none = await call(`http://127.0.0.1:${target.port}/none`);
      expect(none.answer).toMatchObject({ status: 304, headers: { etag: "x" }, body: "" });
    });

    test("unpacks nothing", async () => {
      const target = await listen(text("200 OK", ["content-encoding: gzip", "content-length: 5"], "abcde"));
      const { answer } = await call(`http://127.0.0.1:${target.port}/`);
      expect(answer).toMatchObject({ status: 200, headers: { "content-encoding": "gzip" }, body: "" });
    });

    test("goes on to the next address of a name where one does not answer", async () => {
      const target = await listen(hello);
      const names = { "hub.example": [["::1", "127.0.0.1"]] };
      const outcome = await call(`http://hub.example:${target.port}/`, {}, names);
      expect(outcome.answer?.body).toBe("hello");
    });

    test("knocks at a few addresses of a name, not at all that it has", async () => {
      const target = await listen(hello);
      const addresses = [...Array.from({ length: 50 }, () => "::1"), "127.0.0.1"];
      const names = { "hub.example": [addresses] };
      const { error } = await call(`http://hub.example:${target.port}/`, {}, names);
      expect(error).toMatchObject({ reason: "unreachable" });
      expect(target.accepted()).toBe(0);
    });

    test("says that nobody is there without saying where", async () => {
      const target = await listen(hello);
      await target.close();
      const names = { "hub.example": [["127.0.0.1"]] };
      const { error } = await call(`http://hub.example:${target.port}/`, {}, names);
      expect(error).toMatchObject({ name: "OutboundError", reason: "unreachable", status: null });
      expect(error?.message).not.toContain("127.0.0.1");
    });
  });

  describe("where a call may lead", () => {
    const refusedAs = { name: "OutboundError", reason: "refused_target" };

    test.each([
      ["IPv4", "127.0.0.1"],
      ["a number", "2130706433"],
      ["octal", "0177.0.0.1"],
      ["octal, all of it", "017700000001"],
      ["hexadecimal", "0x7f000001"],
      ["hexadecimal parts", "0x7f.0x0.0x0.0x1"],
      ["short", "127.1"],
      ["shorter", "0"],
      ["with a dot", "127.0.0.1."],
      ["percent-encoded", "%31%32%37.0.0.1"],
      ["full-width digits", "１２７.0.0.1"],
      ["circled digits", "①②⑦.⓪.⓪.①"],
      ["ideographic dots", "127。0。0。1"],
      ["IPv6", "[::1]"],
      ["IPv6 in full", "[0000:0000:0000:0000:0000:0000:0000:0001]"],
      ["unspecified IPv6", "[::]"],
      ["mapped", "[::ffff:127.0.0.1]"],
      ["mapped, hexadecimal", "[::ffff:7f00:1]"],
      ["mapped, in full", "[0:0:0:0:0:FFFF:7F00:0001]"],
      ["compatible", "[::127.0.0.1]"],
      ["NAT64", "[64:ff9b::127.0.0.1]"],
      ["6to4", "[2002:7f00:1::]"],
    ])("refuses this machine's own address, written as %s", async (_, host) => {
      const target = await listen(hello);
      const url = `http://${host}:${target.port}/`;
      const { outcomes } = await ask([{ check: url }, get(url)]);
      expect(outcomes[0]?.error).toMatchObject({ name: "DomainError", path: "url" });
      expect(outcomes[1]?.error).toMatchObject(refusedAs);
      expect(target.accepted()).toBe(0);
    });

    test.each(["localhost", "LOCALHOST", "a.localhost", "localhost.", "localhost。", "hub.example."])(
      "refuses the name %s before it is looked up",
      async (host) => {
        const url = `http://${host}/`;
        const { outcomes, lookups } = await ask([{ check: url }, get(url)], { names: {} });
        expect(outcomes[0]?.error).toMatchObject({ name: "DomainError", path: "url" });
        expect(outcomes[1]?.error).toMatchObject(refusedAs);
        expect(lookups).toEqual([]);
      },
    );

    test.each([
      ["no URL", "hub.example"],
      ["another scheme", "ftp://hub.example/"],
      ["a file", "file:///etc/passwd"],
      ["data", "data:text/plain,hello"],
      ["a user", "https://user@hub.example/"],
      ["a password", "https://:secret@hub.example/"],
      ["a line break", "https://hub.example/\r\nx: y"],
      ["a space around it", " https://hub.example/"],
      ["no host", "https:///"],
      ["too much", `https://hub.example/${"a".repeat(2_048)}`],
    ])("refuses %s also where private targets are allowed", async (_, url) => {
      const names = { "hub.example": [["127.0.0.1"]] };
      const { outcomes, lookups } = await ask([{ check: url }, get(url)], {
        names,
        allowPrivateTargets: true,
      });
      expect(outcomes[0]?.error).toMatchObject({ name: "DomainError", path: "url" });
      expect(outcomes[0]?.error?.message).not.toContain("secret");
      expect(outcomes[1]?.error).toMatchObject(refusedAs);
      expect(lookups).toEqual([]);
    });

    test("accepts a name with public addresses, and refuses it once it leads inside", async () => {
      const target = await listen(hello);
      const url = `http://rebinding.example:${target.port}/`;
      const names = { "rebinding.example": [["93.184.216.34"], ["127.0.0.1"]] };
      const { outcomes, lookups } = await ask([{ check: url }, get(url), { check: url }], { names });
      expect(outcomes[0]?.error).toBeUndefined();
      expect(outcomes[1]?.error).toMatchObject(refusedAs);
      expect(outcomes[1]?.error?.message).not.toContain("127.0.0.1");
      expect(outcomes[2]?.error).toMatchObject({ name: "DomainError", path: "url" });
      expect(lookups).toHaveLength(3);
      expect(target.accepted()).toBe(0);
    });

    test("connects to the address that was looked at, and looks once", async () => {
      const target = await listen(hello);
      const url = `http://rebinding.example:${target.port}/`;
      const names = { "rebinding.example": [["127.0.0.1"], ["192.0.2.1"]] };
      const { outcomes, lookups } = await ask([get(url)], { names, allowPrivateTargets: true });
      expect(outcomes[0]?.answer?.body).toBe("hello");
      expect(lookups).toEqual(["rebinding.example"]);
    });

    test.each([
      [["93.184.216.34", "127.0.0.1"]],
      [["127.0.0.1", "93.184.216.34"]],
      [["2606:4700:4700::1111", "::1"]],
      [["93.184.216.34", "::ffff:127.0.0.1"]],
    ])("refuses a name with the addresses %j", async (addresses) => {
      const target = await listen(hello);
      const url = `http://hub.example:${target.port}/`;
      const { outcomes } = await ask([{ check: url }, get(url)], { names: { "hub.example": [addresses] } });
      expect(outcomes[0]?.error).toMatchObject({ name: "DomainError", path: "url" });
      expect(outcomes[1]?.error).toMatchObject(refusedAs);
      expect(target.accepted()).toBe(0);
    });

    test("is judged by what DNS says at that moment, on the wire", async () => {
      const target = await listen(hello);
      const url = `http://rebinding.example:${target.port}/`;
      const dns = await serveNames((_, times) => [times === 1 ? "93.184.216.34" : "127.0.0.1"]);
      const { outcomes } = await ask([{ check: url }, get(url)], { dnsServer: dns.address });
      expect(outcomes[0]?.error).toBeUndefined();
      expect(outcomes[1]?.error).toMatchObject(refusedAs);
      const within = await ask([get(url)], { dnsServer: dns.address, allowPrivateTargets: true });
      expect(within.outcomes[0]?.answer?.body).toBe("hello");
      expect(target.accepted()).toBe(1);
    });

    test.each([
      ["IPv6", ["93.184.216.34", "0:0:0:0:0:0:0:1"]],
      ["IPv4", ["127.0.0.1", "2606:4700:4700:0:0:0:0:1111"]],
      ["IPv4 mapped into IPv6", ["93.184.216.34", "0:0:0:0:0:ffff:7f00:1"]],
    ])("is judged by what DNS says of %s too", async (_, addresses) => {
      const dns = await serveNames(() => addresses);
      const url = "http://hub.example/";
      const { outcomes } = await ask([{ check: url }, get(url)], { dnsServer: dns.address });
      expect(outcomes[0]?.error).toMatchObject({ name: "DomainError", path: "url" });
      expect(outcomes[1]?.error).toMatchObject(refusedAs);
    });

    test("is not found where DNS knows no such name", async () => {
      const dns = await serveNames(() => []);
      const { outcomes } = await ask([get("http://nobody.example/")], { dnsServer: dns.address });
      expect(outcomes[0]?.error).toMatchObject({
        reason: "unknown_name",
        message: "There is no such name as in the URL.",
      });
    });

    // Deno tells a failure of a name server as a name that is not there.
    const troubles: [string, ReturnType<Zone>][] = [
      ...(runtime === "node" ? [["fail over", "fails"] satisfies [string, ReturnType<Zone>]] : []),
      ["do not answer for", null],
    ];
    test.each(troubles)("is not refused for good when name servers %s its name", async (_, answer) => {
      const dns = await serveNames((name) => (name === "nobody.example" ? [] : answer));
      const calls: Call[] = [{ check: "http://nobody.example/" }, { check: "http://troubled.example/" }];
      const { outcomes } = await ask(calls, { dnsServer: dns.address });
      expect(outcomes.map(({ error }) => error)).toMatchObject([
        { code: "invalid_request", path: "url" },
        { code: "unavailable" },
      ]);
    });

    test.each([
      ["a label that is too long", `${"a".repeat(64)}.example`],
      ["an empty label", "a..example"],
      ["too many labels", `${"a.".repeat(125)}example`],
    ])("is refused before DNS is asked for %s", async (_, name) => {
      const dns = await serveNames(() => "fails");
      const { outcomes } = await ask([{ check: `http://${name}/` }], { dnsServer: dns.address });
      expect(outcomes[0]?.error).toMatchObject({ code: "invalid_request", path: "url" });
      expect(dns.asked()).toBe(0);
    });

    test("is judged by what the machine says of it where private targets are allowed", async () => {
      const name = "nobody.invalid";
      const code = await lookup(name).catch((error: unknown) => (error as { code?: string }).code);
      const { outcomes } = await ask([{ check: `http://${name}/` }], { allowPrivateTargets: true });
      // A machine without a network cannot know.
      const expected = code === "ENOTFOUND" ? "invalid_request" : "unavailable";
      expect(outcomes[0]?.error).toMatchObject({ code: expected });
    });

    test("takes nothing but an address for an address", async () => {
      const target = await listen(hello);
      const names = { "hub.example": [["localhost"]] };
      const { error } = await call(`http://hub.example:${target.port}/`, {}, names);
      expect(error).toMatchObject(refusedAs);
      expect(target.accepted()).toBe(0);
    });

    test("refuses a name that has no address, in plain words", async () => {
      const url = "https://nobody.example/";
      const { outcomes } = await ask([{ check: url }, get(url)], { names: {} });
      const message = "There is no such name as in the URL.";
      expect(outcomes[0]?.error).toMatchObject({ code: "invalid_request", path: "url", message });
      expect(outcomes[1]?.error).toMatchObject({ reason: "unknown_name", message });
    });

    test("refuses a name that DNS does not know, or does not tell", async () => {
      const url = "https://nobody.invalid/";
      const { outcomes } = await ask([{ check: url }]);
      expect(outcomes[0]?.error).toMatchObject({ name: "DomainError" });
      expect(outcomes[0]?.error?.message).toMatch(/name/);
    });

    test("checks addresses of its own machine where private targets are allowed", async () => {
      const urls = ["http://127.0.0.1:1/", "http://[::1]/", "http://localhost/", "http://10.0.0.1/"];
      const { outcomes } = await ask(
        urls.map((check) => ({ check })),
        { allowPrivateTargets: true },
      );
      expect(outcomes.map(({ error }) => error)).toEqual(urls.map(() => undefined));
    });
  });

  describe("the time limit holds", () => {
    const timeoutMs = 300;
    const expectTimeout = ({ error, tookMs }: Outcome): void => {
      expect(error).toMatchObject({ name: "OutboundError", reason: "timeout" });
      expect(tookMs).toBeGreaterThan(timeoutMs - 20);
      expect(tookMs).toBeLessThan(timeoutMs + 1_500);
    };

    test("over names that are never found", async () => {
      expectTimeout(await call("http://slow.example/", { timeoutMs }, { "slow.example": [null] }));
    });

    test("over names that are found too late: nothing is called then", async () => {
      const target = await listen(hello);
      const url = `http://slow.example:${target.port}/`;
      const names = { "slow.example": [null], "other.example": [["127.0.0.1"]] };
      expectTimeout(await call(url, { timeoutMs }, names));
      await call(`http://other.example:${target.port}/`, {}, names);
      expect(target.accepted()).toBe(1);
    });

    test("over name servers that are silent", async () => {
      const dns = await serveNames(() => null);
      const { outcomes } = await ask([get("http://slow.example/", { timeoutMs })], {
        dnsServer: dns.address,
      });
      expectTimeout(outcomes[0] as Outcome);
      expect(dns.asked()).toBeGreaterThan(0);
    });

    test("over a server that never speaks TLS", async () => {
      const target = await listen(() => {});
      expectTimeout(await call(`https://127.0.0.1:${target.port}/`, { timeoutMs }));
      await allClosed(target);
    });

    test("over a server that takes the request and says nothing", async () => {
      const target = await listen(() => {});
      expectTimeout(await call(`http://127.0.0.1:${target.port}/`, { timeoutMs }));
      await allClosed(target);
    });

    test("over headers that drip", async () => {
      const target = await listen((socket) => void drip(socket, "HTTP/1.1 200 OK\r\n", "x-a: b\r\n"));
      expectTimeout(await call(`http://127.0.0.1:${target.port}/`, { timeoutMs }));
      await allClosed(target);
    });

    test("over answers that announce others", async () => {
      const target = await listen((socket) => void drip(socket, "", "HTTP/1.1 103 Early Hints\r\n\r\n"));
      expectTimeout(await call(`http://127.0.0.1:${target.port}/`, { timeoutMs }));
      await allClosed(target);
    });

    test("over a body that drips", async () => {
      const head = "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n";
      const target = await listen((socket) => void drip(socket, head, "a"));
      expectTimeout(await call(`http://127.0.0.1:${target.port}/`, { timeoutMs }));
      await allClosed(target);
    });

    test("over a request that the server does not read to its end", async () => {
      const target = await listen((socket) => void socket.pause());
      const body = "a".repeat(20_000_000);
      expectTimeout(await call(`http://127.0.0.1:${target.port}/`, { method: "POST", body, timeoutMs }));
    });

    test("with what was opened closed, and the next call not harmed", async () => {
      const target = await listen((socket, request) => {
        if (request.startsWith("GET /good")) hello(socket, request);
      });
      const url = `http://127.0.0.1:${target.port}`;
      const { outcomes } = await ask([get(url, { timeoutMs }), get(`${url}/good`)], {
        allowPrivateTargets: true,
      });
      expect(outcomes[0]?.error?.reason).toBe("timeout");
      expect(outcomes[1]?.answer?.body).toBe("hello");
      await allClosed(target);
    });
  });

  describe("an answer", () => {
    test("may be as large as allowed", async () => {
      const target = await listen(text("200 OK", ["content-length: 1000"], "a".repeat(1_000)));
      const { answer } = await call(`http://127.0.0.1:${target.port}/`);
      expect(answer?.body).toHaveLength(1_000);
    });

    test("that says it is larger is not read", async () => {
      const target = await listen(text("200 OK", ["content-length: 1001"]));
      const { error } = await call(`http://127.0.0.1:${target.port}/`);
      expect(error).toMatchObject({ reason: "too_large", status: 200 });
      await allClosed(target);
    });

    test("that grows without end is cut off", async () => {
      const piece = `3e8\r\n${"a".repeat(1_000)}\r\n`;
      const head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
      const target = await listen((socket) => void drip(socket, head, piece));
      const { error } = await call(`http://127.0.0.1:${target.port}/`);
      expect(error).toMatchObject({ reason: "too_large", status: 200 });
      await allClosed(target);
    });

    test("with headers without end is cut off", async () => {
      const pieces = `x-a: ${"b".repeat(10_000)}\r\n`.repeat(10);
      const target = await listen((socket) => void drip(socket, "HTTP/1.1 200 OK\r\n", pieces));
      const { error } = await call(`http://127.0.0.1:${target.port}/`);
      expect(error).toMatchObject({ reason: "broken_answer", status: null });
      await allClosed(target);
    });

    test.each<[string, Answer]>([
      [
        "breaks off in its body",
        (socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"),
      ],
      [
        "breaks off between its pieces",
        (socket) => void socket.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"),
      ],
      ["breaks off in its headers", (socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-le")],
      ["never comes", (socket) => void socket.end()],
      ["is cut", (socket) => void socket.resetAndDestroy()],
      ["is no HTTP", (socket) => void socket.end("220 mail.example ESMTP\r\n")],
      [
        "changes the protocol",
        text("101 Switching Protocols", ["connection: upgrade", "upgrade: websocket"]),
      ],
    ])("that %s is an error", async (_, answer) => {
      const target = await listen(answer);
      const { error, tookMs } = await call(`http://127.0.0.1:${target.port}/`);
      expect(error).toMatchObject({ name: "OutboundError", reason: "broken_answer" });
      expect(tookMs).toBeLessThan(3_000);
      await allClosed(target);
    });
  });

  describe("over TLS", () => {
    const names = { "good.example": [["127.0.0.1"]], "wrong.example": [["127.0.0.1"]] };

    test("reaches a server that is who its name says", async () => {
      const target = await listen(hello, good);
      const { answer } = await call(`https://good.example:${target.port}/`, {}, names);
      expect(answer?.body).toBe("hello");
      expect(target.said()).toContain(`good.example:${target.port}`);
      await allClosed(target);
    });

    test.each(["wrong.example", "127.0.0.1"])("says nothing to a server that is not %s", async (host) => {
      const target = await listen(hello, good);
      const { error } = await call(`https://${host}:${target.port}/`, {}, names);
      expect(error).toMatchObject({ name: "OutboundError", reason: "insecure" });
      expect(target.accepted()).toBe(1);
      expect(target.said()).toBe("");
      await allClosed(target);
    });

    test("says nothing to a server with an authority that nobody knows", async () => {
      const target = await listen(hello, stranger);
      const { error } = await call(`https://good.example:${target.port}/`, {}, names);
      expect(error).toMatchObject({ name: "OutboundError", reason: "insecure" });
      expect(target.said()).toBe("");
      await allClosed(target);
    });

    test("says nothing to a server that speaks without it", async () => {
      const target = await listen(hello);
      const { error } = await call(`https://good.example:${target.port}/`, { timeoutMs: 500 }, names);
      expect(error).toMatchObject({ name: "OutboundError" });
      expect(target.said()).not.toContain("GET");
    });
  });
});
