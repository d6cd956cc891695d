import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Runtime, bin } from "../../support/hub-process.ts";
import { type RoomWorld, createRoomWorld, openRoom } from "../../support/room.ts";
import { type TcpProxy, createTcpProxy } from "../../support/tcp-proxy.ts";
import { waitFor } from "../../support/wait.ts";

const root = join(import.meta.dirname, "../../..");
let rooms: RoomWorld;
let proxy: TcpProxy;
const children: ChildProcess[] = [];

beforeAll(async () => {
  rooms = await createRoomWorld(1, { LEAVE_GRACE_SECONDS: "10" });
  proxy = await createTcpProxy(rooms.urls[0]);
});

afterEach(async () => {
  proxy.refuse(false);
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue;
    process.kill(child.pid, "SIGKILL");
    await once(child, "close");
  }
});

afterAll(async () => {
  await proxy.close();
  await rooms.close();
});

type Program = {
  lines(): string[];
  say(text: string): void;
  finish(): void;
  ended: Promise<number | null>;
};

/** Runs a program of this project, without a build. */
const start = (runtime: Runtime, file: string, args: string[]): Program => {
  const [command, ...before] = runtime === "node" ? [bin("node")] : [bin("deno"), "run", "-A"];
  const child = spawn(command, [...before, file, ...args], {
    cwd: root,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"] },
  });
  children.push(child);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return {
    lines: () => output.split("\n").filter(Boolean),
    say: (text) => child.stdin.write(`${text}\n`),
    finish: () => child.stdin.end(),
    ended: once(child, "close").then(([code]) => code as number | null),
  };
};

describe.each(["node", "deno"] as const)("on %s, from its source", (runtime) => {
  test("a person arrives, is cut off, gets what was missed once, says something once and leaves", async () => {
    const room = await openRoom(rooms);
    const ada = await room.enterAsCoach();
    const token = await rooms.world.userToken("client", room.client.id);
    const file = "tests/support/client-story.ts";
    const maya = start(runtime, file, [proxy.url, room.session.id, token]);
    const shown = (what: string): Promise<unknown> =>
      waitFor(() => maya.lines().some((line) => line.includes(what)), {
        what: `${what} in:\n${maya.lines().join("\n")}`,
        timeoutMs: 15_000,
      });
    await shown('"people":["coach connected","client connected"]');
    const post = (text: string): Promise<unknown> =>
      ada.ask("message:send", { sessionId: room.session.id, text, clientMessageId: text });
    await post("one");
    await shown('"text":"one"');
    proxy.refuse(true);
    proxy.cut();
    await shown('"status":"offline"');
    maya.say("from away");
    await post("two");
    proxy.refuse(false);
    await shown('"text":"from away"');
    await shown('"posted"');
    maya.finish();
    expect([await maya.ended, maya.lines().at(-1)]).toEqual([0, '{"over":true}']);
    const told = maya.lines().flatMap((line) => {
      const { type, text } = JSON.parse(line) as { type?: string; text?: string };
      return type === "message:posted" ? [text] : [];
    });
    expect(told).toEqual(["one", "two", "from away"]);
    const seqs = maya.lines().flatMap((line) => (JSON.parse(line) as { seq?: number }).seq ?? []);
    expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
    expect(await ada.next("participant:left")).toMatchObject({ data: { reason: "left" } });
  });

  test("the ten lines print who is in the room, and again when that changes", async () => {
    const room = await openRoom(rooms);
    const ada = await room.enterAsCoach();
    const token = await rooms.world.userToken("client", room.client.id);
    const program = start(runtime, "examples/who-is-in-my-room.ts", [rooms.urls[0], room.session.id, token]);
    const both = `In the room: ${room.coach.name} (connected), ${room.client.name} (connected)`;
    await waitFor(() => program.lines().includes(both), { what: both, timeoutMs: 15_000 });
    await ada.ask("session:end", { sessionId: room.session.id });
    expect(await program.ended).toBe(0);
    expect(program.lines().at(-1)).toBe("In the room: nobody");
  });
});

test("the examples say how they are used", async () => {
  for (const file of ["examples/who-is-in-my-room.ts", "examples/room-page/serve.ts"]) {
    const program = start("node", file, ["--help"]);
    expect(await program.ended).toBe(0);
    expect(program.lines().join("\n")).toContain(`Usage: node ${file}`);
  }
});
