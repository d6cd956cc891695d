import { DomainError } from "../errors.ts";
import { systemActor } from "../principal.ts";
import { assertJoinable, nextStatus, startsByItself } from "../session.ts";
import {
  type JoinRequest,
  type LockedRoom,
  type RoomChanges,
  type RoomRules,
  actorOfPerson,
  append,
  noChanges,
} from "./request.ts";

/** `seq`: the room's newest event once they are in. */
export type JoinResult = { waiting: false; seq: number } | { waiting: true };

type Decision = { changes: RoomChanges; result: JoinResult };

/**
 * Decides a join. Who is in the room already gets in with another device; with coach and client there, a scheduled
 * session may start by itself; a guest of a session that wants it waits until the coach admits them.
 * @throws DomainError `removed`, `session_closed`, `too_early`, `room_full`
 */
export const decideJoin = (room: LockedRoom, { person }: JoinRequest, rules: RoomRules): Decision => {
  const { participantId, role } = person;
  const changes = noChanges();
  const admission = room.admissions.get(participantId);
  if (admission === "removed") {
    throw new DomainError("forbidden", "removed", "You were removed from this room.");
  }
  assertJoinable(room.session, rules.joinEarlyMinutes, room.now);
  if (room.present.has(participantId)) {
    return { changes, result: { waiting: false, seq: room.session.lastSeq } };
  }
  if (role === "guest" && room.requiresAdmission && admission !== "admitted") {
    if (admission === undefined) changes.waiting.push(person);
    room.admissions.set(participantId, "waiting");
    return { changes, result: { waiting: true } };
  }
  if (room.present.size >= rules.roomCapacity) {
    throw new DomainError("conflict", "room_full", `This room holds ${rules.roomCapacity} people.`);
  }
  enter(room, changes, person);
  if (startsByItself(room.session, [...room.present.values()], rules.autoStart)) startByItself(room, changes);
  return { changes, result: { waiting: false, seq: room.session.lastSeq } };
};

const enter = (room: LockedRoom, changes: RoomChanges, person: JoinRequest["person"]): void => {
  const { session, now } = room;
  const { participantId, role, name } = person;
  const visit = { participantId, role, name, joinedAt: now };
  room.present.set(participantId, role);
  changes.visits.push({ sessionId: session.id, ...visit });
  append(room, changes, { type: "participant:joined", actor: actorOfPerson(person), data: visit });
  changes.outbox.push({ type: "participant.joined", payload: { sessionId: session.id, participantId } });
};

const startByItself = (room: LockedRoom, changes: RoomChanges): void => {
  const { session, now } = room;
  room.session = {
    ...session,
    status: nextStatus(session.status, "start"),
    startedAt: now,
    participantCount: room.present.size,
    version: session.version + 1,
    updatedAt: now,
  };
  append(room, changes, {
    type: "session:started",
    actor: systemActor,
    data: { session: room.session, reason: "both_present" },
  });
  changes.outbox.push({ type: "session.started", payload: { sessionId: session.id } });
};
