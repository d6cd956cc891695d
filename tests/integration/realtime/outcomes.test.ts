import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Session } from "../../../src/domain/session.ts";
import { closeOverdueSessions } from "../../../src/usecases/sessions/close-overdue.ts";
import { minutesFromNow } from "../../support/past-session.ts";
import { type RoomWorld, createRoomWorld, dataOf, openRoom } from "../../support/room.ts";

describe.each([1, 2] as const)("on %i node(s)", (nodeCount) => {
  let rooms: RoomWorld;

  beforeAll(async () => {
    rooms = await createRoomWorld(nodeCount);
  });

  afterAll(async () => {
    await rooms.close();
  });

  /** Moves a session's time, as if the room had been open for so long. */
  const move = async ({ id }: Session, startsIn: number, endsIn: number): Promise<void> => {
    await rooms.world.db`
      UPDATE sessions SET starts_at = ${minutesFromNow(startsIn)}, ends_at = ${minutesFromNow(endsIn)} WHERE id = ${id}`;
  };

  test("who waits alone is told of the no-show, then leaves, and comes in no more", async () => {
    const room = await openRoom(rooms);
    const maya = await room.enterAsClient();
    await move(room.session, -20, 10);
    expect(await closeOverdueSessions(rooms.world.app)).toBe(1);
    const told = await maya.next("session:no_show");
    expect(told).toMatchObject({
      actor: { type: "system" },
      data: { absent: "coach", reason: "no_show", session: { status: "no_show", absent: "coach" } },
    });
    expect(await maya.next("participant:left")).toMatchObject({
      seq: told.seq + 1,
      data: { participantId: room.client.id, reason: "closed" },
    });
    const { id: sessionId } = room.session;
    const refused = maya.ask("participant:update", { sessionId, state: { hand: true } });
    await expect(refused).rejects.toThrow(/session_closed/);
    const late = room.enterAsCoach();
    await expect(late).rejects.toThrow(/session_closed/);
  });

  test("people who sit on after the end are told when the longest overrun is over, and sent out", async () => {
    const room = await openRoom(rooms);
    const [ada, maya] = [await room.enterAsCoach(), await room.enterAsClient()];
    await ada.next("session:started");
    await rooms.world.db`
      UPDATE sessions SET started_at = ${minutesFromNow(-70)} WHERE id = ${room.session.id}`;
    await rooms.world.db`
      UPDATE attendance SET joined_at = ${minutesFromNow(-70)} WHERE session_id = ${room.session.id}`;
    await move(room.session, -70, -29);
    expect(await closeOverdueSessions(rooms.world.app)).toBe(0);
    await move(room.session, -70, -31);
    expect(await closeOverdueSessions(rooms.world.app)).toBe(1);
    for (const one of [ada, maya]) {
      const ended = await one.next("session:ended");
      expect(dataOf(ended)).toMatchObject({
        reason: "overrun",
        session: { status: "completed", absent: null },
      });
      await one.next("participant:left", ({ seq }) => seq === ended.seq + 2);
    }
  });

  test("a correction is told to the board of the coach", async () => {
    const room = await openRoom(rooms);
    const ada = await room.connect("coach");
    await ada.ask("board:watch", {});
    await move(room.session, -20, 10);
    await closeOverdueSessions(rooms.world.app);
    await ada.next("session:no_show");
    const reply = await rooms.served[0]?.send("POST", `/v1/sessions/${room.session.id}/correct`, {
      as: rooms.world.keys.admin,
      body: { outcome: "completed", reason: "By telephone" },
    });
    expect(reply?.status).toBe(200);
    expect(await ada.next("session:corrected")).toMatchObject({
      data: { from: "no_show", reason: "By telephone", session: { status: "completed", absent: null } },
    });
    ada.close();
  });
});
