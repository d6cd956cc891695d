import { io } from "socket.io-client";

const [url, sessionId, token] = process.argv.slice(2);
const socket = io(url, { auth: { token }, transports: ["websocket"] });
socket.onAny((name, e) => console.log(Date.now() % 100000, name, JSON.stringify(e.data ?? e).slice(0, 140)));
socket.on("connect_error", (e) => console.log("connect_error", e.message, e.data));
socket.on("disconnect", (r) => console.log("disconnect", r));
socket.on("connect", async () => {
  const a = await socket.emitWithAck("session:join", { sessionId });
  console.log(a.ok ? "in the room: " + a.participants.map((p) => `${p.name} (${p.status})`).join(", ") : JSON.stringify(a));
});
