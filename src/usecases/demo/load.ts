import { listCoaches } from "../../db/coaches.ts";
import { DomainError } from "../../domain/errors.ts";
import type { KeyPrincipal } from "../../domain/principal.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { bookSession } from "../bookings/book.ts";
import { createClient } from "../clients/create.ts";
import { createCoach } from "../coaches/create.ts";

const coaches = [
  { externalId: "demo-coach-ada", name: "Ada Okafor", email: "ada@example.com", timeZone: "Europe/Berlin" },
  {
    externalId: "demo-coach-bruno",
    name: "Bruno Lima",
    email: "bruno@example.com",
    timeZone: "America/Sao_Paulo",
  },
  { externalId: "demo-coach-chen", name: "Chen Wei", email: "chen@example.com", timeZone: "Asia/Shanghai" },
] as const;

const clients = [
  {
    externalId: "demo-client-maya",
    name: "Maya Stein",
    email: "maya@example.com",
    timeZone: "Europe/Berlin",
  },
  {
    externalId: "demo-client-noah",
    name: "Noah Silva",
    email: "noah@example.com",
    timeZone: "America/New_York",
  },
  {
    externalId: "demo-client-ines",
    name: "Inès Moreau",
    email: "ines@example.com",
    timeZone: "Europe/Paris",
  },
] as const;

/** Which client is with which coach, and how many minutes after loading: the first room is open at once. */
const bookings = [
  { coach: 0, client: 0, startsInMinutes: 10, title: "First steps" },
  { coach: 0, client: 1, startsInMinutes: 75, title: "Career change" },
  { coach: 1, client: 2, startsInMinutes: 180, title: "Speaking in public" },
  { coach: 2, client: 0, startsInMinutes: 24 * 60, title: "Weekly review" },
] as const;

/** What was there, and what was added. */
export type DemoData = { coaches: number; clients: number; bookings: number };

export const hasCoaches = async (app: Pick<App, "sql">): Promise<boolean> =>
  (await listCoaches(app.sql, { id: null, activeOnly: false }, { limit: 1, after: null, order: "newest" }))
    .length > 0;

/**
 * Adds a small world to try things with, through the same use cases as any caller's. Whatever of it is there
 * already stays as it is.
 * @returns how much was added
 */
export const loadDemoData = async (app: App): Promise<DemoData> => {
  const principal: KeyPrincipal = { kind: "key", id: "demo-data", name: "demo data", scope: "admin" };
  const context: RequestContext = { principal, requestId: `demo-${app.newId()}` };
  const added: DemoData = { coaches: 0, clients: 0, bookings: 0 };
  for (const coach of coaches) added.coaches += await countNew(() => createCoach(app, context, coach));
  for (const client of clients) added.clients += await countNew(() => createClient(app, context, client));
  const quarterHour = 15 * 60_000;
  for (const { coach, client, startsInMinutes, title } of bookings) {
    const startsAt = new Date(Math.ceil((Date.now() + startsInMinutes * 60_000) / quarterHour) * quarterHour);
    added.bookings += await countNew(() =>
      bookSession(app, context, {
        coachId: `ext:${coaches[coach].externalId}`,
        clientId: `ext:${clients[client].externalId}`,
        startsAt,
        durationMinutes: 45,
        title,
      }),
    );
  }
  return added;
};

/** 1, or 0 when there is one already. */
const countNew = async (add: () => Promise<unknown>): Promise<number> => {
  try {
    await add();
    return 1;
  } catch (error) {
    if (error instanceof DomainError && error.kind === "conflict") return 0;
    throw error;
  }
};
