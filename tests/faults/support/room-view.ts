import type { Participant, RoomEvent } from "../../../src/domain/room.ts";

/** What passes by in a room, without a number. */
export type Passing = { participantId: string } & Partial<Participant>;

/** The people of a room as a client knows them: a snapshot, and what the events since made of it. */
export class RoomView {
  readonly #people = new Map<string, Participant>();

  /** Takes the people of a snapshot for the truth. */
  reset(people: readonly Participant[]): void {
    this.#people.clear();
    for (const person of people) this.#people.set(person.participantId, { ...person });
  }

  apply({ type, data }: RoomEvent): void {
    const { participantId } = data as { participantId: string };
    if (type === "participant:left") this.#people.delete(participantId);
    if (type === "participant:joined") {
      const { role, name, joinedAt } = data as Participant;
      const presence = { connections: 1, status: "connected" as const, state: {} };
      this.#people.set(participantId, { participantId, role, name, joinedAt, ...presence });
    }
  }

  applyPassing(name: string, { participantId, status, connections, state }: Passing): void {
    const person = this.#people.get(participantId);
    if (!person) return;
    if (name === "presence:changed" && status && connections !== undefined) {
      Object.assign(person, { status, connections });
    }
    if (name === "participant:updated" && state) person.state = state;
  }

  /** In the order of their ids. */
  people(): Participant[] {
    return [...this.#people.values()].toSorted((a, b) => (a.participantId < b.participantId ? -1 : 1));
  }
}
