import { type Mail, type MailSummary, findMail, listMails as listMailRows } from "../../db/mails.ts";
import { authorise, requireCreator } from "../../domain/access.ts";
import { notFound } from "../../domain/errors.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { type Page, type PageInput, fetchPage } from "../paging.ts";

/**
 * The mails that were written, newest first, without what they say.
 * @throws DomainError `forbidden` for all but admins
 */
export const listMails = (
  app: App,
  { principal }: RequestContext,
  input: PageInput,
): Promise<Page<MailSummary>> => {
  requireCreator(principal, "mail.read");
  return fetchPage(input, (request) => listMailRows(app.sql, request));
};

/** @throws DomainError `not_found`, `forbidden` for all but admins */
export const readMail = async (app: App, { principal }: RequestContext, id: string): Promise<Mail> => {
  authorise(principal, "mail.read", { what: "mail", owners: {} });
  const mail = await findMail(app.sql, id);
  if (!mail) throw notFound("mail");
  return mail;
};
