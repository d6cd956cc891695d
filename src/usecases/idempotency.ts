import {
  type IdempotencyRecord,
  type IdempotencyRef,
  insertRecord,
  listRecords,
  lockNameOf,
  upsertRecords,
} from "../db/idempotency.ts";
import type { Sql } from "../db/client.ts";
import { tryLockName } from "../db/locks.ts";
import { DomainError } from "../domain/errors.ts";

/** An answer as it is given, its body as text, and kept to be given again. */
export type Answer = { status: number; body: string; etag: string | null };

/** A request that came with an `Idempotency-Key`. */
export type IdempotentRequest = IdempotencyRef & {
  /** Tells requests under one key apart: a digest of path and body. */
  fingerprint: string;
  /** Shapes a use case's result as the caller gets it, so that the record commits with the write. */
  toAnswer: (result: unknown) => Answer;
};

/** Thrown where a request turns out to have been answered: its answer is to be given again. */
export class AlreadyAnswered extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super("this request has been answered");
    this.name = "AlreadyAnswered";
    this.answer = answer;
  }
}

/**
 * The answer that was given to this request before, or null.
 * @throws DomainError `idempotency_key_reused` when the key was used for another request
 */
export const findAnswer = async (sql: Sql, request: IdempotentRequest): Promise<Answer | null> => {
  const [record] = await listRecords(sql, [request]);
  return record ? answerOf(record, request) : null;
};

/** Keeps an answer that no transaction could keep, such as a refusal. The first answer to a key stays. */
export const keepAnswer = async (sql: Sql, request: IdempotentRequest, answer: Answer): Promise<void> => {
  await insertRecord(sql, recordOf(request, answer));
};

/** An answer as it is kept. */
export const recordOf = (
  { caller, route, key, fingerprint }: IdempotentRequest,
  answer: Answer,
): IdempotencyRef & IdempotencyRecord => ({ caller, route, key, fingerprint, ...answer });

/**
 * Runs `work` once for this key: takes the key in the transaction, and keeps the answer there, so that it
 * commits with the write or not at all.
 * @throws AlreadyAnswered when the request was answered meanwhile; {@link KeyInUse} when it is being answered now
 */
export const onceInTransaction = async <T>(
  sql: Sql,
  request: IdempotentRequest,
  work: () => Promise<T>,
): Promise<T> => {
  if (!(await tryLockName(sql, lockNameOf(request)))) throw new KeyInUse();
  const answer = await findAnswer(sql, request);
  if (answer) throw new AlreadyAnswered(answer);
  const result = await work();
  await upsertRecords(sql, [recordOf(request, request.toAnswer(result))]);
  return result;
};

/** The same request is being answered at this moment. */
export class KeyInUse extends DomainError {
  constructor() {
    super("conflict", "idempotency_in_flight", "A request with this Idempotency-Key is still running.", {
      facts: { retryAfterMs: 1000 },
    });
    this.name = "KeyInUse";
  }
}

/**
 * What a record answers to a request under its key.
 * @throws DomainError `idempotency_key_reused` when the key was used for another request
 */
export const answerOf = (record: IdempotencyRecord, request: IdempotentRequest): Answer => {
  if (record.fingerprint === request.fingerprint) {
    return { status: record.status, body: record.body, etag: record.etag };
  }
  throw new DomainError(
    "invalid",
    "idempotency_key_reused",
    "This Idempotency-Key was used for another request; use a new key for each.",
  );
};
