import { decideAccept, decideDecline } from "./answer.ts";
import { decideBlock, decideUnblock } from "./block.ts";
import { decideBook } from "./book.ts";
import { decideCancel } from "./cancel.ts";
import { noChanges } from "./changes.ts";
import { decideHold, decideRelease } from "./hold.ts";
import type { Decided, Decision } from "./decision.ts";
import type { LaneKind, LaneRequest, RequestOf } from "./request.ts";
import { decideReschedule } from "./reschedule.ts";

/** What decides each kind of request. */
const deciders = {
  book: decideBook,
  hold: decideHold,
  release: decideRelease,
  accept: decideAccept,
  decline: decideDecline,
  cancel: decideCancel,
  reschedule: decideReschedule,
  block: decideBlock,
  unblock: decideUnblock,
  lapse: (): Decided<null> => ({ changes: noChanges(), result: null }),
} as const satisfies { [K in LaneKind]: (decision: Decision<RequestOf<K>>) => Decided<unknown> };

/** What a request of each kind is answered with. */
export type ResultOf<K extends LaneKind> = ReturnType<(typeof deciders)[K]>["result"];

/**
 * Decides one request against a batch's state, and keeps the state true for those that follow. Pure: whoever calls
 * holds the locks of the lanes, so that the state is still true when the changes are written.
 * @throws DomainError the refusal; then neither state nor rows have changed
 */
export const decide = <R extends LaneRequest>(decision: Decision<R>): Decided<ResultOf<R["kind"]>> => {
  const decider = deciders[decision.request.kind] as (decision: Decision<R>) => Decided<ResultOf<R["kind"]>>;
  return decider(decision);
};
