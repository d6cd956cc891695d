import { isDatabaseUnavailable } from "../db/client.ts";
import { DomainError } from "../domain/errors.ts";

/**
 * What a caller may be told of an error: a refusal as it is, a database out of reach as `unavailable`, and null
 * for a fault of the hub, which is logged whole and told to nobody.
 */
export const refusalOf = (error: unknown): DomainError | null => {
  if (error instanceof DomainError) return error;
  if (!isDatabaseUnavailable(error)) return null;
  return new DomainError(
    "unavailable",
    "unavailable",
    "The hub cannot reach its database; try again shortly.",
    {
      facts: { retryAfterMs: 1000 },
      cause: error,
    },
  );
};
