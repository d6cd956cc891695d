import { inject } from "vitest";
import { type Visitor, enterRoom } from "../../src/commands/demo/visitor.ts";
import type { Client } from "../../src/domain/client.ts";
import type { Coach } from "../../src/domain/coach.ts";
import type { RoomEvent } from "../../src/domain/room.ts";
import type { Session } from "../../src/domain/session.ts";
import { type TestApp, createTestApp } from "./app.ts";
import { type Served, serve } from "./serve.ts";

/** A hub of one node, or of two that meet over Redis, with its rooms and jobs running. */
export type RoomWorld = {
  world: TestApp;
  /** Where the first and the last node listen: the same where there is one. */
  urls: [string, string];
  nodes: TestApp[];
  served: Served[];
  close(): Promise<void>;
};

export const createRoomWorld = async (
  nodeCount: 1 | 2,
  env: Record<string, string> = {},
): Promise<RoomWorld> => {
  const redis =
    nodeCount === 2 ? { REDIS_URL: inject("redisUrl"), REDIS_PREFIX: `rooms-${crypto.randomUUID()}` } : {};
  const settings = { LEAVE_GRACE_SECONDS: "1", ...redis, ...env };
  const world = await createTestApp(settings);
  const nodes = [world];
  if (nodeCount === 2) nodes.push(await createTestApp(settings, world));
  const served: Served[] = [];
  for (const node of nodes) served.push(await serve(node, { realtime: true, jobs: node === world }));
  const [first, last] = [served[0], served.at(-1)];
  if (!first || !last) throw new Error("a hub has a node");
  return {
    world,
    urls: [first.url, last.url],
    nodes,
    served,
    close: async () => {
      for (const one of served.toReversed()) await one.close();
      for (const node of nodes.toReversed()) await node.close();
    },
  };
};

/** A session whose room is open, and how its people come in. */
export type OpenRoom = {
  session: Session;
  coach: Coach;
  client: Client;
  /** On the first node. */
  enterAsCoach(options?: { after?: number }): Promise<Visitor>;
  /** On the last node. */
  enterAsClient(options?: { after?: number }): Promise<Visitor>;
};

export const openRoom = async ({ world, urls }: RoomWorld): Promise<OpenRoom> => {
  const coach = await world.makeCoach();
  const client = await world.makeClient();
  const { session } = await world.makeBooking({ coach, client });
  const enter = async (role: "coach" | "client", options: { after?: number } = {}): Promise<Visitor> => {
    const token = await world.userToken(role, role === "coach" ? coach.id : client.id);
    return enterRoom({ url: urls[role === "coach" ? 0 : 1], token, sessionId: session.id, ...options });
  };
  return {
    session,
    coach,
    client,
    enterAsCoach: (options) => enter("coach", options),
    enterAsClient: (options) => enter("client", options),
  };
};

export const dataOf = (event: RoomEvent): Record<string, unknown> => event.data as Record<string, unknown>;

/** Who came and went, as the room's events tell it: `+coach`, `-client lost`. */
export const comings = (events: readonly RoomEvent[], { coach }: OpenRoom): string[] =>
  events.flatMap((event) => {
    const who = dataOf(event)["participantId"] === coach.id ? "coach" : "client";
    if (event.type === "participant:joined") return [`+${who}`];
    return event.type === "participant:left" ? [`-${who} ${String(dataOf(event)["reason"])}`] : [];
  });
