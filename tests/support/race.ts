import { createApi } from "../../src/commands/demo/visitor.ts";

/** Fifty callers, each a client of their own, race for one slot after another; each starts on the next node. */
export const raceForSlots = async (
  urls: readonly string[],
  key: string,
  rounds: number,
): Promise<Map<number, number>[]> => {
  const apis = urls.map((url) => createApi(url, key));
  const apiOf = (caller: number) => {
    const api = apis[caller % apis.length];
    if (!api) throw new Error("a race needs a node");
    return api;
  };
  const coach = await apiOf(0).post<{ id: string }>("/coaches", { name: "Ada", timeZone: "Europe/Berlin" });
  const clients = await Promise.all(
    Array.from({ length: 50 }, (_, caller) =>
      apiOf(caller).post<{ id: string }>("/clients", { name: `Caller ${caller}`, timeZone: "Europe/Paris" }),
    ),
  );
  const outcomes: Map<number, number>[] = [];
  for (let round = 0; round < rounds; round++) {
    const startsAt = new Date(Date.UTC(2040, 0, 1, round)).toISOString();
    const answers = await Promise.all(
      clients.map(({ id }, caller) =>
        apiOf(caller).send("POST", "/bookings", {
          coachId: coach.id,
          clientId: id,
          startsAt,
          durationMinutes: 60,
        }),
      ),
    );
    const counts = new Map<number, number>();
    for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
    outcomes.push(counts);
  }
  return outcomes;
};
