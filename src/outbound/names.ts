import { Resolver, lookup } from "node:dns/promises";

/** The addresses of a name, none if it has none; gives up when the signal says so. Throws when nobody could tell. */
export type ResolveName = (name: string, signal: AbortSignal) => Promise<readonly string[]>;

/** As other programs of the machine find names: its hosts file counts. */
export const resolveBySystem: ResolveName = async (name) => {
  try {
    const found = await lookup(name, { all: true });
    return found.map(({ address }) => address);
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
};

/**
 * From DNS alone. The system's own way holds one of very few threads until it is answered: some names with slow
 * servers would hold up every other call.
 * @param servers other than the machine's, such as `127.0.0.1:5353`
 */
export const resolveByDns =
  (servers?: readonly string[]): ResolveName =>
  async (name, signal) => {
    const resolver = new Resolver({ timeout: 1_500, tries: 2 });
    if (servers) resolver.setServers(servers);
    signal.addEventListener("abort", () => resolver.cancel());
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const addresses = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    if (addresses.length > 0) return addresses;
    for (const answer of answers) {
      if (answer.status === "rejected" && !isAbsence(answer.reason)) throw answer.reason;
    }
    return [];
  };

/** Deno tells a failure of the name server (SERVFAIL) like this as well. */
const isAbsence = (error: unknown): boolean =>
  ["ENOTFOUND", "ENODATA"].includes(String((error as { code?: unknown }).code));
