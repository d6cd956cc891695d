import { connect } from "courtside/client";

const [url, sessionId, token] = process.argv.slice(2);
if (!url || !sessionId || !token) {
  console.log("Prints who is in a session's room, and again at every change, until the session is over.");
  console.log("Usage: node examples/who-is-in-my-room.ts <hub URL> <session id> <token or ticket>");
  process.exit(process.argv.includes("--help") ? 0 : 1);
}

const hub = connect({ url, token });
const room = await hub.join(sessionId);
const show = (): void => {
  const people = [...room.participants.values()].map(({ name, status }) => `${name} (${status})`);
  console.log("In the room:", people.join(", ") || "nobody");
};
room.on("change", show);
room.on("closed", () => hub.close());
show();
