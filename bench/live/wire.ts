import { randomBytes } from "node:crypto";
import { type Socket, connect } from "node:net";

/** What comes out of a connection: the text of each frame, and once why it ended. */
export type WireListener = { onText: (text: string) => void; onEnd: (reason: string) => void };

const text = 0x1;
const closing = 0x8;
const finalFrame = 0x80;

/** All connections read into the same memory: what they read is taken out of it before the next one reads. */
const shared = Buffer.allocUnsafeSlow(256 * 1024);

/**
 * A WebSocket as the load generator needs it: text frames of one byte a character, straight on a TCP socket, since callers
 * share two cores with what they measure. A delivery takes 11 us of processor time, 16 with `ws` or undici's WebSocket.
 */
export class Wire {
  readonly #socket: Socket;
  readonly #listener: WireListener;
  #open = false;
  /** The beginning of a frame whose end has yet to come. */
  #rest: Buffer | null = null;

  constructor(url: string, path: string, listener: WireListener) {
    const { hostname, port } = new URL(url);
    this.#listener = listener;
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (bytes) => {
          this.#read(shared.subarray(0, bytes));
          return true;
        },
      },
    });
    this.#socket.on("error", (error) => listener.onEnd(error.message));
    this.#socket.on("close", () => listener.onEnd("the connection was closed"));
    this.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
    );
  }

  /** Sends a text of one byte a character. Its mask is zeros, which leave it as it is. */
  send(message: string): void {
    const { length } = message;
    if (length > 0xffff) throw new Error("a message is too long for the bench");
    const header = length < 126 ? 6 : 8;
    const frame = Buffer.allocUnsafe(header + length);
    frame[0] = finalFrame | text;
    if (length < 126) {
      frame[1] = 0x80 | length;
    } else {
      frame[1] = 0x80 | 126;
      frame.writeUInt16BE(length, 2);
    }
    frame.writeUInt32BE(0, header - 4);
    frame.write(message, header, "latin1");
    this.#socket.write(frame);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = this.#open ? 0 : this.#readHandshake(bytes);
    for (let next = at; this.#open; at = next) {
      next = this.#readFrame(bytes, at);
      if (next === at) break;
    }
    // A copy, since the next connection reads into the same memory.
    this.#rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : null;
  }

  /** Returns where the frames begin, 0 while the answer is not whole. */
  #readHandshake(bytes: Buffer): number {
    const end = bytes.indexOf("\r\n\r\n");
    if (end === -1) return 0;
    const answer = bytes.toString("latin1", 0, end);
    if (!answer.startsWith("HTTP/1.1 101")) {
      this.#listener.onEnd(`the handshake was answered: ${answer.split("\r\n")[0]}`);
      this.close();
      return 0;
    }
    this.#open = true;
    return end + 4;
  }

  /** Returns where the next frame begins, or `at` while this one is not whole. */
  #readFrame(bytes: Buffer, at: number): number {
    if (bytes.length < at + 2) return at;
    const kind = bytes[at];
    const announced = bytes[at + 1] ?? 0;
    if (announced === 126 && bytes.length < at + 4) return at;
    if (kind === (finalFrame | closing)) {
      this.#listener.onEnd("the server closed the connection");
      return at;
    }
    if (kind !== (finalFrame | text) || announced > 126)
      throw new Error(`a frame of ${kind} and ${announced}, which the bench does not know`);
    const start = announced === 126 ? at + 4 : at + 2;
    const end = start + (announced === 126 ? bytes.readUInt16BE(at + 2) : announced);
    if (bytes.length < end) return at;
    this.#listener.onText(bytes.toString("latin1", start, end));
    return end;
  }
}
