import { type BoardRow, listBoard } from "../../db/sessions.ts";
import { forbidden } from "../../domain/errors.ts";
import type { Principal } from "../../domain/principal.ts";
import type { App } from "../app.ts";

export type { BoardRow };

/** Whose sessions a board shows: a coach's, or everybody's. */
export type BoardOf = { coachId: string } | "everybody";

/**
 * The board of a principal.
 * @throws DomainError `forbidden` for all but coaches and admins
 */
export const boardOf = (principal: Principal): BoardOf => {
  if (principal.kind === "user" && principal.role === "coach") return { coachId: principal.id };
  if (principal.kind === "user" && principal.role === "admin") return "everybody";
  throw forbidden("Coaches and admins have a board.");
};

/**
 * The sessions that boards follow, with the numbers of their newest events; `shown` are those of today: not closed, or
 * not for long, and begun or about to begin within a day. A coach's board follows whatever comes later as well,
 * everybody's only what it shows.
 */
export const readBoard = (
  app: App,
  { coachIds, everybody }: { coachIds: readonly string[]; everybody: boolean },
): Promise<BoardRow[]> => listBoard(app.sql, { coachIds, everybody });
