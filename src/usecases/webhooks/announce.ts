import type { Sql } from "../../db/client.ts";
import { insertDeliveries, updateEntryBodies } from "../../db/webhook-deliveries.ts";
import { listSubscriptionsForKeyShare } from "../../db/webhook-endpoints.ts";
import type { App } from "../app.ts";
import { type ToldEntry, bodiesOf } from "./bodies.ts";

/**
 * Writes what endpoints are told of these entries of the outbox, and a delivery for each endpoint that is enabled and
 * subscribed, due now; in the transaction that relays the entries. Again for the same entries adds nothing that is
 * there, so it is for entries that are relayed for the first time. As many statements for a hundred entries as for one,
 * and one where nobody is subscribed.
 * @returns how many deliveries were written
 */
export const announceEntries = async (
  app: Pick<App, "newId">,
  sql: Sql,
  entries: readonly ToldEntry[],
): Promise<number> => {
  if (entries.length === 0) return 0;
  const subscriptions = await listSubscriptionsForKeyShare(sql, [
    ...new Set(entries.map(({ type }) => type)),
  ]);
  const deliveries = entries.flatMap(({ id, type }) =>
    subscriptions
      .filter(({ events }) => (events as string[]).includes(type))
      .map((endpoint) => ({ id: app.newId(), endpointId: endpoint.id, eventId: id, eventType: type })),
  );
  if (deliveries.length === 0) return 0;
  const told = new Set(deliveries.map(({ eventId }) => eventId));
  const bodies = await bodiesOf(
    sql,
    entries.filter(({ id }) => told.has(id)),
  );
  await Promise.all([updateEntryBodies(sql, bodies), insertDeliveries(sql, deliveries)]);
  return deliveries.length;
};
