import type { Dialect } from "./dialect.ts";
import { Wire } from "./wire.ts";

/** Where somebody sits: a server, what it admits them by, and a room of it. */
export type Seat = { url: string; token: string; room: string };

/** What a crowd hears from its members. */
export type MemberListener = {
  /** A message was delivered, named by what `Member.send` was given. */
  onDelivery: (member: Member, message: number, intendedUs: number) => void;
  onAck: (message: number) => void;
  /** Something that must not be. */
  onWrong: (what: string) => void;
};

const namespace = "/live";
/** As long as what people write to each other. */
const padding = "Shall we go through the second part once more, slowly, before we try it together? Yes.";

/** One connection of one person, who speaks just enough of Engine.IO 4 and Socket.IO 5. */
export class Member {
  readonly seat: Seat;
  readonly index: number;
  readonly #dialect: Dialect;
  readonly #listener: MemberListener;
  readonly #deliveryStart: string;
  readonly #joined = Promise.withResolvers<void>();
  #wire: Wire;
  #left = false;
  /** The newest numbered event that came; -1 before the join was answered. */
  seq = -1;

  /** Connects and joins. `index` is the member's own within the room. */
  constructor(
    seat: Seat,
    index: number,
    { dialect, listener }: { dialect: Dialect; listener: MemberListener },
  ) {
    this.seat = seat;
    this.index = index;
    this.#dialect = dialect;
    this.#listener = listener;
    this.#deliveryStart = `42${namespace},["${dialect.delivered}",`;
    this.#wire = new Wire(seat.url, "/socket.io/?EIO=4&transport=websocket", {
      onText: (packet) => this.#hear(packet),
      onEnd: (reason) => {
        if (!this.#left) this.#wrong(`a connection ended: ${reason}`);
      },
    });
  }

  /** Resolves when the join was answered. */
  joined(): Promise<void> {
    return this.#joined.promise;
  }

  /** Sends a message; acknowledgement and deliveries name it by this number, which must be above 0. */
  send(message: number, intendedUs: number): void {
    const event = this.#dialect.message(
      this.seat.room,
      `~${message}~${intendedUs}~${padding}`,
      `bench-${message}`,
    );
    this.#wire.send(`42${namespace},${message}${event}`);
  }

  leave(): void {
    this.#left = true;
    this.#wire.close();
  }

  #hear(packet: string): void {
    if (packet.startsWith(`42${namespace},`)) this.#hearEvent(packet);
    else if (packet.startsWith(`43${namespace},`)) this.#hearAck(packet);
    else if (packet === "2") this.#wire.send("3");
    else if (packet.startsWith("0")) this.#wire.send(`40${namespace},{"token":"${this.seat.token}"}`);
    else if (packet.startsWith(`40${namespace}`))
      this.#wire.send(`42${namespace},0${this.#dialect.join(this.seat.room)}`);
    else this.#wrong(`the server sent: ${packet.slice(0, 300)}`);
  }

  #hearEvent(packet: string): void {
    if (this.#dialect.numbered) this.#checkSeq(packet);
    if (!packet.startsWith(this.#deliveryStart)) return;
    const start = packet.indexOf("~");
    const middle = packet.indexOf("~", start + 1);
    const end = packet.indexOf("~", middle + 1);
    if (start === -1 || !packet.startsWith(padding, end + 1)) this.#wrong(`a message was garbled: ${packet}`);
    this.#listener.onDelivery(
      this,
      Number(packet.slice(start + 1, middle)),
      Number(packet.slice(middle + 1, end)),
    );
  }

  #checkSeq(packet: string): void {
    const at = packet.indexOf('"seq":');
    // An event that passes has no number.
    if (at === -1) return;
    const seq = Number.parseInt(packet.slice(at + 6, at + 16), 10);
    if (seq !== this.seq + 1) this.#wrong(`event ${seq} came after ${this.seq}`);
    this.seq = seq;
  }

  #hearAck(packet: string): void {
    const start = packet.indexOf("[");
    const message = Number(packet.slice(8, start));
    if (!packet.startsWith('{"ok":true', start + 1)) this.#wrong(`the server refused: ${packet}`);
    if (message > 0) {
      this.#listener.onAck(message);
      return;
    }
    if (this.#dialect.numbered) this.seq = (JSON.parse(packet.slice(start)) as [{ seq: number }])[0].seq;
    this.#joined.resolve();
  }

  #wrong(what: string): void {
    this.#listener.onWrong(what);
    this.#joined.reject(new Error(what));
  }
}
