import { type DueDelivery, updateDeliveryGivenUp } from "../../db/delivery-queue.ts";
import { retryAfterMs } from "../../domain/retry.ts";
import type { App } from "../app.ts";

/** Has a delivery that the queue gave up, since its workers ended or failed over it, be tried again later, or no more. */
export const giveUpAttempt = (app: App, delivery: DueDelivery): Promise<void> =>
  updateDeliveryGivenUp(app.sql, delivery, retryAfterMs(delivery.attempts + 1, Math.random()));
