import { listAllOpenVisits } from "../../db/attendance.ts";
import type { App } from "../app.ts";
import { leaveRoom } from "./leave.ts";
import { forgetGuest, sessionOfLobby } from "./lobby.ts";

/** How many people one sweep lets go, so that a sweep after a large outage takes turns with everything else. */
const sweepLimit = 200;

/** Lets those leave whose time to come back is over. To be called about every half second, on any number of nodes. */
export const sweepRooms = async (app: App): Promise<void> => {
  const failures: unknown[] = [];
  for (const awaited of await app.presence.due(sweepLimit)) {
    try {
      if (sessionOfLobby(awaited.sessionId) !== null) await forgetGuest(app, awaited);
      else await leaveRoom(app, { ...awaited, reason: "lost", requestId: `sweep-${app.newId()}` });
    } catch (error) {
      // One who cannot leave yet, since somebody holds their room, keeps nobody else.
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "some could not leave yet");
};

/**
 * Waits for everybody whom the attendance has in a room and presence does not know: after a start of the hub, and after
 * presence was lost. Whoever is connected somewhere, or awaited already, is left alone.
 */
export const awaitEverybody = async (app: App): Promise<void> => {
  await app.presence.expect(await listAllOpenVisits(app.sql), app.config.leaveGraceSeconds * 1000);
};

/** True when there is nobody whose presence could have been lost. */
export const isEverybodyOut = async (app: App): Promise<boolean> =>
  (await listAllOpenVisits(app.sql)).length === 0;
