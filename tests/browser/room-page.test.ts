import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Courtside, connect } from "../../src/client/client.ts";
import { type TestBrowser, startChromium } from "../support/chromium.ts";
import { bin } from "../support/hub-process.ts";
import { type OpenRoom, type RoomWorld, createRoomWorld, openRoom } from "../support/room.ts";
import { type TcpProxy, createTcpProxy } from "../support/tcp-proxy.ts";
import { waitFor } from "../support/wait.ts";

const root = join(import.meta.dirname, "../..");
let rooms: RoomWorld;
/** The ways of the coach, who is not in the browser, and of the page. */
let ways: { coach: TcpProxy; page: TcpProxy };
let server: ChildProcess;
let pageUrl = "";
let browser: TestBrowser;
const hubs: Courtside[] = [];
const pages: Page[] = [];

beforeAll(async () => {
  rooms = await createRoomWorld(1, { LEAVE_GRACE_SECONDS: "10" });
  ways = { coach: await createTcpProxy(rooms.urls[0]), page: await createTcpProxy(rooms.urls[0]) };
  server = spawn(bin("node"), ["examples/room-page/serve.ts", "--port", "0"], {
    cwd: root,
    stdio: ["ignore", "pipe", "ignore"],
  });
  server.stdout?.on("data", (chunk: Buffer) => (pageUrl += chunk.toString().trim()));
  browser = await startChromium();
  await waitFor(() => pageUrl.endsWith("/"), { what: "the page's server" });
}, 300_000); // Chromium may have to be installed.

afterEach(async () => {
  for (const way of Object.values(ways)) way.refuse(false);
  for (const page of pages.splice(0)) await page.close();
  for (const hub of hubs.splice(0)) hub.close();
});

afterAll(async () => {
  await browser?.close();
  if (server?.exitCode === null) {
    server.kill();
    await once(server, "close");
  }
  for (const way of Object.values(ways ?? {})) await way.close();
  await rooms?.close();
});

/** The room as the coach, through the same client outside of the browser. */
const enterAsCoach = async (opened: OpenRoom) => {
  const token = await rooms.world.userToken("coach", opened.coach.id);
  const hub = connect({ url: ways.coach.url, token, backoff: { minMs: 10, maxMs: 100 } });
  hubs.push(hub);
  return hub.join(opened.session.id);
};

const openPage = async (opened: OpenRoom, role: "coach" | "client" = "client") => {
  const page = await browser.context.newPage();
  pages.push(page);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  const token = await rooms.world.userToken(role, opened[role].id);
  const hash = new URLSearchParams({ url: ways.page.url, session: opened.session.id, token });
  await page.goto(`${pageUrl}#${hash.toString()}`);
  const people = (): Promise<string[]> => page.locator("#people li").allInnerTexts();
  const texts = (): Promise<string[]> =>
    page
      .locator("#messages li:not(.note)")
      .evaluateAll((items) => items.map((item) => String(item.firstChild?.nodeValue)));
  const shows = (what: string, lines: string[]): Promise<unknown> =>
    waitFor(async () => (await people()).map(plain).join("; ") === lines.join("; "), {
      what: `the page to show: ${what}`,
      timeoutMs: 10_000,
    });
  return { page, faults, people, texts, shows };
};

const plain = (text: string): string => text.replaceAll("\n", ", ");

test("a page sees another person arrive, drop, return and leave, and goes on after a cut without gap or repeat", async () => {
  const opened = await openRoom(rooms);
  const { page, faults, texts, shows } = await openPage(opened);
  const [ada, maya] = [opened.coach.name, `${opened.client.name} (you)`];
  const alone = `${maya}, client, connected`;
  await shows("the page alone", [alone]);
  expect(page.url()).toBe(pageUrl);

  const coach = await enterAsCoach(opened);
  await shows("Ada to arrive", [alone, `${ada}, coach, connected`]);
  ways.coach.refuse(true);
  ways.coach.cut();
  await shows("Ada to drop", [alone, `${ada}, coach, reconnecting`]);
  ways.coach.refuse(false);
  await shows("Ada to return", [alone, `${ada}, coach, connected`]);

  const heard: string[] = [];
  coach.on("message:posted", ({ data }) => heard.push(data.text));
  const say = async (text: string): Promise<void> => {
    await page.getByLabel("Message", { exact: true }).fill(text);
    await page.getByRole("button", { name: "Send" }).click();
  };
  await say("one, from the page");
  await coach.send("two");
  await waitFor(async () => (await texts()).length === 2, { what: "two messages" });

  ways.page.refuse(true);
  ways.page.cut();
  await page.getByText("Offline").waitFor();
  await coach.send("three");
  await say("four, written while away");
  ways.page.refuse(false);
  await page.getByText("Online").waitFor();
  await waitFor(async () => (await texts()).length === 4, { what: "what was missed", timeoutMs: 15_000 });
  await coach.send("five");
  await waitFor(async () => (await texts()).length === 5, { what: "the fifth" });
  const all = ["one, from the page", "two", "three", "four, written while away", "five"];
  expect(await texts()).toEqual(all);
  await waitFor(() => heard.length === 5, { what: "Ada to hear them" });
  expect(heard).toEqual(all);
  const screenshot = process.env["TEST_SCREENSHOTS"];
  if (screenshot) await page.screenshot({ path: join(screenshot, "room-page.png") });

  await coach.leave();
  await shows("Ada to leave", [alone]);
  await page.getByRole("button", { name: "Leave" }).click();
  await page.getByRole("button", { name: "Join" }).waitFor();
  expect(faults).toEqual([]);
});

test("names and messages that look like HTML are shown as they are, and run nothing", async () => {
  const opened = await openRoom(rooms);
  const evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
  const reply = await rooms.served[0]?.send("POST", `/v1/sessions/${opened.session.id}/join`, {
    as: rooms.world.keys.admin,
    body: { role: "guest", name: evil },
  });
  const { people, texts, shows, faults, page } = await openPage(opened);
  await shows("the page alone", [`${opened.client.name} (you), client, connected`]);
  const guest = connect({ url: rooms.urls[0], token: String(reply?.body["ticket"]) });
  hubs.push(guest);
  const room = await guest.join(opened.session.id);
  await room.send(evil);
  await shows("the guest", [`${opened.client.name} (you), client, connected`, `${evil}, guest, connected`]);
  await waitFor(async () => (await texts()).length === 1, { what: "the message" });
  expect(await texts()).toEqual([evil]);
  expect((await people()).join()).toContain(evil);
  expect(await page.locator("img, #messages script, #people script").count()).toBe(0);
  expect(faults).toEqual([]);
});

test("a page that is not let in says why, and offers the form again", async () => {
  const opened = await openRoom(rooms);
  const page = await browser.context.newPage();
  pages.push(page);
  await page.goto(pageUrl);
  await page.getByLabel("Hub").fill(rooms.urls[0]);
  await page.getByLabel("Session id").fill(opened.session.id);
  await page.getByLabel("Token or ticket").fill("nonsense");
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByRole("alert").filter({ hasText: "unauthenticated" }).waitFor();
  expect(await page.getByLabel("Hub").isVisible()).toBe(true);
});
