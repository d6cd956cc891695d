import type { Sql } from "../../db/client.ts";
import { type EndpointChanges, findEndpointForUpdate, updateEndpoint } from "../../db/webhook-endpoints.ts";
import { authorise } from "../../domain/access.ts";
import { changed } from "../../domain/changes.ts";
import { notFound } from "../../domain/errors.ts";
import type { WebhookEndpoint } from "../../domain/webhook.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { assertVersion, transact } from "../transaction.ts";

/**
 * Changes what is given of an endpoint. One that is enabled again, or gets another URL, starts with a clean slate; what
 * waited for it while it was disabled is sent. Admins only.
 * @throws DomainError `not_found`, `forbidden`, `invalid_request` for a URL that may not be called, `unavailable` while its
 *   name cannot be looked up, `version_mismatch`
 */
export const updateWebhook = async (
  app: App,
  context: RequestContext,
  { id, changes }: { id: string; changes: EndpointChanges },
): Promise<WebhookEndpoint> => {
  authorise(context.principal, "webhook.manage", { what: "webhook", owners: {} });
  if (changes.url !== undefined) await app.outbound.check(changes.url);
  const endpoint = await transact(app, context, async ({ sql }) => {
    const before = await requireEndpointForUpdate(sql, context, id);
    const after = changed<WebhookEndpoint>(before, changes);
    const isNew = (after.enabled && !before.enabled) || after.url !== before.url;
    return updateEndpoint(sql, {
      ...after,
      failingSince: isNew ? null : after.failingSince,
      disabledReason: after.enabled ? null : after.disabledReason,
    });
  });
  if (endpoint.enabled) app.publisher.publishOutboxNews();
  return endpoint;
};

/**
 * The endpoint, locked until the transaction ends.
 * @throws DomainError `not_found`, `version_mismatch`
 */
export const requireEndpointForUpdate = async (
  sql: Sql,
  context: Pick<RequestContext, "ifVersion">,
  id: string,
): Promise<WebhookEndpoint> => {
  const endpoint = await findEndpointForUpdate(sql, id);
  if (!endpoint) throw notFound("webhook");
  assertVersion(context, endpoint.version);
  return endpoint;
};
