import process from "node:process";
import { setInterval } from "node:timers";
import { type Command, UsageError } from "./commands/command.ts";
import { demo } from "./commands/demo.ts";
import { key } from "./commands/key.ts";
import { migrate } from "./commands/migrate.ts";
import { seed } from "./commands/seed.ts";
import { start } from "./commands/start.ts";
import { token } from "./commands/token.ts";
import { SetupError, readConfig } from "./config.ts";

const commands: Readonly<Record<string, Command>> = { start, demo, migrate, seed, token, key };

const overview = `Courtside, a hub for live coaching sessions.

Usage: node src/main.ts [command] [options]

${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)
  .join("\n")}

Every command says more with --help. Settings come from the environment: see docs/operations.md.`;

/** One press of Ctrl-C may arrive twice, from the terminal and from what started us: that is no second one. */
const echoMs = 1_000;

/**
 * Resolves with what asks the process to stop. A second signal ends it at once. Started by npm it also stops when
 * npm does: the shell between the two dies of a signal without passing it on.
 */
const untilStopped = (): Promise<string> =>
  new Promise((resolve) => {
    let askedAt: number | null = null;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        if (askedAt !== null && performance.now() - askedAt > echoMs) process.exit(130);
        askedAt ??= performance.now();
        resolve(signal);
      });
    }
    const { ppid } = process;
    if (process.env["npm_lifecycle_event"] === undefined) return;
    setInterval(() => {
      if (process.ppid !== ppid) resolve("npm has ended");
    }, 500).unref();
  });

const main = async (argv: readonly string[]): Promise<number> => {
  const named = argv[0] !== undefined && !argv[0].startsWith("-");
  const name = named ? (argv[0] ?? "start") : "start";
  const args = named ? argv.slice(1) : argv;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  const wantsHelp = args.includes("--help") || args.includes("-h");
  if (!command || name === "help" || (wantsHelp && !named)) {
    const known = wantsHelp || name === "help";
    (known ? console.log : console.error)(known ? overview : `There is no command "${name}".\n\n${overview}`);
    return known ? 0 : 2;
  }
  if (wantsHelp) {
    console.log(command.usage);
    return 0;
  }
  try {
    const config = readConfig(process.env);
    return await command.run({
      args,
      config,
      print: (line) => console.log(line),
      stopped: untilStopped(),
      isTerminal: process.stdout.isTTY,
    });
  } catch (error) {
    return explain(error, command);
  }
};

/** Says what went wrong in words where we know them, and whole where we do not; returns the exit code. */
const explain = (error: unknown, command: Command): number => {
  if (error instanceof SetupError) {
    for (const line of error.lines) console.error(line);
    return 1;
  }
  const badOption =
    error instanceof TypeError && String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");
  if (error instanceof UsageError || badOption) {
    console.error(`${error.message}\n\n${command.usage}`);
    return 2;
  }
  console.error(error);
  return 1;
};

process.exitCode = await main(process.argv.slice(2));
// Nothing of ours is left open here; what a library may have left must not keep the process alive.
process.exit();
