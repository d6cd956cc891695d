import { connect } from "courtside/client";

/**
 * A person in a room, in a process of its own: prints what happens as lines of JSON, sends each line that it reads,
 * and leaves at the end of its input. Runs on Node and on Deno.
 */
const [url = "", sessionId = "", token = ""] = process.argv.slice(2);

const print = (value: unknown): void => console.log(JSON.stringify(value));

const hub = connect({ url, token, backoff: { minMs: 10, maxMs: 100 } });
hub.on("status", ({ status }) => print({ status }));
const room = await hub.join(sessionId);
const people = () => [...room.participants.values()].map(({ role, status }) => `${role} ${status}`);
print({ joined: room.seq, people: people() });
room.on("change", () => print({ people: people() }));

const speak = async (): Promise<void> => {
  let rest = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) {
    const lines = `${rest}${String(chunk)}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) print({ posted: (await room.send(line)).seq });
  }
  await room.leave();
};

const spoken = speak();
for await (const { seq, type, data } of room) print({ seq, type, text: "text" in data ? data.text : null });
await spoken;
hub.close();
print({ over: true });
