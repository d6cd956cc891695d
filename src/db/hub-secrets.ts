import type { Sql } from "./client.ts";

/** The secret of this name, made from `fallback` by whichever node asks first: all nodes get the same. */
export const findOrInsertSecret = async (sql: Sql, name: string, fallback: string): Promise<string> => {
  await sql`INSERT INTO hub_secrets (name, value) VALUES (${name}, ${fallback}) ON CONFLICT DO NOTHING`;
  const [row] = await sql<[{ value: string }]>`SELECT value FROM hub_secrets WHERE name = ${name}`;
  return row.value;
};
