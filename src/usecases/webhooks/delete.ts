import { deleteEndpoint } from "../../db/webhook-endpoints.ts";
import { authorise } from "../../domain/access.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { transact } from "../transaction.ts";
import { requireEndpointForUpdate } from "./update.ts";

/**
 * Takes an endpoint away, with its deliveries: what is on its way may still arrive, and nothing after it. Admins only.
 * @throws DomainError `not_found`, `forbidden`, `version_mismatch`
 */
export const deleteWebhook = async (app: App, context: RequestContext, id: string): Promise<void> => {
  authorise(context.principal, "webhook.manage", { what: "webhook", owners: {} });
  await transact(app, context, async ({ sql }) => {
    await requireEndpointForUpdate(sql, context, id);
    await deleteEndpoint(sql, id);
  });
};
