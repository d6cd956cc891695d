import type { Seat } from "./member.ts";

/** What a crowd's process is told to do; the methods of a crowd. */
export type Order =
  | { name: "enter"; seats: readonly Seat[]; atOnce: number }
  | { name: "closedLoop"; outstanding: number; ms: number }
  | { name: "pacedLoop"; perSecond: number; ms: number }
  | { name: "roundOfMessages" }
  | { name: "leave" };

/** An order as it travels, and the answer to it. */
export type Asked = { id: number; order: Order };
export type Answered = { id: number } & ({ result: unknown } | { error: string });
