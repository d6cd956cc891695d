import type { NewMail } from "../../db/mails.ts";
import { findEndpoint } from "../../db/webhook-endpoints.ts";
import type { App } from "../app.ts";
import { deliverMails } from "../mail/deliver.ts";
import { endpointDisabled } from "../mail/templates/endpoint-disabled.ts";
import { toHtml, toText } from "../mail/templates/layout.ts";

/**
 * Mails the owner of an endpoint that the hub has disabled it; nobody, once that is no longer so. Idempotent on the
 * disabling.
 * @param jobId names the disabling, of which there may be several
 * @throws DomainError `unavailable` while the mail is left to be tried again
 */
export const tellOwner = async (
  app: App,
  { endpointId, jobId }: { endpointId: string; jobId: string },
): Promise<void> => {
  const endpoint = await findEndpoint(app.sql, endpointId);
  const reason = endpoint?.disabledReason ?? null;
  const address = endpoint?.ownerEmail ?? null;
  if (!endpoint || reason === null || address === null) {
    await deliverMails(app, { cause: jobId, silent: "superseded" });
    return;
  }
  const mail = composeMail(app, { cause: jobId, address, host: new URL(endpoint.url).host, reason });
  await deliverMails(app, { cause: jobId, mails: [mail] });
};

const composeMail = (
  app: App,
  { cause, address, host, reason }: { cause: string; address: string; host: string; reason: string },
): NewMail => {
  const letter = endpointDisabled({ host, reason });
  return {
    id: app.newId(),
    cause,
    // An owner is an address, and nobody whom the hub knows.
    personId: null,
    bookingId: null,
    bookingVersion: null,
    kind: "webhook.disabled",
    messageId: `<${cause}@${new URL(app.publicUrl()).hostname}>`,
    toAddress: address,
    toName: "",
    subject: letter.subject,
    text: toText(letter),
    html: toHtml(letter),
    ics: null,
    icsMethod: null,
  };
};
