import { Agent, type IncomingMessage, request as httpRequest } from "node:http";
import { type Socket, connect as connectTcp, isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import { DomainError, invalid } from "../domain/errors.ts";
import { isPublicAddress } from "./addresses.ts";
import { type ResolveName, resolveByDns, resolveBySystem } from "./names.ts";

export type OutboundRequest = {
  method: "GET" | "POST";
  url: string;
  headers?: Record<string, string>;
  body?: string;
  /** Over everything: names, connection, TLS, headers, body. */
  timeoutMs: number;
  /** Of the answer's body. */
  maxBytes: number;
};

export type OutboundAnswer = {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  /** Read as UTF-8. Empty where the answer is compressed (`content-encoding`), which it was asked not to be. */
  body: string;
};

/** Calls addresses that customers gave: webhooks, calendars. */
export type OutboundHttp = {
  /**
   * Refuses a URL that may not be called: by its form, or by any address that its name has at this moment.
   * @throws DomainError `invalid_request` with the path `url`; `unavailable` when its name cannot be looked up at this
   *   moment, which says nothing of the URL
   */
  check(url: string): Promise<void>;
  /**
   * Calls once, follows nothing, keeps no connection. What `check` refuses is refused here again, and the
   * connection goes to the very address that was looked at: a name that changes its mind gains nothing.
   * @throws OutboundError
   */
  send(request: OutboundRequest): Promise<OutboundAnswer>;
};

export type OutboundReason =
  /** The URL, or where it leads, is not allowed. */
  | "refused_target"
  /** The name has no address. */
  | "unknown_name"
  /** Nobody said whether the name has one. */
  | "lookup_failed"
  /** No connection. */
  | "unreachable"
  /** No TLS, for instance over the certificate. */
  | "insecure"
  /** What came is no complete HTTP answer. */
  | "broken_answer"
  | "too_large"
  | "timeout";

/** Why a call came to nothing. `reason` is stable; it and the message are safe to show to who gave the URL. */
export class OutboundError extends Error {
  readonly reason: OutboundReason;
  /** The answer's status, where that much of it had come. */
  readonly status: number | null;

  /** `cause` is for the log only: it may name addresses. */
  constructor(
    reason: OutboundReason,
    message: string,
    options: { status?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "OutboundError";
    this.reason = reason;
    this.status = options.status ?? null;
  }
}

export type OutboundOptions = {
  /** True: every address is fine, loopback too. */
  allowPrivateTargets: boolean;
  /** Other names than the world's, for tests. */
  resolve?: ResolveName;
};

/** `host` is a name, or an address without brackets. */
type Target = { url: URL; host: string; addresses: string[] };

const maxUrlLength = 2_048;
const checkTimeoutMs = 5_000;
const checkAgainMs = 5_000;
const endedEarly = "The connection ended without a complete answer.";
/** Of one name, so that nobody makes the hub knock at hundreds of doors. */
const maxConnectAttempts = 6;

/** It makes its own connections, so that no agent, proxy setting or runtime comes between the check and the socket. */
export const createOutboundHttp = ({ allowPrivateTargets, resolve }: OutboundOptions): OutboundHttp => {
  const addressesOf = resolve ?? (allowPrivateTargets ? resolveBySystem : resolveByDns());

  const findTarget = async (text: string, signal: AbortSignal): Promise<Target> => {
    const url = parseUrl(text);
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    if (!allowPrivateTargets && /(?:^|\.)localhost$/.test(host)) throw notAllowed();
    const addresses = isIP(host) === 0 ? await findAddresses(host, signal) : [host];
    const isFine = (address: string): boolean =>
      allowPrivateTargets ? isIP(address) !== 0 : isPublicAddress(address);
    if (!addresses.every(isFine)) throw notAllowed();
    return { url, host, addresses };
  };

  const findAddresses = async (name: string, signal: AbortSignal): Promise<string[]> => {
    const noSuchName = "There is no such name as in the URL.";
    // Refused here, since runtimes tell a question that cannot be asked in ways of their own.
    if (!isWritable(name)) throw new OutboundError("unknown_name", noSuchName);
    let addresses: readonly string[];
    try {
      addresses = await addressesOf(name, signal);
    } catch (cause) {
      throw new OutboundError("lookup_failed", "The name in the URL could not be looked up.", { cause });
    }
    if (addresses.length === 0) throw new OutboundError("unknown_name", noSuchName);
    return [...addresses];
  };

  return {
    check: async (url) => {
      try {
        await withinTime(checkTimeoutMs, (signal) => findTarget(url, signal));
      } catch (error) {
        if (!(error instanceof OutboundError)) throw error;
        if (error.reason !== "timeout" && error.reason !== "lookup_failed")
          throw invalid("url", error.message);
        const detail = "The name in the URL could not be looked up at this moment; try again.";
        throw new DomainError("unavailable", "unavailable", detail, {
          facts: { retryAfterMs: checkAgainMs },
          cause: error,
        });
      }
    },
    send: (request) =>
      withinTime(request.timeoutMs, async (signal) => {
        const deadline = performance.now() + request.timeoutMs;
        const target = await findTarget(request.url, signal);
        const tcp = await connectToAny(target, deadline, signal);
        const socket = target.url.protocol === "https:" ? await secure(tcp, target.host) : tcp;
        return exchange(socket, target.url, request);
      }),
  };
};

const notAllowed = (): OutboundError =>
  new OutboundError("refused_target", "The URL leads to an address that may not be called from here.");

/** Whether DNS can be asked for a name (RFC 1035, 2.3.4). */
const isWritable = (name: string): boolean =>
  name.length <= 253 && name.split(".").every((label) => label !== "" && label.length <= 63);

/** @throws OutboundError `refused_target` for a form that is not called, wherever it leads */
const parseUrl = (text: string): URL => {
  const refuse = (message: string): OutboundError => new OutboundError("refused_target", message);
  if (text.length > maxUrlLength) throw refuse(`The URL must have ${maxUrlLength} characters at most.`);
  if (/[\s\p{Cc}]/u.test(text) || !URL.canParse(text)) throw refuse("This is no URL.");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw refuse("The URL must begin with https:// or http://.");
  if (url.username !== "" || url.password !== "")
    throw refuse("The URL must not hold a user's name or password.");
  if (url.hostname.endsWith(".")) throw refuse("The name in the URL must not end with a dot.");
  return url;
};

/**
 * Runs work under a time limit. The signal ends with the work however that went: whatever the work opened closes
 * with it, and work that goes on after its time finds it aborted.
 * @throws OutboundError `timeout`
 */
const withinTime = async <T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const ending = new AbortController();
  const time = Promise.withResolvers<never>();
  const message = `There was no complete answer within ${timeoutMs / 1000} seconds.`;
  const timer = setTimeout(() => time.reject(new OutboundError("timeout", message)), timeoutMs);
  try {
    return await Promise.race([work(ending.signal), time.promise]);
  } finally {
    clearTimeout(timer);
    ending.abort();
  }
};

/** Tries one address after the other; each has its share of the time, so that a dead one leaves some to the next. */
const connectToAny = async (
  { url, addresses }: Target,
  deadline: number,
  signal: AbortSignal,
): Promise<Socket> => {
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  let last: unknown;
  const tried = addresses.slice(0, maxConnectAttempts);
  for (const [index, host] of tried.entries()) {
    const left = tried.length - index;
    const shareMs = left === 1 ? null : (deadline - performance.now()) / left;
    try {
      return await connectOnce({ host, port }, shareMs, signal);
    } catch (error) {
      last = error;
    }
  }
  throw new OutboundError("unreachable", "No connection could be made.", { cause: last });
};

/** @param timeoutMs null: as long as the signal lets it */
const connectOnce = async (
  address: { host: string; port: number },
  timeoutMs: number | null,
  signal: AbortSignal,
): Promise<Socket> => {
  signal.throwIfAborted();
  const socket = connectTcp(address);
  signal.addEventListener("abort", () => socket.destroy());
  const timer = timeoutMs === null ? undefined : setTimeout(() => socket.destroy(), timeoutMs);
  try {
    await opened(socket, "connect");
    return socket;
  } finally {
    clearTimeout(timer);
  }
};

/** The certificate has to be good for the name, or the address, that stands in the URL. Closes with the connection. */
const secure = async (tcp: Socket, host: string): Promise<Socket> => {
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const socket = connectTls({
    socket: tcp,
    host,
    ...servername,
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: true,
  });
  try {
    await opened(socket, "secureConnect");
    return socket;
  } catch (cause) {
    const message = "No secure connection could be made: look at the certificate of this address.";
    throw new OutboundError("insecure", message, { cause });
  }
};

const opened = (socket: Socket, event: "connect" | "secureConnect"): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once(event, resolve);
  socket.on("error", reject); // for good: an error that nobody listens to would end the process
  socket.once("close", () => reject(new Error("closed")));
  return promise;
};

