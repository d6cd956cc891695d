import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { waitFor } from "./wait.ts";

export type Runtime = "node" | "deno";

/** A hub in a process of its own, as a user starts it. */
export type HubProcess = {
  url: string;
  pid: number;
  /** Everything it has printed so far. */
  output(): string;
  /** Sends a signal and waits for the end. Returns the exit code, null when it was killed. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
};

const root = join(import.meta.dirname, "../..");
/** A program that the project brings along. */
export const bin = (name: string): string => join(root, "node_modules/.bin", name);

/** Not child.kill(): on Deno a child that it was used on never tells its exit code. */
const send = ({ pid }: ChildProcess, signal: NodeJS.Signals): void => {
  if (pid !== undefined) process.kill(pid, signal);
};

/** The command that runs the source on a runtime, as `npm start` and `deno task start` do. */
const commandOf = (runtime: Runtime): [string, ...string[]] => {
  const flag = "--max-semi-space-size=32";
  return runtime === "node"
    ? [bin("node"), flag, "src/main.ts"]
    : [bin("deno"), "run", "-A", `--v8-flags=${flag}`, "src/main.ts"];
};

export type RunOptions = {
  env?: Record<string, string>;
  runtime?: Runtime;
  /** Asks the command to stop as soon as it prints this. */
  signalWhen?: string;
};

/** Runs a command of Courtside to its end. */
export const runCommand = async (
  args: readonly string[],
  { env = {}, runtime = "node", signalWhen }: RunOptions = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> => {
  const { child, stdout, stderr } = launch(runtime, args, env);
  let sent = false;
  child.stdout?.on("data", () => {
    if (sent || signalWhen === undefined || !stdout().includes(signalWhen)) return;
    sent = true;
    send(child, "SIGTERM");
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout: stdout(), stderr: stderr() };
};

/** Starts a hub and waits until it is ready. Fails with what it printed when it ends before that. */
export const startHubProcess = async (
  env: Record<string, string>,
  runtime: Runtime = "node",
): Promise<HubProcess> => {
  const port = env["PORT"] ?? String(await freePort());
  const { child, stdout, stderr } = launch(runtime, [], {
    LOG_LEVEL: "warn",
    DEMO_DATA: "false",
    ...env,
    PORT: port,
  });
  const output = (): string => stdout() + stderr();
  const ended = once(child, "close") as Promise<[number | null]>;
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) send(child, signal);
    return (await ended)[0];
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`the hub ended with ${child.exitCode}`);
        return (
          (await fetch(`${url}/readyz`).catch(() => null))?.ok === true &&
          output().includes("Courtside is ready")
        );
      },
      { timeoutMs: 30_000, what: "the hub to be ready" },
    );
  } catch (error) {
    await stop("SIGKILL");
    throw new Error(`${(error as Error).message}. It printed:\n${output()}`, { cause: error });
  }
  return { url, pid: child.pid ?? 0, output, stop };
};

const launch = (runtime: Runtime, args: readonly string[], env: Record<string, string>) => {
  const [command, ...before] = commandOf(runtime);
  const child: ChildProcess = spawn(command, [...before, ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    // Nothing of the machine's own settings: only what finds programs.
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
  });
  const texts = { out: "", err: "" };
  child.stdout?.on("data", (chunk: Buffer) => (texts.out += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (texts.err += chunk.toString()));
  return { child, stdout: () => texts.out, stderr: () => texts.err };
};

/** A port that is free at this moment. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || !address) throw new Error("the system gave no port");
  return address.port;
};
