import type { Filter } from "./tcp-proxy.ts";

/**
 * A filter for connections to Redis that loses published messages on the way to those who subscribed, each with
 * this probability. Answers to commands always arrive.
 * @param onDrop told of each one that is lost
 */
export const losePublished =
  ({
    probability,
    random,
    onDrop,
  }: {
    probability: number;
    random: () => number;
    onDrop: () => void;
  }): (() => Filter) =>
  () => {
    let subscriber = false;
    let waiting: Buffer = Buffer.alloc(0);
    return {
      toHub: (chunk) => {
        subscriber ||= /subscribe\r\n/i.test(chunk.toString("latin1"));
      },
      toClient: (chunk) => {
        if (!subscriber) return chunk;
        waiting = Buffer.concat([waiting, chunk]);
        const kept: Buffer[] = [];
        let from = 0;
        for (let end = endOfValue(waiting, from); end !== -1; end = endOfValue(waiting, from)) {
          const value = waiting.subarray(from, end);
          if (isPublished(value) && random() < probability) onDrop();
          else kept.push(value);
          from = end;
        }
        waiting = waiting.subarray(from);
        return Buffer.concat(kept);
      },
    };
  };

/** RESP 2 sends what is published as an array, RESP 3 as a push. */
const isPublished = (value: Buffer): boolean =>
  /^(?:[*>]3\r\n\$7\r\nmessage|[*>]4\r\n\$8\r\npmessage|[*>]3\r\n\$8\r\nsmessage)\r\n/.test(
    value.toString("latin1", 0, 32),
  );

/** Where the RESP value that begins at `from` ends; -1 when it is not all there yet. */
const endOfValue = (bytes: Buffer, from: number): number => {
  const lineEnd = bytes.indexOf("\r\n", from);
  if (lineEnd === -1) return -1;
  const type = String.fromCharCode(bytes[from] ?? 0);
  const size = Number(bytes.toString("latin1", from + 1, lineEnd));
  const rest = lineEnd + 2;
  if ("$=!".includes(type)) {
    if (size < 0) return rest;
    return rest + size + 2 <= bytes.length ? rest + size + 2 : -1;
  }
  if (!"*~>%|".includes(type)) return rest;
  const values = type === "%" ? size * 2 : type === "|" ? size * 2 + 1 : size;
  let end = rest;
  for (let n = 0; n < values && end !== -1; n++) end = endOfValue(bytes, end);
  return end;
};
