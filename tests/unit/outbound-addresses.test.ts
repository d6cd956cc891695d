import { BlockList } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPublicAddress } from "../../src/outbound/addresses.ts";

const publicAddresses = [
  "1.1.1.1",
  "8.8.8.8",
  "9.255.255.255",
  "11.0.0.0",
  "93.184.216.34",
  "100.63.255.255",
  "100.128.0.0",
  "126.255.255.255",
  "128.0.0.0",
  "168.63.129.15",
  "168.63.129.17",
  "169.253.255.255",
  "169.255.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.0.1.0",
  "192.167.255.255",
  "192.169.0.0",
  "198.17.255.255",
  "198.20.0.0",
  "223.255.255.255",
  "2001:200::1",
  "2001:4860:4860::8888",
  "2606:4700:4700::1111",
  "2a00:1450:4001:82a::200e",
  "2001:db7:ffff::1",
  "2003::1",
  "3ffe:ffff::1",
  "64:ff9b::8.8.8.8",
  "64:ff9b::808:808",
];

const refusedAddresses = [
  ["unspecified", "0.0.0.0", "0.1.2.3", "::", "0:0:0:0:0:0:0:0"],
  ["loopback", "127.0.0.1", "127.255.255.255", "::1", "0:0:0:0:0:0:0:1", "0000::0001"],
  ["private", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255"],
  ["carriers' NAT", "100.64.0.1", "100.127.255.255"],
  ["link-local", "169.254.0.1", "169.254.255.255", "fe80::1", "febf:ffff::1", "FE80::1", "fe80::1%eth0"],
  [
    "metadata",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "64:ff9b::169.254.169.254",
  ],
  [
    "protocol assignments",
    "192.0.0.1",
    "192.0.0.255",
    "192.88.99.1",
    "2001::1",
    "2001:1ff:ffff::1",
    "2001:20::1",
  ],
  ["documentation", "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", "3fff:fff::1"],
  ["benchmarks", "198.18.0.1", "198.19.255.255", "2001:2::1"],
  ["multicast", "224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
  ["reserved, broadcast", "240.0.0.1", "255.255.255.255", "4000::1", "5f00::1", "e000::1", "100::1"],
  ["unique local", "fc00::1", "fdff:ffff::1"],
  ["site-local", "fec0::1", "feff::1"],
  [
    "IPv4 mapped into IPv6",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::FFFF:7F00:0001",
    "0:0:0:0:0:ffff:10.0.0.1",
    "0000:0000:0000:0000:0000:ffff:0a00:0001",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
  ],
  ["IPv4 in IPv6's low bits", "::127.0.0.1", "::7f00:1", "::10.0.0.1", "::8.8.8.8"],
  [
    "gateways to IPv4",
    "64:ff9b::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:0:0:0:1::",
    "64:ff9b:1::8.8.8.8",
    "64:ff9b:1::1",
  ],
  ["6to4", "2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1"],
  ["Teredo", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
  [
    "no address",
    "",
    "example.com",
    "127.1",
    "0x7f000001",
    "2130706433",
    "127.0.0.1.",
    "[::1]",
    "1.1.1.1:80",
    " 1.1.1.1",
  ],
] as const;

test.each(publicAddresses)("%s is on the public internet", (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

describe.each(refusedAddresses.map(([kind, ...addresses]) => ({ kind, addresses })))(
  "$kind",
  ({ addresses }) => {
    test.each(addresses)("'%s' is refused", (address) => {
      expect(isPublicAddress(address)).toBe(false);
    });
  },
);

describe("judges as net.BlockList does", () => {
  const refused = new BlockList();
  for (const range of [
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["168.63.129.16", 32],
    ["169.254.0.0", 16],
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.88.99.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 4],
    ["240.0.0.0", 4],
  ] as const)
    refused.addSubnet(range[0], range[1], "ipv4");
  const refusedIpv6 = new BlockList();
  for (const range of [
    ["2001::", 23],
    ["2001:db8::", 32],
    ["2002::", 16],
    ["3fff::", 20],
  ] as const)
    refusedIpv6.addSubnet(range[0], range[1], "ipv6");
  const handedOut = new BlockList();
  handedOut.addSubnet("2000::", 3, "ipv6");

  /** Near the edges of ranges, where a slip would show, as well as anywhere. */
  const octet = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(
      0,
      1,
      10,
      15,
      16,
      31,
      32,
      63,
      64,
      100,
      127,
      128,
      168,
      169,
      172,
      191,
      192,
      198,
      224,
      254,
      255,
    ),
  );
  const group = fc.oneof(
    fc.integer({ min: 0, max: 0xffff }),
    fc.constantFrom(0, 1, 0x64, 0xdb8, 0x1ff, 0x200, 0x2000, 0x2001, 0x2002, 0x3fff, 0x4000, 0xff9b, 0xffff),
  );

  test("on IPv4", () => {
    fc.assert(
      fc.property(fc.tuple(octet, octet, octet, octet), (octets) => {
        const address = octets.join(".");
        return isPublicAddress(address) === !refused.check(address, "ipv4");
      }),
      { numRuns: 5_000 },
    );
  });

  test("on IPv6, whichever way it is written", () => {
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const long = groups.map((value) => value.toString(16).padStart(4, "0")).join(":");
        fc.pre(!long.startsWith("0064:ff9b:0000:0000:0000:0000:"));
        const short = new URL(`http://[${long}]`).hostname.slice(1, -1);
        const expected = handedOut.check(long, "ipv6") && !refusedIpv6.check(long, "ipv6");
        return isPublicAddress(long) === expected && isPublicAddress(short) === expected;
      }),
      { numRuns: 5_000 },
    );
  });
});
