import type { Participant, RoomEvent } from "../../../src/domain/room.ts";
import { waitFor } from "../../support/wait.ts";
import type { Load, StandingRoom } from "./load.ts";
import type { Person } from "./person.ts";
import type { World } from "./world.ts";

export type CheckOptions = {
  /** How long the rooms may take until every node tells of them what is true. */
  settledMs?: number;
  /** Whether what passes without a number may have been lost: then clients need not know who is connected. */
  passingLost?: boolean;
};

/** Unfinished work is added again after a minute. */
const summaryMs = 80_000;

/** All that is promised of a hub, seen from outside, once the load has stopped. What does not hold becomes a flaw. */
export const checkEverything = async (
  world: World,
  load: Load,
  options: CheckOptions = {},
): Promise<void> => {
  const { settledMs = 10_000 } = options;
  const startedAt = performance.now();
  await Promise.all(load.rooms.map((room) => checkSettled(world, room, { ...options, settledMs })));
  world.observe("settled after the load", performance.now() - startedAt);
  for (const room of load.rooms) {
    const events = await checkLog(world, room.sessionId);
    checkMessages(world, events);
    for (const person of load.everybody())
      if (person.sessionId === room.sessionId && person.inRoom) checkRecord(world, person, events);
  }
  await checkEnded(world, load);
  await load.bookers.check();
};

export const logOf = (world: World, sessionId: string): Promise<RoomEvent[]> =>
  world.rest.list<RoomEvent>(`/sessions/${sessionId}/events`, "after");

/** Waits until every node tells of a room what is true, and everybody in it has heard all of its events. */
const checkSettled = async (
  world: World,
  { sessionId, people }: StandingRoom,
  { settledMs, passingLost = false }: CheckOptions & { settledMs: number },
): Promise<void> => {
  const inside = people.filter((person) => person.inRoom);
  const wanted = people.filter((person) => person.wanted).length;
  world.expect(inside.length >= wanted, `${wanted - inside.length} people who want in are not in a room`);
  const expected = expectedPeople(inside, false);
  const expectedByPeople = expectedPeople(inside, passingLost);
  let otherwise = "";
  const agree = async (): Promise<boolean> => {
    otherwise = "";
    for (const url of world.liveUrls()) {
      const told = await participantsOf(world, { sessionId, url });
      if (told !== expected) otherwise = `node ${world.urls().indexOf(url)} tells ${told}`;
    }
    for (const person of inside) {
      const known = describePeople(person.view.people(), passingLost);
      if (known !== expectedByPeople)
        otherwise = `${person.name} on node ${world.urls().indexOf(person.url)} knows ${known}`;
    }
    return otherwise === "";
  };
  await waitFor(agree, { timeoutMs: settledMs, what: "agreement" }).catch(() => {
    world.flaws.push(`the room of ${sessionId} has ${expected}; ${settledMs / 1000} s later ${otherwise}`);
  });
};

/** Who is in a room, by whoever tells: each with their connections and status. */
const participantsOf = async (
  world: World,
  { sessionId, url }: { sessionId: string; url: string },
): Promise<string> => {
  const { data } = await world.rest.get<{ data: Participant[] }>(`/sessions/${sessionId}/participants`, url);
  return describePeople(data, false);
};

/** Who is in a room, by those who are. */
const expectedPeople = (inside: readonly Person[], namesOnly: boolean): string => {
  const connections = new Map<string, number>();
  for (const { participantId } of inside)
    connections.set(participantId, (connections.get(participantId) ?? 0) + 1);
  const people = [...connections].map(([participantId, count]) => ({
    participantId,
    connections: count,
    status: "connected" as const,
  }));
  return describePeople(people, namesOnly);
};

const describePeople = (
  people: readonly Pick<Participant, "participantId" | "connections" | "status">[],
  namesOnly: boolean,
): string =>
  people
    .map(({ participantId, connections, status }) =>
      namesOnly ? participantId.slice(-6) : `${participantId.slice(-6)} ${connections} ${status}`,
    )
    .toSorted()
    .join(", ");

