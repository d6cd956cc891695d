import { type StoredJob, listFailedJobs as listRows } from "../../db/jobs.ts";
import { requireCreator } from "../../domain/access.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { type Page, type PageInput, fetchPage } from "../paging.ts";

const idPattern = /^[\w-]{1,300}$/;

/** The jobs that failed for good. Admins only. @throws DomainError `forbidden` */
export const listFailedJobs = async (
  app: App,
  context: RequestContext,
  input: PageInput,
): Promise<Page<StoredJob>> => {
  requireCreator(context.principal, "job.manage");
  return fetchPage(input, (page) => listRows(app.sql, page), idPattern);
};
