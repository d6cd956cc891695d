/**
 * Why the hub closes a connection, and whether it makes sense to come back with the same credential. Told as
 * `connection:closing` just before, since a closed Socket.IO connection has no code of its own.
 */
export const closings = {
  draining: { reconnect: true, message: "This node is closing; another one takes over." },
  slow_consumer: { reconnect: true, message: "Events arrived faster than they were read." },
  rate_limited: { reconnect: true, message: "Too many events were refused, and more came." },
  malformed: { reconnect: false, message: "What was sent is no Socket.IO packet." },
  token_expired: { reconnect: false, message: "The token has expired: come back with a new one." },
  removed: { reconnect: false, message: "You were removed from this room." },
} as const satisfies Record<string, { reconnect: boolean; message: string }>;

export type ClosingCode = keyof typeof closings;
