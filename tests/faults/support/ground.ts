import { afterAll, beforeAll } from "vitest";
import { type TestRedis, startRedis } from "../../support/redis.ts";
import { type FaultyPostgres, startFaultyPostgres } from "./postgres.ts";

/** What the hubs of one file stand on, and how it is taken from under them. */
export class Ground {
  #postgres: FaultyPostgres | null = null;
  #redis: TestRedis | null = null;
  #redisUrl = "";

  get postgres(): FaultyPostgres {
    if (!this.#postgres) throw new Error("there is no Postgres before the tests begin");
    return this.#postgres;
  }

  get redisUrl(): string {
    return this.#redisUrl;
  }

  async open(): Promise<void> {
    this.#postgres = await startFaultyPostgres();
    this.#redis = await startRedis({ own: true });
    this.#redisUrl = this.#redis.url;
  }

  async killRedis(): Promise<void> {
    await this.#redis?.stop("SIGKILL");
    this.#redis = null;
  }

  /** Starts Redis where it was; it remembers nothing. */
  async restartRedis(): Promise<void> {
    this.#redis = await startRedis({ own: true, port: Number(new URL(this.#redisUrl).port) });
  }

  async close(): Promise<void> {
    await Promise.all([this.#postgres?.close(), this.#redis?.stop()]);
  }
}

/** A ground for the tests of the file that calls this; it is gone after them. */
export const useGround = (): Ground => {
  const ground = new Ground();
  beforeAll(() => ground.open());
  afterAll(() => ground.close());
  return ground;
};
