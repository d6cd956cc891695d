import { boardWatch } from "./events/board-watch.ts";
import type { ClientEvent } from "./events/define-event.ts";
import { messageSend } from "./events/message-send.ts";
import { participantAdmit } from "./events/participant-admit.ts";
import { participantUpdate } from "./events/participant-update.ts";
import { sessionEnd } from "./events/session-end.ts";
import { sessionJoin } from "./events/session-join.ts";
import { sessionLeave } from "./events/session-leave.ts";
import { sessionStart } from "./events/session-start.ts";
import { signal } from "./events/signal.ts";
import { tokenRefresh } from "./events/token-refresh.ts";
import { tokenRenew } from "./events/token-renew.ts";

/** Every event that clients send: what is not here is not heard. */
export const clientEvents: readonly ClientEvent[] = [
  sessionJoin,
  sessionLeave,
  sessionStart,
  sessionEnd,
  participantUpdate,
  messageSend,
  signal,
  participantAdmit,
  boardWatch,
  tokenRefresh,
  tokenRenew,
];
