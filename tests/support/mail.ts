import type { RequestContext } from "../../src/usecases/context.ts";
import { bookSession } from "../../src/usecases/bookings/book.ts";
import type { Client } from "../../src/domain/client.ts";
import type { Coach } from "../../src/domain/coach.ts";
import { type NoticeInput, notify } from "../../src/usecases/mail/notify.ts";
import { createSessionType } from "../../src/usecases/session-types/create.ts";
import { type TestApp, createTestApp } from "./app.ts";
import { type MailServer, createMailServer } from "./mail-server.ts";

/** A hub that mails by a real mail server, with a coach and a client who are written to. */
export type MailWorld = {
  world: TestApp;
  server: MailServer;
  admin: RequestContext;
  coach: Coach;
  client: Client;
  /** Books at an instant; with a type that asks the coach first, it waits for approval. */
  book(startsAt: Date | string, options?: BookOptions): ReturnType<typeof bookSession>;
  /** The entries of the outbox that have not been given out by this yet. */
  entries(): Promise<NoticeInput[]>;
  /** Runs `notify` for each of them, one after another. */
  notifyAll(): Promise<Awaited<ReturnType<typeof notify>>[]>;
  close(): Promise<void>;
};

type BookOptions = { requiresApproval?: boolean; location?: Location; client?: Client; title?: string };
type Location = { kind: "room" | "url" | "in_person"; value?: string };

export const createMailWorld = async (env: Record<string, string> = {}): Promise<MailWorld> => {
  const server = await createMailServer();
  const world = await createTestApp({
    SMTP_URL: server.url,
    MAIL_FROM: "Courtside <bookings@hub.example>",
    PUBLIC_URL: "https://hub.example",
    ...env,
  });
  const admin: RequestContext = {
    principal: { kind: "key", id: crypto.randomUUID(), name: "tests", scope: "admin" },
    requestId: "tests",
  };
  const coach = await world.makeCoach({ name: "Ada Okafor", email: "ada@example.com" });
  const client = await world.makeClient({
    name: "Maya Brandt",
    email: "maya@example.com",
    timeZone: "America/New_York",
  });
  let given = "00000000-0000-0000-0000-000000000000";
  const entries = async (): Promise<NoticeInput[]> => {
    const rows = await world.db<{ id: string; type: NoticeInput["type"]; payload: object }[]>`
      SELECT id, type, payload FROM outbox WHERE id > ${given} ORDER BY id`;
    given = rows.at(-1)?.id ?? given;
    return rows.map(({ id, type, payload }) => ({ entryId: id, type, ...payload }));
  };
  return {
    world,
    server,
    admin,
    coach,
    client,
    entries,
    book: async (startsAt, { requiresApproval, location, client: who = client, title } = {}) => {
      const typed = requiresApproval !== undefined || location !== undefined;
      const type = typed
        ? await createSessionType(world.app, admin, {
            slug: `type-${crypto.randomUUID()}`,
            name: "Career talk",
            durationMinutes: 30,
            coachIds: [coach.id],
            requiresApproval,
            location,
          })
        : null;
      return bookSession(world.app, admin, {
        coachId: coach.id,
        clientId: who.id,
        startsAt: new Date(startsAt),
        ...(type ? { sessionTypeId: type.id } : { durationMinutes: 30 }),
        ...(title === undefined ? {} : { title }),
      });
    },
    notifyAll: async () => {
      const done = [];
      for (const entry of await entries()) done.push(await notify(world.app, entry));
      return done;
    },
    close: async () => {
      await world.close();
      await server.close();
    },
  };
};
