/**
 * Socket.IO as its manual shows it: a room is joined, a message is passed on to it. Nothing is stored, numbered, checked
 * or made good; whoever connects may say anything anywhere.
 */
import { createServer } from "node:http";
import { Server } from "socket.io";

const server = createServer();
const io = new Server(server, {
  transports: ["websocket"],
  perMessageDeflate: false,
  pingInterval: 10_000,
  pingTimeout: 5_000,
  serveClient: false,
});

type Message = { room: string; text: string; id: string };
type Done = (answer: { ok: true }) => void;

const live = io.of("/live");
live.on("connection", (socket) => {
  socket.on("join", async ({ room }: { room: string }, done: Done) => {
    await socket.join(room);
    done({ ok: true });
  });
  socket.on("message", ({ room, text, id }: Message, done: Done) => {
    live.to(room).emit("message", { room, id, from: socket.id, at: new Date(), text });
    done({ ok: true });
  });
});

server.listen(Number(process.env["PORT"]), "127.0.0.1", () => console.log("ready"));
process.on("SIGTERM", () => void io.close().then(() => process.exit(0)));
