import type { PageKey, PageOrder, PageRequest } from "../db/page.ts";
import { invalid } from "../domain/errors.ts";

/** What a caller asks of a list. */
export type PageInput = { limit: number; cursor?: string | undefined; sort?: PageOrder | undefined };

/** One page; `nextCursor` is null on the last one. */
export type Page<T> = { data: T[]; nextCursor: string | null };

/**
 * Fetches one page.
 * @param idPattern what ids of this list look like
 * @throws DomainError `invalid_request` when the cursor is none of ours, or belongs to another order
 */
export const fetchPage = async <T extends { id: string; startsAt?: Date }>(
  input: PageInput,
  list: (request: PageRequest) => Promise<T[]>,
  idPattern = uuidPattern,
): Promise<Page<T>> => {
  const order = input.sort ?? "newest";
  const after = input.cursor === undefined ? null : decodeCursor(input.cursor, { order, idPattern });
  const rows = await list({ limit: input.limit, after, order });
  const data = rows.slice(0, input.limit);
  const last = data.at(-1);
  return { data, nextCursor: rows.length > input.limit && last ? encodeCursor(last, order) : null };
};

const encodeCursor = (row: { id: string; startsAt?: Date }, order: PageOrder): string =>
  btoa(
    JSON.stringify(order === "startsAt" ? [row.startsAt?.toISOString(), row.id] : [null, row.id]),
  ).replaceAll(/[+/=]/g, (character) => ({ "+": "-", "/": "_", "=": "" })[character] ?? "");

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const decodeCursor = (
  cursor: string,
  { order, idPattern }: { order: PageOrder; idPattern: RegExp },
): PageKey => {
  const refusal = invalid("cursor", "is not a cursor of this list");
  let parts: unknown;
  try {
    parts = JSON.parse(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    throw refusal;
  }
  if (!Array.isArray(parts) || parts.length !== 2) throw refusal;
  const [at, id] = parts as unknown[];
  if (typeof id !== "string" || !idPattern.test(id)) throw refusal;
  if (order === "newest") {
    if (at !== null) throw refusal;
    return { at: null, id };
  }
  const instant = typeof at === "string" ? new Date(at) : new Date(Number.NaN);
  // Outside of these years no start can lie, and not every such date can be asked for.
  const year = instant.getUTCFullYear();
  if (Number.isNaN(year) || year < 1900 || year > 2300) throw refusal;
  return { at: instant, id };
};
