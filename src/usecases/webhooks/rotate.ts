import { updateEndpointSecret } from "../../db/webhook-endpoints.ts";
import { authorise } from "../../domain/access.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { transact } from "../transaction.ts";
import { type EndpointWithSecret, newSecret } from "./create.ts";
import { requireEndpointForUpdate } from "./update.ts";

/**
 * Gives an endpoint a new secret. For a day each delivery is signed with the one before as well; one from before that is
 * void at once, so rotating twice retires a secret that got out. Admins only.
 * @throws DomainError `not_found`, `forbidden`, `version_mismatch`
 */
export const rotateWebhook = async (
  app: App,
  context: RequestContext,
  id: string,
): Promise<EndpointWithSecret> => {
  authorise(context.principal, "webhook.manage", { what: "webhook", owners: {} });
  const secret = newSecret();
  return transact(app, context, async ({ sql }) => {
    await requireEndpointForUpdate(sql, context, id);
    return { endpoint: await updateEndpointSecret(sql, { id, secret }), secret };
  });
};
