import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureInstalled, works } from "../../support/install.ts";
import { type RoomWorld, createRoomWorld, openRoom } from "../../support/room.ts";
import { waitFor } from "../../support/wait.ts";

/** Debian's own, where its packages are found. */
const python = process.env["TEST_PYTHON"] ?? "/usr/bin/python3";

let rooms: RoomWorld;

beforeAll(async () => {
  await ensureInstalled({
    why: "The test of a foreign client needs Python with socketio and websocket-client: Debian's python3-socketio and python3-websocket, or TEST_PYTHON.",
    packages: ["python3-socketio", "python3-websocket", "python3-requests"],
    isThere: () => works(python, "-c", "import socketio, websocket, requests"),
  });
  rooms = await createRoomWorld(2);
}, 180_000);

afterAll(() => rooms.close());

type Line = Record<string, unknown>;

const follow = (url: string, token: string, sessionId: string) => {
  const script = join(import.meta.dirname, "python/room.py");
  const child = spawn(python, [script, url, token, sessionId], { stdio: ["pipe", "pipe", "inherit"] });
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(JSON.parse(line) as Line));
  return {
    lines,
    say: (command: string) => child.stdin.write(`${command}\n`),
    next: (what: string, matches: (line: Line) => boolean) => waitFor(() => lines.find(matches), { what }),
    end: async () => {
      child.stdin.end("quit\n");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
};

test("a client of another language and library follows a room by the document alone", {
  timeout: 60_000,
}, async () => {
  const room = await openRoom(rooms);
  const { id: sessionId } = room.session;
  const ada = await room.connect("coach");
  await ada.ask("session:join", { sessionId });
  const token = await rooms.world.userToken("client", room.client.id);
  const maya = follow(rooms.urls[1], token, sessionId);
  try {
    const both = (status: string, state: object) => {
      const people: [name: string, status: string, state: object][] = [
        [room.coach.name, status, state],
        [room.client.name, "connected", {}],
      ];
      return JSON.stringify({ people: people.toSorted(([a], [b]) => (a < b ? -1 : 1)) });
    };
    await maya.next("the join", ({ joined }) => joined === 4);
    await maya.next("both", (line) => JSON.stringify(line) === both("connected", {}));

    maya.say("hello from Python");
    expect(await ada.next("message:posted")).toMatchObject({ seq: 5, data: { text: "hello from Python" } });
    expect(await maya.next("the answer", ({ answer }) => answer !== undefined)).toMatchObject({
      answer: { ok: true, seq: 5 },
    });
    await ada.ask("participant:update", { sessionId, state: { hand: true } });
    await maya.next("the hand", (line) => JSON.stringify(line) === both("connected", { hand: true }));

    // Its network goes; what is said meanwhile is what it gets, and nothing twice.
    maya.say("cut");
    await ada.next("presence:changed", ({ connections }) => connections === 0);
    for (const text of ["one", "two", "three"])
      await ada.ask("message:send", { sessionId, text, clientMessageId: text });
    maya.say("back");
    await maya.next("the return", ({ joined }) => joined === 8);
    await ada.ask("message:send", { sessionId, text: "four", clientMessageId: "four" });
    await maya.next("the fourth", ({ text }) => text === "four");
    const heard = maya.lines.filter(({ seq }) => seq !== undefined);
    expect(heard.map(({ seq, type, text }) => [seq, type, text])).toEqual([
      [5, "message:posted", "hello from Python"],
      [6, "message:posted", "one"],
      [7, "message:posted", "two"],
      [8, "message:posted", "three"],
      [9, "message:posted", "four"],
    ]);
    expect(maya.lines.some((line) => "broken" in line)).toBe(false);

    ada.close();
    await maya.next("her drop", (line) => JSON.stringify(line) === both("reconnecting", { hand: true }));
    await maya.next("her leave", ({ type }) => type === "participant:left");
    const people = maya.lines.filter((line) => "people" in line).at(-1);
    expect(people).toEqual({ people: [[room.client.name, "connected", {}]] });
  } finally {
    await maya.end();
  }
});
