import { randomBytes } from "node:crypto";
import { lockNames } from "../../db/locks.ts";
import { countEndpoints, insertEndpoint } from "../../db/webhook-endpoints.ts";
import { authorise } from "../../domain/access.ts";
import { invalidState } from "../../domain/errors.ts";
import { callerOf } from "../../domain/principal.ts";
import { type WebhookEndpoint, type WebhookEventType, maxEndpoints } from "../../domain/webhook.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { transact } from "../transaction.ts";

export type CreateWebhookInput = {
  url: string;
  events: WebhookEventType[];
  description?: string | undefined;
  ownerEmail?: string | undefined;
};

/** An endpoint and the secret that it was just given: shown to whoever asked for it, once. */
export type EndpointWithSecret = { endpoint: WebhookEndpoint; secret: string };

/**
 * Registers an endpoint. Admins only.
 * @throws DomainError `not_found`, `forbidden`, `invalid_request` for a URL that may not be called, `unavailable` while its
 *   name cannot be looked up, `invalid_state` when there are too many
 */
export const createWebhook = async (
  app: App,
  context: RequestContext,
  input: CreateWebhookInput,
): Promise<EndpointWithSecret> => {
  authorise(context.principal, "webhook.manage", { what: "webhook", owners: {} });
  await app.outbound.check(input.url);
  const secret = newSecret();
  return transact(app, context, async ({ sql }) => {
    await lockNames(sql, ["webhook endpoints"]);
    if ((await countEndpoints(sql)) >= maxEndpoints)
      throw invalidState("full", `There are ${maxEndpoints} webhooks already; delete one first.`);
    const endpoint = await insertEndpoint(sql, {
      id: app.newId(),
      url: input.url,
      events: input.events,
      description: input.description ?? null,
      ownerEmail: input.ownerEmail ?? null,
      createdBy: callerOf(context.principal),
      secret,
    });
    return { endpoint, secret };
  });
};

/** A signing secret as Standard Webhooks writes it. */
export const newSecret = (): string => `whsec_${randomBytes(32).toString("base64")}`;
