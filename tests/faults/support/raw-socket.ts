import { randomBytes } from "node:crypto";
import { type Socket, connect } from "node:net";
import { waitFor } from "../../support/wait.ts";

export type RawSocketOptions = { url: string; ticket: string; sessionId: string; answersPings?: boolean };

const opcodes = { text: 1, binary: 2, close: 8 } as const;

/**
 * A live client that does what no library would: by hand over TCP, so that it may stop reading, leave pings
 * unanswered and send what is none of the protocol. It joins a room as everybody does.
 */
export class RawSocket {
  /** Acknowledgements by their numbers. */
  readonly answers = new Map<number, { ok: boolean; error?: { code: string } }>();
  /** What the hub said before it closed the connection. */
  closing: { code: string; reconnect: boolean } | null = null;
  /** The code of the WebSocket's close frame. */
  closeCode: number | null = null;
  closedAt: number | null = null;
  readonly #socket: Socket;
  readonly #answersPings: boolean;
  readonly #texts: string[] = [];
  #received: Buffer = Buffer.alloc(0);
  #upgraded = false;
  #asked = 0;
  #beating: NodeJS.Timeout | undefined;

  private constructor(socket: Socket, answersPings: boolean) {
    this.#socket = socket;
    this.#answersPings = answersPings;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closedAt ??= performance.now();
    });
  }

  /** Connects, and joins the room. */
  static async join({ url, ticket, sessionId, answersPings = true }: RawSocketOptions): Promise<RawSocket> {
    const { hostname, port } = new URL(url);
    const raw = new RawSocket(connect(Number(port), hostname), answersPings);
    const key = randomBytes(16).toString("base64");
    raw.#socket.write(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\n` +
        `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    await raw.#text("0{", "the transport to open");
    raw.send(`40/live,${JSON.stringify({ token: ticket })}`);
    await raw.#text("40/live,", "the connection to be let in");
    const answer = await raw.ask("session:join", { sessionId });
    if (!answer.ok) throw new Error(`a raw socket may not join: ${answer.error?.code}`);
    return raw;
  }

  /** Sends a text as one frame. */
  send(text: string): void {
    this.#frame(opcodes.text, Buffer.from(text));
  }

  sendBinary(bytes: Buffer): void {
    this.#frame(opcodes.binary, bytes);
  }

  /** Asks without waiting; returns the number under which the answer will be found. */
  emit(event: string, payload: unknown): number {
    this.#asked += 1;
    this.send(`42/live,${this.#asked}${JSON.stringify([event, payload])}`);
    return this.#asked;
  }

  async ask(event: string, payload: unknown): Promise<{ ok: boolean; error?: { code: string } }> {
    const id = this.emit(event, payload);
    return waitFor(() => this.answers.get(id), { what: `an answer to ${event}` });
  }

  /** Reads nothing more, so that what the hub sends has nowhere to go; and says all the while that it is there. */
  stopReading(): void {
    this.#socket.pause();
    this.#beating = setInterval(() => this.send("3"), 2_000);
  }

  readAgain(): void {
    clearInterval(this.#beating);
    this.#socket.resume();
  }

  /** Waits until the connection is closed. @returns whether it was, in time */
  async closed(timeoutMs: number): Promise<boolean> {
    const closed = waitFor(() => this.closedAt, { timeoutMs, what: "the connection to be closed" });
    return closed.then(
      () => true,
      () => false,
    );
  }

  destroy(): void {
    clearInterval(this.#beating);
    this.#socket.destroy();
  }

  async #text(start: string, what: string): Promise<void> {
    await waitFor(() => this.#texts.some((text) => text.startsWith(start)), { what });
    this.#texts.length = 0;
  }

  /** What a client sends is masked; a mask of zeros changes nothing. */
  #frame(opcode: number, payload: Buffer): void {
    const { length } = payload;
    const head =
      length < 126
        ? Buffer.from([0x80 | opcode, 0x80 | length])
        : length < 65_536
          ? Buffer.from([0x80 | opcode, 0x80 | 126, length >> 8, length & 0xff])
          : Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | 127, 0, 0, 0, 0]), uint32(length)]);
    this.#socket.write(Buffer.concat([head, Buffer.alloc(4), payload]));
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (!this.#upgraded) {
      const end = this.#received.indexOf("\r\n\r\n");
      if (end === -1) return;
      this.#upgraded = true;
      this.#received = this.#received.subarray(end + 4);
    }
    for (let frame = this.#nextFrame(); frame; frame = this.#nextFrame()) {
      if (frame.opcode === opcodes.text) this.#hear(frame.payload.toString());
      if (frame.opcode === opcodes.close) {
        this.closeCode = frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : 1005;
        this.closedAt ??= performance.now();
        this.#socket.end();
      }
    }
  }

  #nextFrame(): { opcode: number; payload: Buffer } | null {
    const bytes = this.#received;
    if (bytes.length < 2) return null;
    const short = (bytes[1] ?? 0) & 0x7f;
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (bytes.length < start) return null;
    const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? bytes.readUInt32BE(6) : short;
    if (bytes.length < start + length) return null;
    this.#received = bytes.subarray(start + length);
    return { opcode: (bytes[0] ?? 0) & 0x0f, payload: bytes.subarray(start, start + length) };
  }

  #hear(text: string): void {
    if (text === "2") {
      if (this.#answersPings) this.send("3");
      return;
    }
    const [, id, json] = /^43\/live,(\d+)(\[.*)$/s.exec(text) ?? [];
    if (id !== undefined && json !== undefined) {
      const [answer] = JSON.parse(json) as [{ ok: boolean }];
      this.answers.set(Number(id), answer);
      return;
    }
    if (text.startsWith('42/live,["connection:closing"')) {
      const [, closing] = JSON.parse(text.slice("42/live,".length)) as [
        string,
        { code: string; reconnect: boolean },
      ];
      this.closing = closing;
    }
    if (!text.startsWith("42")) this.#texts.push(text);
  }
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
