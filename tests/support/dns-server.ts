import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv4 } from "node:net";

/** A name server on 127.0.0.1. */
export type DnsServer = { address: string; asked(): number; close(): Promise<void> };

/**
 * Which addresses a name has, at the so-manieth question for one kind of them; `null` leaves the asker waiting, and
 * `"fails"` tells them that the server has a failure.
 */
export type Zone = (name: string, times: number) => readonly string[] | "fails" | null;

const kinds = { 1: "ipv4", 28: "ipv6" } as const;

/** Answers questions for the addresses of names (RFC 1035, RFC 3596). A name without any does not exist. */
export const startDnsServer = async (zone: Zone): Promise<DnsServer> => {
  const socket = createSocket("udp4");
  const times = new Map<string, number>();
  let asked = 0;
  socket.on("message", (message, asker) => {
    asked += 1;
    const { name, end, type } = questionOf(message);
    const question = `${name} ${type}`;
    times.set(question, (times.get(question) ?? 0) + 1);
    const answer = zone(name, times.get(question) ?? 0);
    if (!answer) return;
    const addresses = answer === "fails" ? [] : answer;
    const kind = kinds[type as keyof typeof kinds];
    const records = addresses
      .filter((address) => (isIPv4(address) ? "ipv4" : "ipv6") === kind)
      .map((address) => recordOf(type, address));
    const head = Buffer.from(message.subarray(0, 12));
    const flags = answer === "fails" ? 0x8182 : addresses.length === 0 ? 0x8183 : 0x8180;
    head.writeUInt16BE(flags, 2);
    head.writeUInt16BE(records.length, 6);
    head.writeUInt32BE(0, 8);
    socket.send(Buffer.concat([head, message.subarray(12, end), ...records]), asker.port, asker.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked: () => asked,
    close: () => new Promise((resolve) => socket.close(resolve)),
  };
};

const questionOf = (message: Buffer): { name: string; end: number; type: number } => {
  const labels: string[] = [];
  let at = 12;
  for (let size = message[at] ?? 0; size > 0; size = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + size));
    at += 1 + size;
  }
  return { name: labels.join("."), end: at + 5, type: message.readUInt16BE(at + 1) };
};

const recordOf = (type: number, address: string): Buffer => {
  const bytes = bytesOf(address);
  const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, bytes.length]); // the name asked for, for 0 s
  return Buffer.concat([head, bytes]);
};

/** @param address IPv4, or IPv6 with all of its groups */
const bytesOf = (address: string): Buffer =>
  isIPv4(address)
    ? Buffer.from(address.split(".").map(Number))
    : Buffer.from(
        address
          .split(":")
          .map((group) => group.padStart(4, "0"))
          .join(""),
        "hex",
      );
