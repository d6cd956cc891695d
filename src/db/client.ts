import { once } from "node:events";
import { type Socket, connect } from "node:net";
import postgres from "postgres";

type NoTypes = {};

/** A pool of connections. */
export type Database = postgres.Sql<NoTypes>;
/** Where a statement runs: the pool, or a transaction of it. */
export type Sql = postgres.ISql<NoTypes>;
/** A part of a statement, to be put into another one. */
export type Fragment = postgres.PendingQuery<postgres.Row[]>;

export type DatabaseOptions = { url: string; poolSize: number; applicationName?: string };

/**
 * Opens a pool; nothing connects before the first statement. A column reads as its camelCase name, `timestamptz`
 * as Date (UTC, milliseconds).
 */
export const openDatabase = ({ url, poolSize, applicationName }: DatabaseOptions): Database => {
  const gathered = { socket: openGatheringSocket };
  return postgres(url, {
    ...gathered,
    max: poolSize,
    idle_timeout: 60,
    connect_timeout: 10,
    onnotice: () => {},
    transform: { column: { from: postgres.toCamel } },
    connection: {
      application_name: applicationName ?? "courtside",
      TimeZone: "UTC",
      // A statement that hangs must not hold a coach's lane for ever.
      statement_timeout: 30_000,
      // Nor may a node that froze in a transaction: whoever waits for its locks is told to come back.
      lock_timeout: 3_000,
      // A node that woke finds its connection closed; until then, this is what its rooms and coaches wait for.
      idle_in_transaction_session_timeout: 5_000,
    },
  });
};

/** Where the driver wants to connect to, as it hands it to the socket's maker: a list of hosts, or a path. */
type Address = { host: string[]; port: number[]; path?: string | false };

/**
 * Connects, and sends what is written in one turn of the event loop at once. The driver sends each larger statement on
 * its own; a batch of a lane has a dozen of them on their way together, and their system calls were a fifth of what a
 * booking cost the hub.
 */
