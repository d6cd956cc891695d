import { findBacklog } from "../../db/backlog.ts";
import type { Backlog } from "../../metrics.ts";
import type { App } from "../app.ts";

/** What waits in the background at this moment, and what has failed for good. */
export const readBacklog = (app: App): Promise<Backlog> => findBacklog(app.sql);
