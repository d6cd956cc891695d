import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

export type RestAnswer = { status: number; body: Record<string, unknown> };

export type RestOptions = { urls: readonly string[]; key: string; random: () => number };

const attemptMs = 4_000;
const giveUpMs = 90_000;

/** A caller of the REST API who asks one node after another until answered. Whatever is posted is posted once. */
export class Rest {
  /** When a node said 503. */
  readonly unavailable: number[] = [];
  readonly flaws: string[] = [];
  readonly #options: RestOptions;
  #closed = false;

  constructor(options: RestOptions) {
    this.#options = options;
  }

  close(): void {
    this.#closed = true;
  }

  /** @throws when nobody answers for long, or when closed */
  async ask(
    method: string,
    path: string,
    { body, urls = this.#options.urls }: { body?: unknown; urls?: readonly string[] } = {},
  ): Promise<RestAnswer> {
    const { key, random } = this.#options;
    const headers = {
      "x-api-key": key,
      ...(body === undefined ? {} : { "content-type": "application/json", "idempotency-key": randomUUID() }),
    };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const deadline = performance.now() + giveUpMs;
    let last = "nobody answered";
    for (let attempt = Math.floor(random() * urls.length); !this.#closed; attempt++) {
      const url = urls[attempt % urls.length] ?? "";
      const answer = await send(`${url}/v1${path}`, init);
      if (answer && answer.status < 500 && answer.body["code"] !== "idempotency_in_flight") return answer;
      if (answer?.status === 503) this.unavailable.push(performance.now());
      else if (answer && answer.status >= 500) {
        this.flaws.push(`${method} ${path}: ${answer.status} ${String(answer.body["code"])}`);
        return answer;
      }
      last = answer ? `${answer.status} ${JSON.stringify(answer.body)}` : last;
      if (performance.now() > deadline) throw new Error(`${method} ${path} was not answered: ${last}`);
      await delay(100);
    }
    throw new Error(`${method} ${path} was given up: the test is over`);
  }

  /** @throws when the answer is no success */
  async post<T>(path: string, body: unknown): Promise<T> {
    return expectSuccess<T>(`POST ${path}`, await this.ask("POST", path, { body }));
  }

  /** @throws when the answer is no success */
  async get<T>(path: string, url?: string): Promise<T> {
    return expectSuccess<T>(
      `GET ${path}`,
      await this.ask("GET", path, url === undefined ? {} : { urls: [url] }),
    );
  }

  /** All pages of a list. `after` or `cursor` is what the next page is asked for with. */
  async list<T>(path: string, by: "after" | "cursor"): Promise<T[]> {
    const all: T[] = [];
    for (let next: string | null = ""; next !== null; ) {
      const page: { data: T[]; nextCursor: string | null } = await this.get(
        `${path}${path.includes("?") ? "&" : "?"}limit=200${next === "" ? "" : `&${by}=${next}`}`,
      );
      all.push(...page.data);
      next = page.nextCursor;
    }
    return all;
  }
}

const send = async (url: string, init: RequestInit): Promise<RestAnswer | null> => {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(attemptMs) });
    const text = await response.text();
    return {
      status: response.status,
      body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
  } catch {
    return null;
  }
};

const expectSuccess = <T>(what: string, { status, body }: RestAnswer): T => {
  if (status >= 300) throw new Error(`${what}: ${status} ${JSON.stringify(body)}`);
  return body as T;
};
