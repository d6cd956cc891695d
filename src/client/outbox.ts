import { type BackoffBounds, backoffMs, timerMs } from "./backoff.ts";
import { CourtsideError, asCourtsideError, isPassing } from "./error.ts";

export type PostedMessage = { seq: number; messageId: string };

type Waiting = {
  text: string;
  clientMessageId: string;
  failures: number;
  resolve: (posted: PostedMessage) => void;
  reject: (error: CourtsideError) => void;
};

/** How many messages may wait to be acknowledged. */
const maxUnsent = 100;

/**
 * Messages on their way, one at a time and in order. One that may or may not have arrived is sent again under the
 * same id, by which the hub knows it: so it is posted once.
 */
export class Outbox {
  readonly #post: (text: string, clientMessageId: string) => Promise<PostedMessage>;
  readonly #backoff: BackoffBounds;
  #waiting: Waiting[] = [];
  #open = false;
  #closed: CourtsideError | null = null;
  #sending = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    post: (text: string, clientMessageId: string) => Promise<PostedMessage>,
    backoff: BackoffBounds,
  ) {
    this.#post = post;
    this.#backoff = backoff;
  }

  add(text: string): Promise<PostedMessage> {
    if (this.#closed) return Promise.reject(this.#closed);
    if (this.#waiting.length >= maxUnsent) {
      return Promise.reject(new CourtsideError("outbox_full", `${maxUnsent} messages wait to be sent.`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text, clientMessageId: randomId(), failures: 0, resolve, reject });
      this.#sendNext();
    });
  }

  /** In the room, messages go out; outside of it they wait. */
  setOpen(open: boolean): void {
    this.#open = open;
    this.#sendNext();
  }

  /** What still waits is rejected, and whatever is added from now on. */
  close(error: CourtsideError): void {
    this.#closed ??= error;
    clearTimeout(this.#timer);
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting = [];
  }

  #sendNext(): void {
    const [first] = this.#waiting;
    if (!first || !this.#open || this.#sending || this.#closed) return;
    this.#sending = true;
    void this.#send(first);
  }

  async #send(message: Waiting): Promise<void> {
    try {
      message.resolve(await this.#post(message.text, message.clientMessageId));
      this.#drop(message);
    } catch (error) {
      const refusal = asCourtsideError(error, "internal");
      if (mayHaveArrived(refusal) || isPassing(refusal)) {
        this.#resume((refusal.retryAfterMs ?? 0) + backoffMs(message.failures++, this.#backoff));
        return;
      }
      message.reject(refusal);
      this.#drop(message);
    }
    this.#sending = false;
    this.#sendNext();
  }

  #resume(waitMs: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#sending = false;
      this.#sendNext();
    }, timerMs(waitMs));
  }

  #drop(message: Waiting): void {
    this.#waiting = this.#waiting.filter((other) => other !== message);
  }
}

const mayHaveArrived = ({ code }: CourtsideError): boolean =>
  code === "timeout" || code === "connection_lost";

/** Not crypto.randomUUID, which browsers keep from pages without TLS. */
const randomId = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
