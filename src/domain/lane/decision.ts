import { versionMismatch } from "../errors.ts";
import type { Changes } from "./changes.ts";
import type { LaneCaller } from "./request.ts";
import type { LaneState } from "./state.ts";

/** One request, with what it is decided on. */
export type Decision<R> = {
  state: LaneState;
  request: R;
  caller: LaneCaller;
  /** The version that the caller saw last; another one is refused. */
  ifVersion: number | undefined;
  newId: () => string;
};

/** What a decision comes to. A refusal is thrown, and has changed nothing. */
export type Decided<T> = { changes: Changes; result: T };

/**
 * Honours `If-Match`.
 * @throws DomainError `version_mismatch`
 */
export const assertLaneVersion = (
  { ifVersion }: Pick<Decision<unknown>, "ifVersion">,
  version: number,
): void => {
  if (ifVersion !== undefined && ifVersion !== version) throw versionMismatch(version);
};
