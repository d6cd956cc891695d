import { z } from "@hono/zod-openapi";
import { isPlainText } from "../domain/text.ts";
import { isTimeZone } from "../domain/time.ts";

/** Text that a person typed; `lines` allows line feeds and tabs. */
export const text = (max: number, { lines = false }: { lines?: boolean } = {}) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine(
      (value) => isPlainText(value, { lines }),
      "must not contain control characters or broken Unicode",
    );

export const uuid = z.uuid("must be an id (UUID)").transform((id) => id.toLowerCase());

/** How a coach or a client is named: an id, or `ext:` and the caller's own id. */
export const reference = (what: string) =>
  z
    .string()
    .max(204)
    .regex(
      /^(ext:.{1,200}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/iu,
      "must be an id (UUID) or ext:<externalId>",
    )
    .refine((value) => isPlainText(value), "must not contain control characters")
    .openapi({
      description: `The id of a ${what}, or "ext:" and your own id of it.`,
      example: `ext:${what}-17`,
    });

const earliest = Date.UTC(2000, 0, 1);
const latest = Date.UTC(2200, 0, 1);

/** An instant, RFC 3339 with its offset. */
export const instant = z.iso
  .datetime({ offset: true, error: "must be an instant with its offset, such as 2030-01-07T10:00:00+01:00" })
  .transform((value) => new Date(value))
  .refine(
    (value) => value.getTime() >= earliest && value.getTime() < latest,
    "must lie between the years 2000 and 2200",
  )
  .openapi({ type: "string", format: "date-time", example: "2030-01-07T10:00:00+01:00" });

export const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, "must be a time zone of the IANA database, such as Europe/Berlin")
  .openapi({ example: "Europe/Berlin" });

export const email = z.email("must be a mail address").max(320);
export const name = text(200).openapi({ example: "Ada Okafor" });
export const externalId = text(200);
export const reason = text(500, { lines: true });
export const metadata = z
  .record(
    text(64),
    z
      .string()
      .max(500)
      .refine((value) => isPlainText(value, { lines: true }), "must not contain control characters"),
  )
  .refine((value) => Object.keys(value).length <= 20, "must have 20 keys at most");
