import { notFound } from "../../../domain/errors.ts";
import { readCoachFeed } from "../../../usecases/coach-feeds/read.ts";
import type { Operation } from "../../operation.ts";
import { Problem } from "../../problem.ts";
import { CoachParams, FeedQuery } from "../../schemas/requests.ts";

const path = "/v1/coaches/{id}/calendar.ics";

/**
 * The one operation that asks for no credential and answers no JSON: calendar apps know nothing but an address, so the
 * key stands in it. A request's query is never logged.
 */
export const readFeed: Operation = {
  method: "get",
  path,
  document: {
    operationId: "readFeed",
    method: "get",
    path,
    tags: ["Calendars"],
    summary: "Read a coach's sessions as a calendar (iCal)",
    description:
      "For calendar apps; the address comes from `openFeed`. Another key is a feed that is not there.",
    security: [],
    request: { params: CoachParams, query: FeedQuery },
    responses: {
      200: { description: "The feed", content: { "text/calendar": { schema: { type: "string" } } } },
      304: { description: "Nothing has changed since the `ETag` that was sent as `If-None-Match`" },
      404: {
        description: "No such feed",
        content: { "application/problem+json": { schema: Problem } },
      },
    },
  },
  serve: async (app, c) => {
    const params = CoachParams.safeParse(c.req.param());
    const query = FeedQuery.safeParse(c.req.query());
    if (!params.success || !query.success) throw notFound("calendar");
    const { text, etag } = await readCoachFeed(app, { coachId: params.data.id, key: query.data.key });
    const headers = { etag, "cache-control": "private, no-cache" };
    if (isAmong(etag, c.req.header("if-none-match"))) return c.body(null, 304, headers);
    return c.body(text, 200, {
      ...headers,
      "content-type": "text/calendar; charset=utf-8",
      "content-disposition": 'inline; filename="sessions.ics"',
    });
  },
};

/** Compares as RFC 9110 has it for `If-None-Match`: what is weak on the way counts as well. */
const isAmong = (etag: string, header: string | undefined): boolean =>
  header !== undefined &&
  header.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag);
