import { findDelivery, updateDeliveryReplayed } from "../../db/webhook-deliveries.ts";
import { findEndpoint } from "../../db/webhook-endpoints.ts";
import { authorise } from "../../domain/access.ts";
import { invalidState, notFound } from "../../domain/errors.ts";
import type { WebhookDelivery } from "../../domain/webhook.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { transact } from "../transaction.ts";

/**
 * Sends a delivery again, whatever became of it: the same event with the same id, tried as often as a new one. Admins
 * only.
 * @throws DomainError `not_found`, `forbidden`, `invalid_state` when the endpoint is disabled
 */
export const replayDelivery = async (
  app: App,
  context: RequestContext,
  id: string,
): Promise<WebhookDelivery> => {
  authorise(context.principal, "webhook.manage", { what: "delivery", owners: {} });
  const replayed = await transact(app, context, async ({ sql }) => {
    const delivery = await findDelivery(sql, id);
    const endpoint = delivery && (await findEndpoint(sql, delivery.endpointId));
    if (endpoint && !endpoint.enabled)
      throw invalidState("disabled", "The webhook of this delivery is disabled; enable it first.");
    const replayed = endpoint && (await updateDeliveryReplayed(sql, id));
    if (!replayed) throw notFound("delivery");
    return replayed;
  });
  app.publisher.publishOutboxNews();
  return replayed;
};