const exchange = (
  socket: Socket,
  url: URL,
  { method, headers = {}, body, maxBytes }: OutboundRequest,
): Promise<OutboundAnswer> => {
  const { promise, resolve, reject } = Promise.withResolvers<OutboundAnswer>();
  const broken = (cause?: unknown): void => reject(new OutboundError("broken_answer", endedEarly, { cause }));
  const outgoing = httpRequest({
    agent: agentOf(socket),
    method,
    path: url.pathname + url.search,
    headers: {
      "user-agent": "Courtside",
      accept: "*/*",
      ...headers,
      host: url.host,
      connection: "close",
      "accept-encoding": "identity", // nothing that grows as it is unpacked
      ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
    },
  });
  let answer: IncomingMessage | null = null;
  outgoing.on("response", (response) => {
    answer = response;
    readAnswer(response, maxBytes).then(resolve, reject);
  });
  outgoing.on("error", broken);
  outgoing.on("close", () => {
    if (!answer) broken();
  });
  outgoing.end(body);
  return promise;
};

/** For one request. Told of no proxy: with NODE_USE_ENV_PROXY=1, Deno writes requests for one on any connection. */
const agentOf = (socket: Socket): Agent => {
  const agent = new Agent({ keepAlive: false, proxyEnv: {} });
  agent.createConnection = () => socket;
  return agent;
};

/** Stops reading at the first byte too many, or before the first one where the answer says how long it is. */
const readAnswer = (response: IncomingMessage, maxBytes: number): Promise<OutboundAnswer> => {
  const { promise, resolve, reject } = Promise.withResolvers<OutboundAnswer>();
  const status = response.statusCode ?? 0;
  const headers = headersOf(response);
  const fail = (reason: OutboundReason, message: string, cause?: unknown): void => {
    reject(new OutboundError(reason, message, { status, cause }));
  };
  const tooLarge = (): void => fail("too_large", `The answer has more than ${maxBytes} bytes.`);
  const broken = (cause?: unknown): void => fail("broken_answer", endedEarly, cause);
  const encoding = headers["content-encoding"] ?? "identity";
  const chunks: Buffer[] = [];
  let size = 0;
  response.on("error", broken);
  response.on("close", () => broken());
  response.on("end", () => {
    const body = encoding === "identity" ? new TextDecoder().decode(Buffer.concat(chunks)) : "";
    resolve({ status, headers, body });
  });
  if (Number(headers["content-length"]) > maxBytes) {
    tooLarge();
    return promise;
  }
  response.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) tooLarge();
    else chunks.push(chunk);
  });
  return promise;
};

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : `${value}`,
    ]),
  );
