import { listAllOpenVisits } from "../../db/attendance.ts";
import type { App } from "../app.ts";
import { leaveRoom } from "./leave.ts";

/** How many people one sweep lets go, so that a sweep after a large outage takes turns with everything else. */
const sweepLimit = 200;

/** Lets those leave whose time to come back is over. To be called about every half second, on any number of nodes. */
export const sweepRooms = async (app: App): Promise<void> => {
  for (const awaited of await app.presence.due(sweepLimit)) {
    await leaveRoom(app, { ...awaited, reason: "lost", requestId: `sweep-${app.newId()}` });
  }
};

/**
 * Waits for everybody whom the attendance has in a room: after a start of the hub, when presence may know nothing
 * of them. Whoever is connected somewhere, or awaited already, is left alone.
 */
export const awaitEverybody = async (app: App): Promise<void> => {
  const graceMs = app.config.leaveGraceSeconds * 1000;
  for (const visit of await listAllOpenVisits(app.sql)) await app.presence.expect(visit, graceMs);
};
