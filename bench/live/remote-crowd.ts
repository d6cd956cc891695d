import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { bin } from "../../tests/support/hub-process.ts";
import type { Entry, Talk } from "./crowd.ts";
import type { DialectName } from "./dialect.ts";
import type { Seat } from "./member.ts";
import type { Answered, Order } from "./orders.ts";

/** A crowd that lives in a process of its own. Each method is the crowd's; any of them rejects when the process ends. */
export type RemoteCrowd = {
  enter(seats: readonly Seat[], atOnce: number): Promise<Entry>;
  closedLoop(outstanding: number, ms: number): Promise<Talk>;
  pacedLoop(perSecond: number, ms: number): Promise<Talk>;
  roundOfMessages(): Promise<Talk>;
  leave(): Promise<void>;
  stop(): Promise<void>;
};

export const startCrowd = (dialect: DialectName): RemoteCrowd => {
  const child = fork(join(import.meta.dirname, "crowd-process.ts"), [dialect], {
    execPath: bin("node"),
    execArgv: [],
    env: { PATH: process.env["PATH"] },
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;
  child.on("message", (answer: Answered) => {
    const asker = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("error" in answer) asker?.reject(new Error(`${dialect}: ${answer.error}`));
    else asker?.resolve(answer.result);
  });
  const ended = once(child, "exit").then(([code]) => {
    for (const asker of waiting.values()) asker.reject(new Error(`the crowd's process ended with ${code}`));
  });
  const ask = async (order: Order): Promise<unknown> => {
    const id = ++asked;
    const asker = Promise.withResolvers<unknown>();
    waiting.set(id, asker);
    child.send({ id, order }, (error) => error && asker.reject(error));
    return asker.promise;
  };
  return {
    enter: async (seats, atOnce) => (await ask({ name: "enter", seats, atOnce })) as Entry,
    closedLoop: async (outstanding, ms) => (await ask({ name: "closedLoop", outstanding, ms })) as Talk,
    pacedLoop: async (perSecond, ms) => (await ask({ name: "pacedLoop", perSecond, ms })) as Talk,
    roundOfMessages: async () => (await ask({ name: "roundOfMessages" })) as Talk,
    leave: async () => void (await ask({ name: "leave" })),
    stop: async () => {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
};