const openGatheringSocket = async ({ host, port, path }: Address): Promise<Socket> => {
  let failure: unknown;
  const addresses = path
    ? [{ path }]
    : host.map((name, index) => ({ host: name, port: port[index] ?? 5432 }));
  for (const address of addresses) {
    const socket = connect(address);
    try {
      await once(socket, "connect");
      return gatherWrites(socket);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
};

const gatherWrites = (socket: Socket): Socket => {
  const write = socket.write.bind(socket) as (chunk: Uint8Array, done?: () => void) => boolean;
  let gathering = false;
  const gather = (chunk: Uint8Array, done?: () => void): boolean => {
    if (!gathering) {
      gathering = true;
      socket.cork();
      // After everything that is ready to run has run.
      process.nextTick(() => {
        gathering = false;
        if (!socket.destroyed) socket.uncork();
      });
    }
    return write(chunk, done);
  };
  // The driver stops listening when a connection has closed; what is still said of it then concerns nobody.
  const forget = socket.removeAllListeners.bind(socket);
  const removeAllListeners = (): Socket => forget().on("error", () => {});
  return Object.assign(socket, { write: gather, removeAllListeners });
};

/**
 * A transaction in as few flights as it takes: its BEGIN leaves with the first statements of `read`, and its COMMIT with
 * the last ones of `write`, since a round trip costs a small batch more than its statements do.
 * @param write given what was read, resolves to statements that have not been run; they are, with the commit behind them
 * @param mode such as `ISOLATION LEVEL REPEATABLE READ`
 */
export const transactInFlights = async <R, T>(
  database: Database,
  {
    read,
    write,
    mode = "",
  }: {
    read: (sql: Sql) => Promise<R>;
    write: (sql: Sql, reading: R) => Promise<{ last: readonly Fragment[]; result: T }>;
    mode?: string;
  },
): Promise<T> => {
  const reserved = await reserve(database);
  const guard = guardLoss(reserved);
  const { sql } = guard;
  const run = async (): Promise<T> => {
    const begun = reserved.unsafe(`BEGIN ${mode}`, [], guard.watch).execute();
    const [, reading] = await Promise.all([begun, read(sql)]);
    const { last, result } = await write(sql, reading);
    const done = await Promise.all([...last, sql`COMMIT`]);
    // Of a transaction in which something failed, caught or not, the commit is a rollback.
    if (done.at(-1)?.command !== "COMMIT") throw new Error("a transaction had failed before its commit");
    return result;
  };
  const running = run();
  try {
    // The driver forgets statements that stood in line when their connection went, and nobody would ever be told.
    return await Promise.race([running, guard.loss]);
  } catch (error) {
    running.catch(() => {});
    if (isEnded(error)) guard.giveUp(error);
    if (!guard.isLost()) await sql`ROLLBACK`.catch(() => {});
    throw error;
  } finally {
    guard.letGo();
  }
};

/** Runs `work` in a transaction, which commits when it resolves and is taken back when it rejects. */
export const inTransaction = <T>(
  database: Database,
  work: (sql: Sql) => Promise<T>,
  mode?: string,
): Promise<T> =>
  transactInFlights(database, {
    read: work,
    write: async (_sql, result) => ({ last: [], result }),
    ...(mode === undefined ? {} : { mode }),
  });

/** How long a transaction waits for a connection. */
const reserveMs = 5_000;

/**
 * A connection of one's own. The driver loses who waits for one when a connection is ended at that moment, so nobody
 * waits for longer than that; one that comes too late goes back.
 */
const reserve = async (database: Database): Promise<postgres.ReservedSql<NoTypes>> => {
  const reserving = database.reserve();
  const { promise: tooLong, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(Object.assign(new Error("no connection was to be had"), { code: "CONNECT_TIMEOUT" })),
    reserveMs,
  );
  try {
    return await Promise.race([reserving, tooLong]);
  } catch (error) {
    reserving.then(
      (late) => late.release(),
      () => {},
    );
    throw error;
  } finally {
    clearTimeout(timer);
  }
};

/** True when the server, or the network, has ended the connection that said so. */
const isEnded = (error: unknown): boolean => {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^(57P|08|CONNECTION_|E(CONN|PIPE))/.test(code);
};

/** What the driver tells of a connection to whoever asks for it with a statement. */
type Connection = { onclose: ((error: unknown) => void) | null };

/**
 * Guards a reserved connection against its loss. A statement that is sent on one that is gone, the driver's own
 * ROLLBACK in `begin` included, ends the process from a timer where nobody can catch it (porsager/postgres #1208), and
 * to release one gives it to the next caller. So neither is done: statements that come after are refused here.
 */
const guardLoss = (reserved: postgres.ReservedSql<NoTypes>) => {
  let connection: Connection | null = null;
  let lost: Error | undefined;
  const { promise: loss, reject } = Promise.withResolvers<never>();
  loss.catch(() => {});
  const lose = (error: unknown): void => {
    lost ??= error instanceof Error ? error : new Error("the connection was lost");
    reject(lost);
  };
  const watch = {
    onexecute: (own: Connection): boolean => {
      connection = own;
      own.onclose = lose;
      // More may follow before it is answered.
      return true;
    },
  };
  const sql = new Proxy(reserved, {
    apply: (target, self, parameters: [unknown, ...unknown[]]) => {
      const isStatement = Array.isArray(parameters[0]) && "raw" in parameters[0];
      return lost && isStatement
        ? refusedStatement(lost)
        : (Reflect.apply(target, self, parameters) as unknown);
    },
  });
  return {
    sql: sql as Sql,
    watch: watch as postgres.UnsafeQueryOptions,
    /** Rejects when the connection is lost. */
    loss,
    isLost: () => lost !== undefined,
    /** For a connection that is about to be closed: the driver takes it back then. */
    giveUp: lose,
    letGo: () => {
      if (connection) connection.onclose = null;
      if (!lost) reserved.release();
    },
  };
};

/** A statement, or a part of one, that fails once somebody waits for it. */
const refusedStatement = (error: Error) => {
  const refused = {
    execute: () => refused,
    // oxlint-disable-next-line unicorn/no-thenable -- a statement is one
    then: (resolve?: () => unknown, reject?: (error: unknown) => unknown) =>
      Promise.reject(error).then(resolve, reject),
    catch: (reject: (error: unknown) => unknown) => Promise.reject(error).catch(reject),
  };
  return refused;
};

/** Several inserts as one statement; null for none. All see the database as it was before any of them. */
export const insertTogether = (sql: Sql, inserts: readonly Fragment[]): Fragment | null => {
  const [first, ...rest] = inserts;
  if (!first) return null;
  const steps = rest.reduce(
    (before, insert, index) => sql`${before}, ${sql(`step_${index}`)} AS (${insert})`,
    sql`first_step AS (${first})`,
  );
  return sql`WITH ${steps} SELECT`;
};

/**
 * A column of a set-wise statement as the text of an array: for ids, numbers, times and the hub's own words, never for
 * what somebody typed, since nothing is quoted. The driver's own way looks at each value several times, which was an
 * eighth of what a booking cost the hub.
 */
export const plainArray = (values: readonly (string | number | Date | null)[]): string =>
  `{${values.map((value) => (value === null ? "NULL" : value instanceof Date ? value.toISOString() : value)).join(",")}}`;

/** A value for a `jsonb` column; dates become RFC 3339 text. */
export const toJson = (sql: Sql, value: unknown): postgres.Parameter =>
  sql.json(JSON.parse(JSON.stringify(value)) as postgres.JSONValue);

/**
 * True when the database could not be asked at all, so that the same call may work later: no connection, a
 * connection lost, a server that is starting or stopping, or a lock that is not let go of (SQLSTATE classes 08, 53 and
 * 57P, and 55P03).
 */
export const isDatabaseUnavailable = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  const code = (error as Error & { code?: unknown }).code;
  return (
    typeof code === "string" &&
    (/^(08|53|57P|55P03)/.test(code) ||
      ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOTFOUND", "ETIMEDOUT", "EAI_AGAIN"].includes(code) ||
      ["CONNECTION_CLOSED", "CONNECTION_ENDED", "CONNECTION_DESTROYED", "CONNECT_TIMEOUT"].includes(code))
  );
};

/** The name of the unique constraint that a statement ran into, if that is what the error says. */
export const violatedUnique = (error: unknown): string | null =>
  error instanceof postgres.PostgresError && error.code === "23505" ? (error.constraint_name ?? null) : null;

/** True when a lock was waited for in vain: whoever holds it is stuck, and may be for long. */
export const isLockTimeout = (error: unknown): boolean =>
  error instanceof postgres.PostgresError && error.code === "55P03";

/** True when the server ended a transaction that stood still for too long: this process did, and may try again. */
export const isIdleTimeout = (error: unknown): boolean =>
  error instanceof postgres.PostgresError && error.code === "25P03";

export const isDeadlock = (error: unknown): boolean =>
  error instanceof postgres.PostgresError && error.code === "40P01";

/** The database's time, which rules, since the clocks of nodes differ. */
export const findNow = async (sql: Sql): Promise<Date> => {
  const [row] = await sql<[{ now: Date }]>`SELECT clock_timestamp() AS now`;
  return row.now;
};
