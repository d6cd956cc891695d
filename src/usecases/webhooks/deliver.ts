import { Webhook } from "standardwebhooks";
import {
  type Attempt,
  type DisabledEndpoint,
  findAttempt,
  updateDeliveryMade,
  updateDeliveryMissed,
  updateDeliveryWaiting,
} from "../../db/webhook-deliveries.ts";
import { retryAfterMs } from "../../domain/retry.ts";
import { OutboundError } from "../../outbound/http.ts";
import type { App } from "../app.ts";
import { type Transaction, transact } from "../transaction.ts";

/** What came of a delivery; `skipped`: there was nothing to do, or another run of the same attempt had noted it. */
export type DeliveryOutcome = "delivered" | "retried" | "failed" | "skipped";

/** How long a receiver may take, over everything. */
const receiverMs = 10_000;

/** Of a receiver's answer nothing but its status is of interest; one that says more is cut off there. */
const maxAnswerBytes = 16_384;

/** A receiver that asks to be left alone gets no longer than this. */
const maxAskedWaitMs = 60 * 60_000;

/**
 * Makes one attempt at a delivery that is due: posts the event, signed after Standard Webhooks, and notes what came of
 * it. A receiver may get the same event more than once, always with the same id. What is not due, delivered, failed for
 * good or whose endpoint is gone is skipped; what belongs to a disabled endpoint waits until that is enabled again.
 * @param input `timeoutMs`: another patience than the usual 10 s
 */
export const deliverWebhook = async (
  app: App,
  { deliveryId, timeoutMs = receiverMs }: { deliveryId: string; timeoutMs?: number },
): Promise<DeliveryOutcome> => {
  const attempt = await findAttempt(app.sql, deliveryId);
  if (!attempt) return "skipped";
  if (!attempt.enabled) {
    await updateDeliveryWaiting(app.sql, deliveryId);
    return "skipped";
  }
  const startedAt = performance.now();
  const { status, error, askedWaitMs } = await post(app, attempt, timeoutMs);
  const durationMs = Math.round(performance.now() - startedAt);
  if (error === null) {
    const made = await updateDeliveryMade(app.sql, { ...attempt, status, durationMs });
    return made ? "delivered" : "skipped";
  }
  const ownWaitMs = retryAfterMs(attempt.attempts + 1, Math.random());
  const waitMs = ownWaitMs === null ? null : Math.max(ownWaitMs, Math.min(askedWaitMs, maxAskedWaitMs));
  const missed = { ...attempt, status, error, durationMs, retryAfterMs: waitMs, gone: status === 410 };
  const { counted, disabled } = await transact(
    app,
    { requestId: attempt.requestId ?? attempt.eventId },
    async (transaction) => {
      const outcome = await updateDeliveryMissed(transaction.sql, missed);
      if (outcome.disabled) await tellOwner(transaction, outcome.disabled);
      return outcome;
    },
  );
  if (disabled) {
    const { id: endpointId, disabledReason: reason } = disabled;
    app.log.warn({ endpointId, reason }, "a webhook endpoint was disabled");
  }
  if (!counted) return "skipped";
  return waitMs === null ? "failed" : "retried";
};

/** What came of a request: the status where there was one, and in plain words why it failed, null when it did not. */
type Reply = { status: number; error: null; askedWaitMs: 0 } | Refusal;
type Refusal = {
  status: number | null;
  error: string;
  /** How long the receiver asks to be left alone; 0 when it does not. */
  askedWaitMs: number;
};

const post = async (app: App, attempt: Attempt, timeoutMs: number): Promise<Reply> => {
  const { url, body, eventId } = attempt;
  if (body === null) throw new Error(`entry ${eventId} of the outbox has deliveries and no body`);
  try {
    const answer = await app.outbound.send({
      method: "POST",
      url,
      headers: headersOf(attempt, body),
      body,
      timeoutMs,
      maxBytes: maxAnswerBytes,
    });
    return replyOf(answer.status, answer.headers["retry-after"], attempt.now);
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    if (error.status !== null) return replyOf(error.status, undefined, attempt.now);
    return { status: null, error: error.message, askedWaitMs: 0 };
  }
};

const headersOf = ({ eventId, now, secrets }: Attempt, body: string): Record<string, string> => ({
  "content-type": "application/json",
  "user-agent": "Courtside-Webhooks",
  "idempotency-key": eventId,
  "webhook-id": eventId,
  "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
  "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(eventId, now, body)).join(" "),
});

const replyOf = (status: number, retryAfter: string | undefined, now: Date): Reply => {
  if (status >= 200 && status < 300) return { status, error: null, askedWaitMs: 0 };
  const isAsking = status === 429 || status === 503;
  const askedWaitMs = isAsking && retryAfter !== undefined ? waitOf(retryAfter, now) : 0;
  return { status, error: wordsFor(status), askedWaitMs };
};

const wordsFor = (status: number): string => {
  if (status === 410) return "The receiver answered 410 Gone, and its endpoint was disabled.";
  if (status >= 300 && status < 400)
    return `The receiver answered ${status}; a redirect is not followed, so give its target as the URL.`;
  return `The receiver answered ${status}.`;
};

/** The milliseconds that a `Retry-After` asks for, in seconds or as a date; 0 for what is neither. */
const waitOf = (retryAfter: string, now: Date): number => {
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const until = Date.parse(retryAfter);
  return Number.isNaN(until) ? 0 : Math.max(0, until - now.getTime());
};

/** Once each time that the endpoint is disabled. */
const tellOwner = async (
  transaction: Transaction,
  { id, version, ownerEmail }: DisabledEndpoint,
): Promise<void> => {
  if (ownerEmail === null) return;
  await transaction.addJobs({
    id: `webhook-disabled-${id}-${version}`,
    name: "webhook-disabled",
    payload: { endpointId: id },
    dueAt: null,
  });
};
