import { findEndpoint, listEndpoints } from "../../db/webhook-endpoints.ts";
import { authorise } from "../../domain/access.ts";
import { notFound } from "../../domain/errors.ts";
import type { WebhookEndpoint } from "../../domain/webhook.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { type Page, type PageInput, fetchPage } from "../paging.ts";

/** An endpoint, without its secrets. Admins only. @throws DomainError `not_found`, `forbidden` */
export const readWebhook = async (
  app: App,
  { principal }: RequestContext,
  id: string,
): Promise<WebhookEndpoint> => {
  authorise(principal, "webhook.manage", { what: "webhook", owners: {} });
  const endpoint = await findEndpoint(app.sql, id);
  if (!endpoint) throw notFound("webhook");
  return endpoint;
};

/** The endpoints, without their secrets. Admins only. @throws DomainError `not_found`, `forbidden` */
export const listWebhooks = async (
  app: App,
  { principal }: RequestContext,
  input: PageInput,
): Promise<Page<WebhookEndpoint>> => {
  authorise(principal, "webhook.manage", { what: "webhook", owners: {} });
  return fetchPage(input, (request) => listEndpoints(app.sql, request));
};
