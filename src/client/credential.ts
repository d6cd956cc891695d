import { CourtsideError, asCourtsideError } from "./error.ts";
import { type TokenFacts, readToken } from "./token.ts";

/** A user's token or a ticket, or a function that gives one that is good now. */
export type TokenSource = string | (() => string | Promise<string>);

/** A token that ends this soon is not worth a connection. */
const tooShortMs = 5_000;

/** The token in use, and where another one comes from. */
export class Credential {
  readonly #source: TokenSource;
  readonly #timeoutMs: number;
  #token: string | null;

  constructor(source: TokenSource, timeoutMs: number) {
    this.#source = source;
    this.#timeoutMs = timeoutMs;
    this.#token = typeof source === "string" ? source : null;
  }

  /** True when the app can be asked for another token. */
  get replaceable(): boolean {
    return typeof this.#source === "function";
  }

  get facts(): TokenFacts | null {
    return this.#token === null ? null : readToken(this.#token);
  }

  /**
   * The token to connect with: the one in use, or a new one where that is over or was refused.
   * @throws CourtsideError `token_unavailable`
   */
  async current(): Promise<string> {
    const { facts } = this;
    const isOver = facts !== null && facts.expiresAt - Date.now() < tooShortMs;
    return this.#token === null || (isOver && this.replaceable) ? this.ask() : this.#token;
  }

  /**
   * Asks the app for a token and takes it into use.
   * @throws CourtsideError `token_unavailable` when it fails, or takes too long
   */
  async ask(): Promise<string> {
    const source = this.#source;
    if (typeof source === "string") return source;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      const error = new CourtsideError("token_unavailable", "The token callback took too long.");
      timer = setTimeout(() => reject(error), this.#timeoutMs);
    });
    try {
      const token = await Promise.race([Promise.resolve().then(source), tooLate]);
      this.#token = token;
      return token;
    } catch (error) {
      throw asCourtsideError(error, "token_unavailable");
    } finally {
      clearTimeout(timer);
    }
  }

  keep(token: string): void {
    this.#token = token;
  }

  /** The hub refused the token: where another can be had, it is not used again. */
  discard(): void {
    if (this.replaceable) this.#token = null;
  }
}
