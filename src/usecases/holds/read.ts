import { findHold } from "../../db/holds.ts";
import { notFound } from "../../domain/errors.ts";
import type { Hold, HoldRecord } from "../../domain/hold.ts";
import { holdOf } from "../../domain/lane/hold.ts";
import { type Principal, callerOf } from "../../domain/principal.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";

/** A hold is its caller's and, once named, its client's; admins may use any. To everybody else it is not there. */
export const mayUseHold = (principal: Principal, hold: Pick<HoldRecord, "caller" | "clientId">): boolean => {
  if (callerOf(principal) === hold.caller) return true;
  if (principal.kind === "key") return principal.scope === "admin";
  if (principal.kind !== "user") return false;
  return principal.role === "admin" || (principal.role === "client" && principal.id === hold.clientId);
};

/** @throws DomainError `not_found`, also for somebody else's hold */
export const requireHold = async (
  app: App,
  { principal }: Pick<RequestContext, "principal">,
  id: string,
): Promise<HoldRecord> => {
  const hold = await findHold(app.sql, id);
  if (!hold || !mayUseHold(principal, hold)) throw notFound("hold");
  return hold;
};

/** @throws DomainError `not_found`, also for somebody else's hold */
export const readHold = async (app: App, context: RequestContext, id: string): Promise<Hold> =>
  holdOf(await requireHold(app, context, id));
