import type { Config } from "../config.ts";

/** What a command works with; `args` are what stands behind its name. */
export type CommandContext = {
  args: readonly string[];
  config: Config;
  /** Writes a line for people, or with `--json` for programs. */
  print: (line: string) => void;
  /** Resolves when the process is asked to stop. */
  stopped: Promise<string>;
  isTerminal: boolean;
};

/** Something that Courtside does from the command line; resolves to the exit code. */
export type Command = { summary: string; usage: string; run: (context: CommandContext) => Promise<number> };

/** The command line was not understood; shown with the command's usage. */
export class UsageError extends Error {}
