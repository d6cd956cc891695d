import type { RoomEvent } from "../domain/room.ts";

/** Events that were committed to a room's log, in seq order. */
export type RoomNews = { sessionId: string; coachId: string; events: RoomEvent[] };

/**
 * Tells every node, this one included, what has been committed, whose presence changed and who was admitted. A hint, never the truth: it
 * may be late, out of order, twice or lost, so whoever listens reads the log, presence or the outbox, and looks there by
 * itself now and then.
 */
export interface Publisher {
  /** Returns at once and never throws. */
  publishRoomNews(news: RoomNews): void;
  /** Somebody's presence in this room, or in its lobby, is not what it was. Returns at once and never throws. */
  publishPresenceNews(sessionId: string): void;
  /** Somebody was admitted to this session's room, or sent away. Returns at once and never throws. */
  publishAdmissionNews(sessionId: string): void;
  /** There are new entries in the outbox. Returns at once and never throws. */
  publishOutboxNews(): void;
  /** Listens until the returned function is called. */
  onRoomNews(listener: (news: RoomNews) => void): () => void;
  /** Listens until the returned function is called. */
  onPresenceNews(listener: (sessionId: string) => void): () => void;
  /** Listens until the returned function is called. */
  onAdmissionNews(listener: (sessionId: string) => void): () => void;
  /** Listens until the returned function is called. */
  onOutboxNews(listener: () => void): () => void;
  close(): Promise<void>;
}
