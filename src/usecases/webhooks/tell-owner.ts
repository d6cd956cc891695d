import { findEndpoint } from "../../db/webhook-endpoints.ts";
import type { App } from "../app.ts";
import { toHtml, toText } from "../mail/templates/layout.ts";
import { endpointDisabled } from "../mail/templates/endpoint-disabled.ts";

/**
 * Mails the owner of an endpoint that the hub has disabled it; nobody, once it is enabled again. May run twice: the mail
 * then goes again under the same Message-ID.
 * @param jobId names the disabling, of which there may be several
 */
export const tellOwner = async (
  app: App,
  { endpointId, jobId }: { endpointId: string; jobId: string },
): Promise<void> => {
  const endpoint = await findEndpoint(app.sql, endpointId);
  if (!endpoint || endpoint.enabled || endpoint.ownerEmail === null) return;
  const letter = endpointDisabled({
    host: new URL(endpoint.url).host,
    reason: endpoint.disabledReason ?? "Every attempt failed.",
  });
  await app.mail.send({
    messageId: `<${jobId}@${new URL(app.publicUrl()).hostname}>`,
    date: endpoint.updatedAt,
    to: { name: "", address: endpoint.ownerEmail },
    kind: "webhook.disabled",
    subject: letter.subject,
    text: toText(letter),
    html: toHtml(letter),
    ics: null,
  });
};