/** When every node tells the truth of every room of the load, and nobody waits for anybody. */
export const untilPresenceIsRight = async (world: World, load: Load, timeoutMs: number): Promise<number> => {
  const startedAt = performance.now();
  const right = async (): Promise<boolean> => {
    for (const { sessionId, people } of load.rooms) {
      for (const url of world.liveUrls()) {
        const path = `/sessions/${sessionId}/participants`;
        const { data } = await world.rest.get<{ data: Participant[] }>(path, url);
        const standing = new Set(
          people.filter((person) => person.inRoom).map((person) => person.participantId),
        );
        // Passers-by come and go meanwhile; those who stand there are to be connected, and all of them there.
        const connected = data.filter(({ status }) => status === "connected");
        const there = new Set(connected.map(({ participantId }) => participantId));
        if ([...standing].some((id) => !there.has(id))) return false;
      }
    }
    return true;
  };
  await waitFor(right, { timeoutMs, what: "presence to be right" }).catch(() => {
    world.flaws.push(`presence was not right within ${timeoutMs / 1000} s`);
  });
  return performance.now() - startedAt;
};

/** That a log is 1 to n, and that everybody joins and leaves in turn. */
const checkLog = async (world: World, sessionId: string): Promise<RoomEvent[]> => {
  const events = await logOf(world, sessionId);
  const wrong = events.find(({ seq }, index) => seq !== index + 1);
  world.expect(!wrong, `the log of ${sessionId} is not 1 to ${events.length}: there is ${wrong?.seq}`);
  const present = new Set<string>();
  for (const { type, seq, data } of events) {
    const { participantId } = data as { participantId: string };
    if (type === "participant:joined") {
      world.expect(!present.has(participantId), `event ${seq} of ${sessionId}: one who is there joins again`);
      present.add(participantId);
    }
    if (type === "participant:left") {
      world.expect(
        present.delete(participantId),
        `event ${seq} of ${sessionId}: one who is not there leaves`,
      );
    }
  }
  return events;
};

/** That every message that was acknowledged is in the log, where it was said to be, and once. */
const checkMessages = (world: World, events: readonly RoomEvent[]): void => {
  const [first] = events;
  const times = new Map<string, number>();
  for (const { type, data } of events) {
    if (type !== "message:posted") continue;
    const { clientMessageId = "" } = data as { clientMessageId?: string };
    times.set(clientMessageId, (times.get(clientMessageId) ?? 0) + 1);
  }
  for (const [id, count] of times) world.expect(count === 1, `the message ${id} was posted ${count} times`);
  const writers = world.people.filter(({ sessionId }) => sessionId === first?.sessionId);
  for (const { name, posted } of writers) {
    for (const { seq, messageId, clientMessageId } of posted) {
      const data = events[seq - 1]?.data as { messageId?: string; clientMessageId?: string } | undefined;
      if (data?.messageId !== messageId || data.clientMessageId !== clientMessageId)
        world.flaws.push(
          `the message ${clientMessageId} of ${name} was acknowledged and is not event ${seq}`,
        );
    }
  }
};

/** That somebody was told of each event since they came, as it stands in the log. */
const checkRecord = (world: World, { name, events: told }: Person, log: readonly RoomEvent[]): void => {
  const first = told[0]?.seq ?? log.length + 1;
  const missing = log.length - first + 1 - told.length;
  world.expect(missing === 0, `${name} was not told of ${missing} events, by the end`);
  const other = told.find((event) => log[event.seq - 1]?.id !== event.id);
  world.expect(!other, `${name} was told of another event ${other?.seq} than the log has`);
};

/** That of every session that was ended the end is in the log, with one summary after it. */
const checkEnded = async (world: World, { ended }: Load): Promise<void> => {
  world.expect(ended.length > 0, "no session was ended");
  let latest = 0;
  for (const { sessionId } of ended) {
    await waitFor(
      async () => (await world.rest.ask("GET", `/sessions/${sessionId}/summary`)).status === 200,
      { timeoutMs: summaryMs, what: "the summary" },
    ).catch(() => {
      world.flaws.push(`the session ${sessionId} has no summary`);
    });
    const events = await checkLog(world, sessionId);
    checkMessages(world, events);
    const count = (type: string) => events.filter((event) => event.type === type).length;
    for (const type of ["session:ended", "summary:ready"])
      world.expect(count(type) === 1, `the log of ${sessionId} has ${count(type)} times ${type}`);
    world.expect(
      count("participant:joined") === count("participant:left"),
      `somebody is still in the room of ${sessionId}, which is closed`,
    );
    const ready = events.find(({ type }) => type === "summary:ready");
    const end = events.find(({ type }) => type === "session:ended");
    if (ready && end) latest = Math.max(latest, Date.parse(String(ready.at)) - Date.parse(String(end.at)));
  }
  world.observe("latest summary", latest);
};
