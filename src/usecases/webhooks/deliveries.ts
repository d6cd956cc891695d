import { listDeliveries } from "../../db/webhook-deliveries.ts";
import type { DeliveryStatus, WebhookDelivery } from "../../domain/webhook.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { type Page, type PageInput, fetchPage } from "../paging.ts";
import { readWebhook } from "./read.ts";

export type DeliveriesQuery = PageInput & { endpointId: string; status?: DeliveryStatus | undefined };

/** What was sent, and is to be sent, to an endpoint. Admins only. @throws DomainError `not_found`, `forbidden` */
export const listWebhookDeliveries = async (
  app: App,
  context: RequestContext,
  { endpointId, status, ...page }: DeliveriesQuery,
): Promise<Page<WebhookDelivery>> => {
  await readWebhook(app, context, endpointId);
  const filter = { endpointId, status: status ?? null };
  return fetchPage(page, (request) => listDeliveries(app.sql, filter, request));
};
