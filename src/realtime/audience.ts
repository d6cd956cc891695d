import type { Namespace } from "socket.io";

/** The sockets of a room, as this node's Socket.IO knows them. */
export const roomOf = (sessionId: string): string => `session:${sessionId}`;
/** Those of one person in it, on all nodes. */
export const personOf = (sessionId: string, participantId: string): string =>
  `person:${sessionId}:${participantId}`;
/** Those that watch a coach's board, or everybody's. */
export const boardOf = (coachId: string): string => `board:${coachId}`;
export const everybody = "everybody";

/** Where something about a session is to be told. */
export type About = { sessionId: string; coachId: string };

/**
 * Tells the sockets of this node what happens. Encoded once for all of them; one that is in the room and watches the
 * board is told once. Other nodes tell their own.
 */
export class Audience {
  readonly #namespace: Namespace;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /** To the room, and to the boards that show it. */
  tellRoom({ sessionId, coachId }: About, name: string, payload: unknown): void {
    this.#here([roomOf(sessionId), ...this.#boards(coachId)], name, payload);
  }

  /** To the coach in the room, and to the boards that show it. */
  tellCoach({ sessionId, coachId }: About, name: string, payload: unknown): void {
    this.#here([personOf(sessionId, coachId), ...this.#boards(coachId)], name, payload);
  }

  /** To the boards alone. */
  tellBoards({ coachId }: About, name: string, payload: unknown): void {
    const boards = this.#boards(coachId);
    if (boards.length > 0) this.#here(boards, name, payload);
  }

  /** The boards that somebody on this node watches. */
  #boards(coachId: string): string[] {
    return [boardOf(coachId), boardOf(everybody)].filter((board) => this.#namespace.adapter.rooms.has(board));
  }

  #here(rooms: string[], name: string, payload: unknown): void {
    this.#namespace.local.to(rooms).emit(name, payload);
  }
}
