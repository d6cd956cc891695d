import { v7 as uuidv7 } from "uuid";

/** Random bytes are asked of the system for this many ids at once: one request each cost 3 % of a booking. */
const idsAtOnce = 256;
const bytesEach = 16;

const random = new Uint8Array(idsAtOnce * bytesEach);
let used = random.length;
let lastMs = 0;
let sequence = 0;

/** Makes a UUIDv7. Those of one process grow, also within a millisecond. */
export const newId = (): string => {
  if (used >= random.length) {
    crypto.getRandomValues(random);
    used = 0;
  }
  const bytes = random.subarray(used, used + bytesEach);
  used += bytesEach;
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    // Half of the numbers stay free to count up within the millisecond.
    sequence =
      ((bytes[0] ?? 0) << 23) | ((bytes[1] ?? 0) << 15) | ((bytes[2] ?? 0) << 7) | ((bytes[3] ?? 0) >> 1);
  } else sequence += 1;
  return uuidv7({ random: bytes, msecs: lastMs, seq: sequence });
};
