/** Why the embedded Postgres cannot be had: one line for an operator. */
export class EmbeddedPostgresError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "EmbeddedPostgresError";
  }
}

/** The end of what a program or a log said, in one line. */
export const lastLines = (output: string): string => output.trim().split("\n").slice(-4).join(" | ");
