import type { Letter } from "./letter.ts";

/** For whoever registered an endpoint. The URL itself may hold a secret, so the mail names its host. */
export const endpointDisabled = ({ host, reason }: { host: string; reason: string }): Letter => ({
  subject: `Your webhooks to ${host} have stopped`,
  heading: "Your webhooks have stopped",
  paragraphs: [
    `Courtside no longer sends webhooks to your endpoint at ${host}.`,
    "What was waiting for it is kept, and sent once you enable it again. Events that happen until then are not.",
  ],
  details: [
    { label: "Endpoint", value: host },
    { label: "Why", value: reason },
  ],
});
