import type { RoomRequest } from "../../domain/room/request.ts";

/** One request of somebody at a room, on its way to a transaction. */
export type RoomJob = { sessionId: string; requestId: string; request: RoomRequest };
