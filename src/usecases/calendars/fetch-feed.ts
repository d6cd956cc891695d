import { OutboundError } from "../../outbound/http.ts";
import type { App } from "../app.ts";
import { FeedError } from "./feed/parts.ts";

/** What to ask for, and with what to ask whether it has changed. */
export type FeedRequest = { url: string; etag: string | null; lastModified: string | null };

/** What came: the feed, or that it has not changed. */
export type FeedAnswer =
  | { kind: "unchanged" }
  | { kind: "feed"; text: string; etag: string | null; lastModified: string | null };

const timeoutMs = 10_000;
const maxBytes = 5 * 1024 * 1024;
const maxRedirects = 3;

/** What an address is called by: calendars are offered as `webcal:`, which is HTTPS by another name. */
export const addressOf = (url: string): string => url.trim().replace(/^webcals?:/i, "https:");

/**
 * Fetches a feed within ten seconds, five megabytes and three redirects, each of them guarded like the first address;
 * none leads out of HTTPS.
 * @throws FeedError in words for whoever subscribed; they never hold the address, which is a secret
 */
export const fetchFeed = async (app: App, { url, etag, lastModified }: FeedRequest): Promise<FeedAnswer> => {
  const deadline = performance.now() + timeoutMs;
  const headers = {
    accept: "text/calendar, */*;q=0.1",
    ...(etag === null ? {} : { "if-none-match": etag }),
    ...(lastModified === null ? {} : { "if-modified-since": lastModified }),
  };
  let address = url;
  for (let redirects = 0; ; redirects++) {
    const answer = await send(app, { url: address, headers, timeoutMs: deadline - performance.now() });
    if (isRedirect(answer.status)) {
      if (redirects === maxRedirects)
        throw new FeedError("The address leads from one to the next too often.");
      address = redirectOf(address, answer.headers["location"]);
      continue;
    }
    if (answer.status === 304 && (etag !== null || lastModified !== null)) return { kind: "unchanged" };
    if (answer.status !== 200) throw new FeedError(statusWords(answer.status));
    if ((answer.headers["content-encoding"] ?? "identity") !== "identity")
      throw new FeedError("The answer is compressed, which it was asked not to be.");
    return {
      kind: "feed",
      text: answer.body,
      etag: headerOf(answer.headers, "etag"),
      lastModified: headerOf(answer.headers, "last-modified"),
    };
  }
};

/** A header to be stored and sent back; none where it is too long to be worth it. */
const headerOf = (headers: Readonly<Record<string, string>>, name: string): string | null => {
  const value = headers[name];
  return value !== undefined && /^[\x20-\x7e]{1,500}$/.test(value) ? value : null;
};

type Call = { url: string; headers: Record<string, string>; timeoutMs: number };

const send = async (app: App, { url, headers, timeoutMs: left }: Call) => {
  if (left <= 0) throw new FeedError(tooSlow);
  try {
    return await app.outbound.send({ method: "GET", url, headers, timeoutMs: Math.ceil(left), maxBytes });
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    if (error.reason === "timeout") throw new FeedError(tooSlow);
    if (error.reason === "too_large") throw new FeedError("The calendar is larger than 5 megabytes.");
    throw new FeedError(error.message);
  }
};

const tooSlow = "The address did not answer within ten seconds.";

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);

/** @throws FeedError for one that leads nowhere, or out of HTTPS */
const redirectOf = (from: string, location: string | undefined): string => {
  const to = location === undefined ? null : URL.parse(addressOf(location), from);
  if (!to) throw new FeedError("The address leads on, and does not say where.");
  if (from.startsWith("https:") && to.protocol !== "https:")
    throw new FeedError("The address leads from https to an address without encryption.");
  return to.href;
};

const statusWords = (status: number): string => {
  if (status === 401 || status === 403)
    return `The address does not let the calendar be read (status ${status}): use its secret or public address in iCal format.`;
  if (status === 404 || status === 410)
    return `There is no calendar at the address (status ${status}): it may have been moved, or shared no longer.`;
  if (status === 429) return "The address was asked too often (status 429).";
  return `The address answered with status ${status}.`;
};
