import type { Sql } from "../db/client.ts";
import { findClient, findClientByExternalId } from "../db/clients.ts";
import { findCoach, findCoachByExternalId } from "../db/coaches.ts";
import type { Client } from "../domain/client.ts";
import type { Coach } from "../domain/coach.ts";
import { notFound } from "../domain/errors.ts";

/** How callers name a coach or a client: an id, or `ext:` and their own id for them. */
const externalPrefix = "ext:";

const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The coach of this reference, or null. */
export const findCoachByRef = async (sql: Sql, ref: string): Promise<Coach | null> => {
  if (ref.startsWith(externalPrefix)) return findCoachByExternalId(sql, ref.slice(externalPrefix.length));
  return idPattern.test(ref) ? findCoach(sql, ref) : null;
};

/** The client of this reference, or null. */
export const findClientByRef = async (sql: Sql, ref: string): Promise<Client | null> => {
  if (ref.startsWith(externalPrefix)) return findClientByExternalId(sql, ref.slice(externalPrefix.length));
  return idPattern.test(ref) ? findClient(sql, ref) : null;
};

/**
 * The id that a reference means. An id is taken as it stands, whether somebody has it or not; an external id is
 * looked up.
 * @throws DomainError `not_found` for an external id that nobody has
 */
export const coachIdOf = async (sql: Sql, ref: string): Promise<string> =>
  idPattern.test(ref) ? ref.toLowerCase() : (await requireCoach(sql, ref)).id;

/** The same for a client. */
export const clientIdOf = async (sql: Sql, ref: string): Promise<string> =>
  idPattern.test(ref) ? ref.toLowerCase() : (await requireClient(sql, ref)).id;

/** @throws DomainError `not_found` */
export const requireCoach = async (sql: Sql, ref: string): Promise<Coach> => {
  const coach = await findCoachByRef(sql, ref);
  if (!coach) throw notFound("coach");
  return coach;
};

/** @throws DomainError `not_found` */
export const requireClient = async (sql: Sql, ref: string): Promise<Client> => {
  const client = await findClientByRef(sql, ref);
  if (!client) throw notFound("client");
  return client;
};
