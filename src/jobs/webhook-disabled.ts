import { tellOwner } from "../usecases/webhooks/tell-owner.ts";
import { defineJob } from "./job.ts";

/** Tells the owner of an endpoint that it was disabled. Idempotent on the disabling, by the mail's id. */
export const webhookDisabled = defineJob(
  "webhook-disabled",
  async (app, { jobId, payload: { endpointId } }) => {
    if (endpointId !== undefined) await tellOwner(app, { endpointId, jobId });
  },
  { queue: "mail" },
);
