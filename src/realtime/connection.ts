import type { Socket } from "socket.io";
import type { Principal } from "../domain/principal.ts";

/** The room of a session, as sockets share it on this node and across nodes. */
export const roomOf = (sessionId: string): string => `session:${sessionId}`;

/** A room that a connection is in; `closed` once its session has ended and only the summary is awaited. */
export type Membership = { sessionId: string; participantId: string; closed: boolean };

/** One socket of one person. What it asks for is done one thing after another, in the order of its asking. */
export class Connection {
  readonly id: string;
  readonly socket: Socket;
  readonly principal: Principal;
  readonly memberships = new Map<string, Membership>();
  readonly #onFault: (error: unknown) => void;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** `onFault` hears of a task that failed; the next one runs all the same. */
  constructor(socket: Socket, principal: Principal, onFault: (error: unknown) => void) {
    this.#onFault = onFault;
    this.id = socket.id;
    this.socket = socket;
    this.principal = principal;
  }

  /** How much of what it asked for is not done yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Runs `task` when everything before it is done. */
  enqueue(task: () => Promise<void>): void {
    this.#waiting += 1;
    this.#last = this.#last
      .then(task)
      .catch(this.#onFault)
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  /** Resolves when all that was asked for is done. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
