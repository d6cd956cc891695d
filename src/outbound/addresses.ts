import { isIP } from "node:net";

/**
 * Ranges that are no host on the public internet, from IANA's special-purpose registries. Own arithmetic over a
 * table, so that Node and Deno judge alike; tests/unit/outbound-addresses.test.ts holds it against net.BlockList.
 */
const refusedIpv4 = [
  "0.0.0.0/8", // this network, unspecified
  "10.0.0.0/8", // private
  "100.64.0.0/10", // carriers' NAT; Alibaba's metadata 100.100.100.200
  "127.0.0.0/8", // loopback
  "168.63.129.16/32", // Azure's platform, on an address that looks public
  "169.254.0.0/16", // link-local; metadata of most clouds
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments; Oracle's metadata 192.0.0.192
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // 6to4 relays, withdrawn
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, broadcast
];

/** All of IPv6 that is handed out for unicast. What lies outside is refused: ULA, link-local, mapped IPv4, … */
const globalIpv6 = "2000::/3";

const refusedIpv6 = [
  "2001::/23", // protocol assignments: Teredo, benchmarks, ORCHID
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4: leads to any IPv4 address
  "3fff::/20", // documentation
];

/** A gateway turns these into the IPv4 address in their last 32 bits, so it is that one which counts. */
const nat64 = "64:ff9b::/96";

type Range = { prefix: bigint; hostBits: bigint };

/**
 * Whether an address belongs to a host on the public internet; false also for a text that is no address. Not seen:
 * a network that translates to private IPv4 addresses under a global prefix of its own.
 */
export const isPublicAddress = (address: string): boolean => {
  const family = isIP(address);
  if (family === 4) return isPublicIpv4(parseIpv4(address));
  if (family !== 6 || address.includes("%")) return false;
  const value = parseIpv6(address);
  if (isWithin(value, ranges.nat64)) return isPublicIpv4(value & 0xffff_ffffn);
  return isWithin(value, ranges.globalIpv6) && !ranges.ipv6.some((range) => isWithin(value, range));
};

const isPublicIpv4 = (value: bigint): boolean => !ranges.ipv4.some((range) => isWithin(value, range));

const isWithin = (value: bigint, { prefix, hostBits }: Range): boolean => value >> hostBits === prefix;

const parseIpv4 = (text: string): bigint =>
  text.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n);

/** @param text an IPv6 address without a zone, in any of its spellings */
const parseIpv6 = (text: string): bigint => {
  const [head = "", tail] = text.split("::");
  const before = groupsOf(head);
  const after = groupsOf(tail ?? "");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0n);
  return [...before, ...zeros, ...after].reduce((value, group) => (value << 16n) | group, 0n);
};

/** The groups of 16 bits in a part of an IPv6 address; the last may be an IPv4 address, which makes two. */
const groupsOf = (text: string): bigint[] =>
  text === ""
    ? []
    : text.split(":").flatMap((group) => {
        if (!group.includes(".")) return [BigInt(`0x${group}`)];
        const value = parseIpv4(group);
        return [value >> 16n, value & 0xffffn];
      });

const parseRange = (text: string): Range => {
  const [address = "", length = ""] = text.split("/");
  const [value, bits] = address.includes(":") ? [parseIpv6(address), 128] : [parseIpv4(address), 32];
  const hostBits = BigInt(bits - Number(length));
  return { prefix: value >> hostBits, hostBits };
};

const ranges = {
  ipv4: refusedIpv4.map(parseRange),
  ipv6: refusedIpv6.map(parseRange),
  globalIpv6: parseRange(globalIpv6),
  nat64: parseRange(nat64),
};
