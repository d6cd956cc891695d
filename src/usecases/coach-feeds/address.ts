import { createHmac, randomBytes } from "node:crypto";
import type { Sql } from "../../db/client.ts";
import type { CoachFeed } from "../../db/coach-feeds.ts";
import { findOrInsertSecret } from "../../db/hub-secrets.ts";
import type { App } from "../app.ts";

/** Where a coach's own feed is read, by whoever has the address: calendar apps can send no credentials. */
export type FeedAddress = { coachId: string; url: string; createdAt: Date };

/**
 * The key of a feed, made from what is stored of it and a secret that all nodes share: it can be shown again to whoever
 * manages the feed, and is not to be found in its row.
 */
export const feedKeyOf = async (
  sql: Sql,
  { coachId, nonce }: Pick<CoachFeed, "coachId" | "nonce">,
): Promise<string> => {
  const secret = await findOrInsertSecret(sql, "calendar feeds", randomBytes(32).toString("base64url"));
  return createHmac("sha256", secret).update(`${coachId}.${nonce}`).digest("base64url");
};

export const addressOf = async (
  sql: Sql,
  { publicUrl }: Pick<App, "publicUrl">,
  feed: CoachFeed,
): Promise<FeedAddress> => ({
  coachId: feed.coachId,
  url: `${publicUrl()}/v1/coaches/${feed.coachId}/calendar.ics?key=${await feedKeyOf(sql, feed)}`,
  createdAt: feed.createdAt,
});
