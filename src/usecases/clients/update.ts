import { violatedUnique } from "../../db/client.ts";
import {
  type ClientChanges,
  findClientForUpdate,
  updateClient as updateClientRow,
} from "../../db/clients.ts";
import { authorise } from "../../domain/access.ts";
import { changed } from "../../domain/changes.ts";
import type { Client } from "../../domain/client.ts";
import { forbidden, notFound } from "../../domain/errors.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { externalIdTaken } from "../coaches/create.ts";
import { planRemindersOf } from "../mail/reminders.ts";
import { requireClient } from "../references.ts";
import { assertVersion, transact } from "../transaction.ts";

/**
 * Changes what is given of a client. Their external id is the house's to say. With a mail address
 * where there was none, their upcoming sessions get reminders.
 * @throws DomainError `not_found`, `forbidden`, `already_exists` (field `externalId`), `version_mismatch`
 */
export const updateClient = async (
  app: App,
  context: RequestContext,
  { ref, changes }: { ref: string; changes: ClientChanges },
): Promise<Client> => {
  const { id } = await requireClient(app.sql, ref);
  const standing = authorise(context.principal, "client.update", {
    what: "client",
    owners: { clientId: id },
  });
  if (standing === "client" && changes.externalId !== undefined)
    throw forbidden("A client may not change their own externalId.");
  try {
    return await transact(app, context, async (transaction) => {
      const { sql } = transaction;
      const client = await findClientForUpdate(sql, id);
      if (!client) throw notFound("client");
      assertVersion(context, client.version);
      const updated = await updateClientRow(sql, changed<Client>(client, changes));
      await planRemindersOf(transaction, "client", { before: client, after: updated });
      return updated;
    });
  } catch (error) {
    throw violatedUnique(error) === "clients_external_id_key" ? externalIdTaken("client", error) : error;
  }
};
