import type { Participant, RoomEvent, Summary } from "../../domain/room.ts";
import type { Session } from "../../domain/session.ts";
import { type Api, createApi, enterRoom } from "./visitor.ts";

export type Stage = {
  /** The node that the coach uses, and the one that the client uses: the same where there is one. */
  coachUrl: string;
  clientUrl: string;
  key: string;
  say: (line: string) => void;
};

const callers = 50;

/**
 * Lives through one session from the outside, over REST and sockets only, and says what happens.
 * @returns how much of what it told was not true
 */
export const tellStory = async ({ coachUrl, clientUrl, key, say }: Stage): Promise<number> => {
  let failures = 0;
  const check = (holds: boolean, what: string): void => {
    if (!holds) failures += 1;
    say(`${holds ? "  ✓" : "  ✗ NOT TRUE:"} ${what}`);
  };
  const api = createApi(coachUrl, key);
  const otherApi = createApi(clientUrl, key);

  say("");
  say("A coach, and fifty people who all want the same half hour of hers.");
  const { booking, session } = await sellTheSlot([api, otherApi], check);

  say("");
  say("The winner is called Maya. The room opens, and both come in.");
  const tickets = {
    coach: await api.post<{ ticket: string }>(`/sessions/${session.id}/join`, { as: "coach" }),
    client: await otherApi.post<{ ticket: string }>(`/sessions/${session.id}/join`, {
      as: "client",
      name: "Maya",
    }),
  };
  const ada = await enterRoom({ url: coachUrl, token: tickets.coach.ticket, sessionId: session.id });
  const maya = await enterRoom({ url: clientUrl, token: tickets.client.ticket, sessionId: session.id });
  const arrived = await ada.next(
    "participant:joined",
    (event) => dataOf(event).participantId === booking.clientId,
  );
  check(arrived.seq > 0, `Ada sees ${String(dataOf(arrived)["name"])} arrive`);
  const started = await ada.next("session:started");
  check(started.seq > arrived.seq, "with both there, the session starts by itself");
  await maya.ask("message:send", { sessionId: session.id, text: "Can you hear me?", clientMessageId: "1" });
  const heard = await ada.next("message:posted");
  check(dataOf(heard)["text"] === "Can you hear me?", `Ada reads: "${String(dataOf(heard)["text"])}"`);

  say("");
  say("The train goes into a tunnel: Maya's connection drops, and she comes back.");
  const lastSeen = maya.lastSeq();
  maya.drop();
  const gone = await ada.nextPresence((change) => change.connections === 0);
  check(gone.status === "reconnecting", "Ada sees at once that she is reconnecting");
  await ada.ask("message:send", { sessionId: session.id, text: "Take your time.", clientMessageId: "2" });
  const returned = await enterRoom({
    url: clientUrl,
    token: tickets.client.ticket,
    sessionId: session.id,
    after: lastSeen,
  });
  const missed = returned.joined["events"] as RoomEvent[];
  check(
    missed.some((event) => dataOf(event)["text"] === "Take your time."),
    "back again, she is given exactly what she missed",
  );
  const back = await ada.nextPresence((change) => change.connections === 1);
  check(back.status === "connected", "and Ada sees her connected");
  const people = await api.get<{ data: Participant[] }>(`/sessions/${session.id}/participants`);
  const both = people.data.length === 2 && people.data.every((person) => person.status === "connected");
  check(
    both && !ada.events().some((event) => event.type === "participant:left"),
    "nobody left, nobody joined twice",
  );

  say("");
  say("Ada ends the session.");
  const ended = await ada.ask("session:end", { sessionId: session.id });
  check((ended["session"] as Session).status === "completed", "the session is completed");
  const ready = await returned.next("summary:ready");
  const summary = dataOf(ready)["summary"] as Summary;
  check(
    summary.participants.length === 2 && summary.messageCount === 2,
    "its summary is in the room a moment later:",
  );
  say(`    “${summary.text}”`);
  const kept = await otherApi.get<Summary>(`/sessions/${session.id}/summary`);
  check(kept.text === summary.text, "and GET …/summary tells the same");

  const log = await api.get<{ data: RoomEvent[] }>(`/sessions/${session.id}/events`);
  const seqs = log.data.map((event) => event.seq);
  check(
    seqs.every((seq, index) => seq === index + 1),
    `the log holds events 1 to ${seqs.length}, without a gap`,
  );
  check(
    inOrder(ada.events()) && inOrder(returned.events()),
    "and everybody got theirs in that order, each once",
  );
  ada.drop();
  returned.drop();
  return failures;
};

/** A coach who works, a slot that fifty people want, and the one who gets it. */
const sellTheSlot = async (
  [api, other]: readonly [Api, Api],
  check: (holds: boolean, what: string) => void,
): Promise<Booked> => {
  const coach = await api.post<{ id: string }>("/coaches", { name: "Ada Okafor", timeZone: "Europe/Berlin" });
  const rules = [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ weekday, start: "00:00", end: "24:00" }));
  await api.send("PUT", `/coaches/${coach.id}/availability`, { rules });
  const startsAt = new Date(Date.now() + 5 * 60_000).toISOString();
  const asked = `coachId=${coach.id}&durationMinutes=30`;
  const offered = await api.get<{ total: number }>(`/slots?${asked}&from=${startsAt}&days=1`);
  check(
    offered.total > 0,
    `Ada works day and night this week: ${offered.total} slots are offered within a day`,
  );
  const { booking, session, statuses } = await race([api, other], { coachId: coach.id, startsAt });
  const won = statuses.filter((status) => status === 201).length;
  const refused = statuses.filter((status) => status === 409).length;
  check(
    won === 1 && refused === callers - 1,
    `${callers} asked at once: ${won} booked, ${refused} were told that it is taken`,
  );
  const again = await api.send("POST", "/bookings", {
    coachId: coach.id,
    clientId: booking.clientId,
    startsAt,
    durationMinutes: 30,
  });
  check(again.status === 200, "the winner asked again, by accident, and got the same booking");
  const why = await api.get<Explanation>(`/slots/explain?${asked}&startsAt=${startsAt}`);
  const reasons = why.coaches.flatMap((one) => one.reasons.map(({ code }) => code));
  check(reasons.join() === "taken", "why the slot is no longer offered: it is taken");
  return { booking, session };
};

type Explanation = { coaches: { reasons: { code: string }[] }[] };

type Booked = { booking: { id: string; clientId: string }; session: Session };

/** Everybody books the same slot at the same moment, half of them on each node. */
const race = async (
  apis: readonly [Api, Api],
  slot: { coachId: string; startsAt: string },
): Promise<Booked & { statuses: number[] }> => {
  const answers = await Promise.all(
    Array.from({ length: callers }, (_, caller) =>
      apis[caller % 2 === 0 ? 0 : 1].send("POST", "/bookings", {
        ...slot,
        durationMinutes: 30,
        client: {
          name: `Caller ${caller + 1}`,
          externalId: `caller-${caller + 1}`,
        },
      }),
    ),
  );
  const winner = answers.find((answer) => answer.status === 201);
  if (!winner) throw new Error(`nobody won the race: ${JSON.stringify(answers[0]?.body)}`);
  return { ...(winner.body as Booked), statuses: answers.map((answer) => answer.status) };
};

const dataOf = (event: RoomEvent): Record<string, unknown> => event.data as Record<string, unknown>;

const inOrder = (events: readonly RoomEvent[]): boolean =>
  events.every((event, index) => index === 0 || event.seq === (events[index - 1]?.seq ?? 0) + 1);
