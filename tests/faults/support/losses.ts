import { waitFor } from "../../support/wait.ts";
import type { StandingRoom } from "./load.ts";
import type { Person } from "./person.ts";
import { type World, leftMs, noticedMs } from "./world.ts";

export type Losses = {
  /** Those who went with their node and do not come back, and the rooms that miss them. */
  gone: readonly { room: StandingRoom; person: Person }[];
  since: number;
};

/** Waits until the coach of each room, on another node, was told that somebody cannot be reached, and then left. */
export const watchLosses = async (world: World, { gone, since }: Losses): Promise<void> => {
  const all = (when: (coach: Person, participantId: string) => number | null) => (): number | null => {
    const times = gone.map(({ room, person }) => when(room.coach, person.participantId));
    return times.every((at) => at !== null) ? Math.max(...times.map(Number)) : null;
  };
  const watch = async (what: string, limitMs: number, told: () => number | null): Promise<void> => {
    const at = await waitFor(told, { timeoutMs: limitMs + 5_000, what }).catch(
      () => Number.POSITIVE_INFINITY,
    );
    world.observe(what, at - since, limitMs);
  };
  await watch(
    "told that they cannot be reached",
    noticedMs,
    all((coach, id) => coach.toldOfLoss(id, since)),
  );
  await watch(
    "told that they left",
    leftMs,
    all((coach, id) => coach.toldOfLeaving(id, since)),
  );
  for (const { room, person } of gone) {
    const leaves = room.coach.events.filter(
      ({ type, data }) =>
        type === "participant:left" &&
        (data as { participantId: string }).participantId === person.participantId,
    );
    world.expect(leaves.length <= 1, `${person.name} left ${leaves.length} times`);
  }
};
