import type { RoomEvent } from "../domain/room.ts";

/** Events that were committed to a room's log, in seq order. */
export type RoomNews = { sessionId: string; coachId: string; events: RoomEvent[] };

/**
 * Tells every node, this one included, what has been committed. A hint, never the truth: it may be late, out of
 * order, twice or lost, so whoever listens reads the log or the outbox, and looks there by itself now and then.
 */
export interface Publisher {
  /** Returns at once and never throws. */
  publishRoomNews(news: RoomNews): void;
  /** There are new entries in the outbox. Returns at once and never throws. */
  publishOutboxNews(): void;
  /** Listens until the returned function is called. */
  onRoomNews(listener: (news: RoomNews) => void): () => void;
  /** Listens until the returned function is called. */
  onOutboxNews(listener: () => void): () => void;
  close(): Promise<void>;
}
