import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { cancelBooking } from "../../src/usecases/bookings/cancel.ts";
import { type TestBrowser, startChromium } from "../support/chromium.ts";
import { type MailWorld, createMailWorld } from "../support/mail.ts";
import { type Served, serve } from "../support/serve.ts";
import { waitFor } from "../support/wait.ts";

let mail: MailWorld;
let hub: Served;
let browser: TestBrowser;
const pages: Page[] = [];

beforeAll(async () => {
  mail = await createMailWorld({ LEAVE_GRACE_SECONDS: "1" });
  hub = await serve(mail.world, { realtime: true });
  browser = await startChromium();
}, 300_000); // Chromium may have to be installed.

afterEach(async () => {
  for (const page of pages.splice(0)) await page.close();
});

afterAll(async () => {
  await browser?.close();
  await hub?.close();
  await mail?.close();
});

const screenshot = async (page: Page, name: string): Promise<void> => {
  const folder = process.env["TEST_SCREENSHOTS"];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
};

/** Opens the page that the newest mail to somebody leads to, and notes whatever it asks of elsewhere. */
const follow = async (address: string) => {
  const texts = mail.server.to(address).map(({ text }) => text ?? "");
  const link = /https:\/\/hub\.example(\/join\/\S+)/.exec(texts.at(-1) ?? "")?.[1] ?? "";
  const page = await browser.context.newPage();
  pages.push(page);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (line) => {
    if (line.type() === "error") faults.push(line.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(hub.url) && !request.url().startsWith("data:"))
      faults.push(`asked ${request.url()}`);
    // Without a referrer the protocol says it as an empty one.
    if (request.headers()["referer"]) faults.push(`told ${request.url()} of ${request.headers()["referer"]}`);
  });
  await page.goto(`${hub.url}${link}`);
  return { page, faults };
};

test("two people come from their mails into one room, which starts the session, and talk", async () => {
  const { booking, session } = await mail.book(new Date(Date.now() + 10 * 60_000), {
    title: "<b>Career</b> talk",
  });
  await mail.notifyAll();
  const ada = await follow("ada@example.com");
  const maya = await follow("maya@example.com");
  await ada.page.getByRole("heading", { name: "<b>Career</b> talk" }).waitFor();
  await screenshot(maya.page, "join-page");
  const zone = await maya.page.evaluate<string>("Intl.DateTimeFormat().resolvedOptions().timeZone");
  expect(await maya.page.locator("time").innerText()).toContain(`(${zone})`);
  for (const { page } of [ada, maya]) await page.getByRole("button", { name: "Join the session" }).click();
  await maya.page.getByText("Ada Okafor", { exact: false }).nth(1).waitFor();
  await waitFor(
    async () =>
      (await mail.world.db`SELECT 1 FROM sessions WHERE id = ${session?.id ?? ""} AND status = 'in_progress'`)
        .length === 1,
    { what: "the session to start", timeoutMs: 10_000 },
  );
  await maya.page.getByLabel("Message").fill("hello <i>Ada</i>");
  await maya.page.getByRole("button", { name: "Send" }).click();
  await ada.page.getByText("hello <i>Ada</i>").waitFor();
  await screenshot(ada.page, "join-page-room");
  await cancelBooking(mail.world.app, mail.admin, { id: booking.id });
  for (const { page } of [ada, maya]) await page.getByText("The session was cancelled.").waitFor();
  expect(await maya.page.getByRole("button").count()).toBe(0);
  expect([...ada.faults, ...maya.faults]).toEqual([]);
});

test("a mail is readable without images, on a narrow screen, and in the dark", async () => {
  await mail.book("2030-01-07T09:00:00Z", { title: "Career talk" });
  const { booking } = await mail.book("2030-10-26T09:00:00Z", { requiresApproval: false });
  await mail.notifyAll();
  await cancelBooking(mail.world.app, mail.admin, { id: booking.id, reason: "I have to travel.\nSorry!" });
  await mail.notifyAll();
  const mails = mail.server.to("maya@example.com").slice(-3);
  for (const [index, { html }] of mails.entries()) {
    const page = await browser.context.newPage();
    pages.push(page);
    await page.setViewportSize({ width: index === 0 ? 360 : 700, height: 600 });
    await page.emulateMedia({ colorScheme: index === 2 ? "dark" : "light" });
    await page.setContent(html ?? "");
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    expect(width).toBeLessThanOrEqual(index === 0 ? 360 : 700);
    expect(await page.locator("img").count()).toBe(0);
    await screenshot(page, `mail-${index}`);
  }
});
