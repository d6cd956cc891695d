import { access, mkdtemp, rm } from "node:fs/promises";
import { constants } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { ensureInstalled } from "./install.ts";

/** A browser with a profile of its own, which is gone when it is closed. */
export type TestBrowser = { context: BrowserContext; close(): Promise<void> };

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Without a display or a sandbox, and asking nothing of the network by itself. */
const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts Chromium. TEST_CHROMIUM names the program to use. Installs Chromium where it is missing and can be had.
 * Throws when there is none to be had, or when it does not start.
 */
export const startChromium = async (): Promise<TestBrowser> => {
  const executablePath = await ensureChromium();
  const profile = await mkdtemp(join(tmpdir(), "courtside-chromium-"));
  const removeProfile = () => rm(profile, { recursive: true, force: true, maxRetries: 5 });
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      args: flags,
      timeout: 60_000,
    });
    context.setDefaultTimeout(10_000);
    const close = async () => {
      try {
        await context.close();
      } finally {
        await removeProfile();
      }
    };
    return { context, close };
  } catch (error) {
    await removeProfile();
    throw error;
  }
};

const ensureChromium = async (): Promise<string> => {
  const given = process.env["TEST_CHROMIUM"];
  if (given) return given;
  await ensureInstalled({
    why: "The browser tests need Chromium: put chromium on the PATH, or set TEST_CHROMIUM to a browser's program.",
    packages: ["chromium"],
    isThere: async () => (await findProgram()) !== undefined,
  });
  return (await findProgram()) ?? "chromium";
};

const findProgram = async (): Promise<string | undefined> => {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const name of names) {
      const program = join(folder, name);
      if (await isProgram(program)) return program;
    }
  }
  return undefined;
};

const isProgram = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
