import { type Database, openDatabase } from "../../../src/db/client.ts";
import { webhookEventTypes } from "../../../src/domain/webhook.ts";
import { type HubProcess, startHubProcess } from "../../support/hub-process.ts";
import { type MailServer, createMailServer } from "../../support/mail-server.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";
import { waitFor } from "../../support/wait.ts";
import type { Ground } from "./ground.ts";

const adminKey = `ck_${"f".repeat(40)}`;

export type Booked = { booking: { id: string }; session: { id: string } };

/** A hub with its surroundings: where its mails arrive, who receives its webhooks, and a look into its database. */
export class Stage {
  readonly sql: Database;
  readonly mailbox: MailServer;
  readonly receiver: Receiver;
  readonly env: Record<string, string>;
  hub: HubProcess | null = null;
  #url = "";

  private constructor(parts: {
    sql: Database;
    mailbox: MailServer;
    receiver: Receiver;
    env: Record<string, string>;
  }) {
    this.sql = parts.sql;
    this.mailbox = parts.mailbox;
    this.receiver = parts.receiver;
    this.env = parts.env;
  }

  static async open(ground: Ground, env: Record<string, string> = {}): Promise<Stage> {
    const databaseUrl = await ground.postgres.createDatabase();
    const [mailbox, receiver] = await Promise.all([createMailServer(), startReceiver()]);
    return new Stage({
      sql: openDatabase({ url: databaseUrl, poolSize: 3 }),
      mailbox,
      receiver,
      env: {
        DATABASE_URL: databaseUrl,
        ADMIN_API_KEY: adminKey,
        SMTP_URL: mailbox.url,
        ALLOW_PRIVATE_TARGETS: "true",
        ...env,
      },
    });
  }

  /** Starts the hub, again after it was killed. */
  async start(env: Record<string, string> = {}): Promise<void> {
    this.hub = await startHubProcess({ ...this.env, ...env });
    this.#url = this.hub.url;
  }

  async kill(): Promise<void> {
    await this.hub?.stop("SIGKILL");
    this.hub = null;
  }

  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.#url}/v1${path}`, {
      method,
      headers: {
        "x-api-key": adminKey,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** Subscribes a receiver to everything. @returns the secret */
  async subscribe(url = this.receiver.url): Promise<string> {
    return (await this.ask<{ secret: string }>("POST", "/webhooks", { url, events: webhookEventTypes }))
      .secret;
  }

  async close(): Promise<void> {
    await this.kill();
    await Promise.all([this.mailbox.close(), this.receiver.close(), this.sql.end({ timeout: 1 })]);
  }

  /** Waits until nothing is left to do in the background but to remind of what comes later. */
  async untilDone(timeoutMs: number): Promise<void> {
    await waitFor(
      async () => {
        const [row] = await this.sql<[{ left: number }]>`
          SELECT ((SELECT count(*) FROM outbox WHERE enqueued_at IS NULL)
               + (SELECT count(*) FROM jobs WHERE name <> 'remind' OR due_at <= now())
               + (SELECT count(*) FROM webhook_deliveries WHERE status <> 'delivered'))::int AS left`;
        return row.left === 0;
      },
      { timeoutMs, what: "everything to be done" },
    );
  }
}
