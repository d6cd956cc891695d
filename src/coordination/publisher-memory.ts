import type { Logger } from "pino";
import type { Publisher, RoomNews } from "./publisher.ts";

/** Listeners of one kind of news. They are told later, so that a publisher is never held up or thrown at by one. */
export class Listeners<T> {
  readonly #listeners = new Set<(news: T) => void>();
  readonly #log: Pick<Logger, "error">;

  constructor(log: Pick<Logger, "error">) {
    this.#log = log;
  }

  add(listener: (news: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(news: T): void {
    for (const listener of this.#listeners) {
      queueMicrotask(() => {
        try {
          listener(news);
        } catch (error) {
          this.#log.error({ err: error }, "a listener failed at news");
        }
      });
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}

/** News of a hub of one node. */
export const createMemoryPublisher = (log: Pick<Logger, "error">): Publisher => {
  const room = new Listeners<RoomNews>(log);
  const presence = new Listeners<string>(log);
  const admission = new Listeners<string>(log);
  const outbox = new Listeners<void>(log);
  return {
    publishRoomNews: (news) => room.tell(news),
    publishPresenceNews: (sessionId) => presence.tell(sessionId),
    publishAdmissionNews: (sessionId) => admission.tell(sessionId),
    publishOutboxNews: () => outbox.tell(),
    onRoomNews: (listener) => room.add(listener),
    onPresenceNews: (listener) => presence.add(listener),
    onAdmissionNews: (listener) => admission.add(listener),
    onOutboxNews: (listener) => outbox.add(listener),
    close: async () => {
      room.clear();
      presence.clear();
      admission.clear();
      outbox.clear();
    },
  };
};
