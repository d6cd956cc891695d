import { violatedUnique } from "../../db/client.ts";
import type { Sql } from "../../db/client.ts";
import { findPool } from "../../db/pools.ts";
import { findSessionType, insertSessionType, replaceOffers } from "../../db/session-types.ts";
import { requireCreator } from "../../domain/access.ts";
import { changed } from "../../domain/changes.ts";
import { DomainError, notFound } from "../../domain/errors.ts";
import { type SessionType, sessionTypeDefaults } from "../../domain/session-type.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { requireCoach } from "../references.ts";
import { transact } from "../transaction.ts";

type Fields = Omit<SessionType, "id" | "version" | "createdAt" | "updatedAt">;
type Optional = keyof typeof sessionTypeDefaults | "coachIds" | "poolIds";

/** What a caller gives of a type; the rest is {@link sessionTypeDefaults}. */
export type SessionTypeInput = Omit<Fields, Optional> & { [K in Optional]?: Fields[K] | undefined };

/**
 * Makes a session type. Admins only.
 * @throws DomainError `forbidden`, `already_exists` (field `slug`), `not_found` for an unknown coach or pool
 */
export const createSessionType = async (
  app: App,
  context: RequestContext,
  input: SessionTypeInput,
): Promise<SessionType> => {
  requireCreator(context.principal, "type.manage");
  const fields = changed<Partial<Fields>>(
    { ...sessionTypeDefaults, coachIds: [], poolIds: [] },
    input,
  ) as Fields;
  try {
    return await transact(app, context, async ({ sql }) => {
      const id = app.newId();
      await insertSessionType(sql, id, fields);
      await replaceOffers(sql, id, await resolveOffers(sql, fields));
      const made = await findSessionType(sql, id);
      if (!made) throw notFound("session type");
      return made;
    });
  } catch (error) {
    throw slugTaken(error) ?? error;
  }
};

/**
 * Who offers a type, by their ids.
 * @throws DomainError `not_found` for an unknown coach or pool
 */
export const resolveOffers = async (
  sql: Sql,
  { coachIds, poolIds }: Pick<SessionType, "coachIds" | "poolIds">,
): Promise<Pick<SessionType, "coachIds" | "poolIds">> => {
  const coaches = new Set<string>();
  for (const ref of coachIds) coaches.add((await requireCoach(sql, ref)).id);
  for (const id of poolIds) if (!(await findPool(sql, id))) throw notFound("pool");
  return { coachIds: [...coaches], poolIds: [...new Set(poolIds)] };
};

/** The refusal of a slug that another type has; null for any other error. */
export const slugTaken = (error: unknown): DomainError | null =>
  violatedUnique(error) === "session_types_slug_key"
    ? new DomainError("conflict", "already_exists", "There is a session type with this slug.", {
        facts: { field: "slug" },
        cause: error,
      })
    : null;
