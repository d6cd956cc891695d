import { once } from "node:events";
import { createInterface } from "node:readline";
import { DomainError } from "../../src/domain/errors.ts";
import { OutboundError, type OutboundRequest, createOutboundHttp } from "../../src/outbound/http.ts";
import { type ResolveName, resolveByDns } from "../../src/outbound/names.ts";

/** A program that makes calls for tests, a line of JSON for each list of them, on whatever runtime it runs. */

export type Call = { check: string } | { send: OutboundRequest };

export type Calls = {
  id: number;
  allowPrivateTargets: boolean;
  /** What a name leads to, a lookup after the other; the last stays. `null` answers 127.0.0.1 when it is too late. */
  names?: Record<string, (string[] | null)[]>;
  /** Where names are asked for instead, on the wire. Without either: the real names. */
  dnsServer?: string;
  calls: Call[];
};

export type Outcome = {
  answer?: { status: number; headers: Record<string, string>; body: string };
  /** `reason` of an OutboundError; `code` of a DomainError, and the `path` of the field that it names. */
  error?: {
    name: string;
    message: string;
    reason?: string;
    status?: number | null;
    code?: string;
    path?: string;
  };
  tookMs: number;
};

export type Outcomes = { id: number; outcomes: Outcome[]; lookups: string[] };

const run = async ({ id, names, dnsServer, calls, allowPrivateTargets }: Calls): Promise<Outcomes> => {
  const lookups: string[] = [];
  const fromNames: ResolveName = async (name, signal) => {
    const answers = names?.[name] ?? [];
    const times = lookups.filter((each) => each === name).length;
    lookups.push(name);
    const answer = answers[Math.min(times, answers.length - 1)];
    if (answer !== null) return answer ?? [];
    await once(signal, "abort");
    return ["127.0.0.1"];
  };
  const resolve = dnsServer === undefined ? fromNames : resolveByDns([dnsServer]);
  const outbound = createOutboundHttp({ allowPrivateTargets, ...(names || dnsServer ? { resolve } : {}) });
  const outcomes: Outcome[] = [];
  for (const call of calls) {
    const startedAt = performance.now();
    const outcome = await ("check" in call ? outbound.check(call.check) : outbound.send(call.send)).then(
      (answer) => (answer ? { answer } : {}),
      (error: unknown) => ({ error: describeError(error) }),
    );
    outcomes.push({ ...outcome, tookMs: performance.now() - startedAt });
  }
  return { id, outcomes, lookups };
};

const describeError = (error: unknown): NonNullable<Outcome["error"]> => {
  if (error instanceof OutboundError)
    return { name: error.name, message: error.message, reason: error.reason, status: error.status };
  if (error instanceof DomainError)
    return {
      name: error.name,
      message: error.detail,
      code: error.code,
      path: error.facts.errors?.[0]?.path ?? "",
    };
  return { name: "another error", message: String(error) };
};

for await (const line of createInterface({ input: process.stdin })) {
  void run(JSON.parse(line) as Calls).then((outcomes) => console.log(JSON.stringify(outcomes)));
}
