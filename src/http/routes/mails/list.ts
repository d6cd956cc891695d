import { listMails as list } from "../../../usecases/mail/read.ts";
import { MailSummary, pageOf } from "../../../schemas/answers.ts";
import { defineOperation } from "../../operation.ts";
import { PageQuery } from "../../schemas/requests.ts";
import { shapeMail } from "./shape.ts";

export const listMails = defineOperation({
  id: "listMails",
  method: "get",
  path: "/v1/mails",
  tag: "Mails",
  summary: "List the mails that were written, newest first",
  description: "For admins. Without `SMTP_URL` mails are kept here and sent nowhere.",
  query: PageQuery,
  answers: { 200: { description: "A page of mails", schema: pageOf(MailSummary) } },
  handle: (app, context, { query }) => list(app, context, query),
  shape: ({ data, nextCursor }) => ({ status: 200, body: { data: data.map(shapeMail), nextCursor } }),
});
