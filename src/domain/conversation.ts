import type { ParticipantRole } from "./principal.ts";
import type { Visit } from "./room.ts";
import { sides } from "./summary.ts";

/** What was said in one session, as it may be shown to a model: by roles, without a name or an address of anybody. */
export type Conversation = {
  /** What was written with the booking; null where others than coach and client will be told what a model makes of it. */
  notes: string | null;
  /** How many messages came before the first of these. */
  earlierMessages: number;
  messages: { from: string; text: string }[];
};

/** Of a long conversation, the end is kept: this much of it as JSON, and this many messages. */
export const maxConversationBytes = 24 * 1024;
export const maxConversationMessages = 500;

/** More of one message than this is left out. In characters (UTF-16). */
export const maxRemarkLength = 2_000;

/** A message as its sender wrote it. */
export type Remark = { participantId: string; text: string };

export type Spoken = {
  notes: string | null;
  visits: readonly Visit[];
  /** The newest messages, oldest first. */
  remarks: readonly Remark[];
  /** How many were sent in all. */
  messageCount: number;
};

/**
 * The end of what was said in a session; null where nothing was.
 *
 * The notes are between coach and client, and the summary is told to everybody in the room: where a guest or an observer
 * has been there, it is not made from the notes.
 */
export const toConversation = (spoken: Spoken): Conversation | null => {
  const { visits, remarks, messageCount } = spoken;
  const isBetweenSides = visits.every(({ role }) => sides.some((side) => side === role));
  const notes = isBetweenSides ? spoken.notes : null;
  if (remarks.length === 0 && notes === null) return null;
  const speakers = nameSpeakers(visits);
  const messages: Conversation["messages"] = [];
  let bytes = 0;
  for (const { participantId, text } of remarks.toReversed()) {
    const message = { from: speakers.get(participantId) ?? "other", text: beginningOf(text) };
    bytes += bytesOf(JSON.stringify(message)) + 1;
    if (bytes > maxConversationBytes || messages.length === maxConversationMessages) break;
    messages.unshift(message);
  }
  return { notes, earlierMessages: messageCount - messages.length, messages };
};

const beginningOf = (text: string): string =>
  text.length > maxRemarkLength
    ? `${text.slice(0, maxRemarkLength).replace(/[\ud800-\udbff]$/, "")} […]`
    : text;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** `coach`, `client`, and guests and observers by a number, in the order in which they came. */
const nameSpeakers = (visits: readonly Visit[]): Map<string, string> => {
  const names = new Map<string, string>();
  const counts = new Map<ParticipantRole, number>();
  for (const { participantId, role } of visits.toSorted(
    (a, b) => a.joinedAt.getTime() - b.joinedAt.getTime(),
  )) {
    if (names.has(participantId)) continue;
    const place = (counts.get(role) ?? 0) + 1;
    counts.set(role, place);
    names.set(participantId, role === "coach" || role === "client" ? role : `${role} ${place}`);
  }
  return names;
};
