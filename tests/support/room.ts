import { inject } from "vitest";
import { type Visitor, enterRoom } from "../../src/commands/demo/visitor.ts";
import type { Client } from "../../src/domain/client.ts";
import type { Coach } from "../../src/domain/coach.ts";
import type { RoomEvent } from "../../src/domain/room.ts";
import type { Session } from "../../src/domain/session.ts";
import { createSessionType } from "../../src/usecases/session-types/create.ts";
import { type LiveClient, connectLive } from "./live-client.ts";
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
  /** Connects without joining: the coach on the first node, everybody else on the last. */
  connect(as: "coach" | "client" | "admin"): Promise<LiveClient>;
  /** Connects somebody with a ticket, on the last node. */
  connectWith(ticket: Record<string, unknown>): Promise<LiveClient>;
};

export type RoomOptions = {
  /** Made for the session; its guests may have to be admitted. */
  requiresAdmission?: boolean;
  coach?: Coach;
  inMinutes?: number;
};

export const openRoom = async (
  { world, urls, served }: RoomWorld,
  { requiresAdmission = false, coach: given, inMinutes = 10 }: RoomOptions = {},
): Promise<OpenRoom> => {
  const coach = given ?? (await world.makeCoach());
  const client = await world.makeClient();
  const { session } = await world.makeBooking({
    coach,
    client,
    inMinutes,
    ...(requiresAdmission ? { sessionTypeId: await makeLobbyType(world, coach) } : {}),
  });
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
    connect: async (as) => {
      const id = as === "coach" ? coach.id : as === "client" ? client.id : "root";
      return connectLive(urls[as === "coach" ? 0 : 1], await world.userToken(as, id));
    },
    connectWith: async (ticket) => {
      const reply = await served[0]?.send("POST", `/v1/sessions/${session.id}/join`, {
        as: world.keys.admin,
        body: ticket,
      });
      return connectLive(urls[1], String(reply?.body["ticket"]));
    },
  };
};

const makeLobbyType = async ({ app }: TestApp, coach: Coach): Promise<string> => {
  const principal = { kind: "key", id: crypto.randomUUID(), name: "tests", scope: "admin" } as const;
  const type = await createSessionType(
    app,
    { principal, requestId: "tests" },
    {
      slug: `lobby-${crypto.randomUUID()}`,
      name: "With a lobby",
      durationMinutes: 30,
      requiresAdmission: true,
      coachIds: [coach.id],
    },
  );
  return type.id;
};

export const dataOf = (event: RoomEvent): Record<string, unknown> => event.data as Record<string, unknown>;

/** Who came and went, as the room's events tell it: `+coach`, `-client lost`. */
export const comings = (events: readonly RoomEvent[], { coach }: OpenRoom): string[] =>
  events.flatMap((event) => {
    const who = dataOf(event)["participantId"] === coach.id ? "coach" : "client";
    if (event.type === "participant:joined") return [`+${who}`];
    return event.type === "participant:left" ? [`-${who} ${String(dataOf(event)["reason"])}`] : [];
  });
