import type { App } from "../usecases/app.ts";
import type { JobData } from "./queue.ts";

/** Work in the background. May run twice, so it is idempotent on its subject. */
export type Job = { name: string; run: (app: App, data: JobData) => Promise<void> };

export const defineJob = (name: string, run: Job["run"]): Job => ({ name, run });
