import postgres from "postgres";

/** Any constant does, as long as every version of Courtside uses the same. */
const singleHubLock = [7_121, 1] as const;

export type SingleHubLock = { release(): Promise<void> };

/**
 * Makes sure that this is the only hub on its database. A hub without Redis keeps its rooms in process: with a
 * second one beside it, rooms would split without anybody noticing. The lock lives as long as its connection,
 * which is opened again, and the lock taken again, when it drops.
 * @param onLost called when another hub took the lock while the connection was down: this one must stop
 * @returns null when another hub has the lock
 */
export const takeSingleHubLock = async (url: string, onLost: () => void): Promise<SingleHubLock | null> => {
  let closing = false;
  const sql = postgres(url, {
    max: 1,
    onnotice: () => {},
    connection: { application_name: "courtside single hub" },
    onclose: () => {
      if (!closing) void retake();
    },
  });
  const take = async (): Promise<boolean> => {
    const [row] = await sql<[{ taken: boolean }]>`
      SELECT pg_try_advisory_lock(${singleHubLock[0]}::int, ${singleHubLock[1]}::int) AS taken`;
    return row.taken;
  };
  const retake = async (): Promise<void> => {
    while (!closing) {
      try {
        if (!(await take())) onLost();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  };
  const release = async (): Promise<void> => {
    closing = true;
    await sql.end({ timeout: 2 });
  };
  try {
    if (await take()) return { release };
    await release();
    return null;
  } catch (error) {
    await release();
    throw error;
  }
};
