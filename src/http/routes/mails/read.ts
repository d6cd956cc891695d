import { readMail as read } from "../../../usecases/mail/read.ts";
import { Mail } from "../../../schemas/answers.ts";
import { defineOperation } from "../../operation.ts";
import { IdParams } from "../../schemas/requests.ts";
import { shapeMail } from "./shape.ts";

export const readMail = defineOperation({
  id: "readMail",
  method: "get",
  path: "/v1/mails/{id}",
  tag: "Mails",
  summary: "Read a mail with all that it says",
  params: IdParams,
  answers: { 200: { description: "The mail", schema: Mail } },
  handle: (app, context, { params }) => read(app, context, params.id),
  shape: (mail) => ({
    status: 200,
    body: { ...shapeMail(mail), text: mail.text, html: mail.html, ics: mail.ics },
  }),
});
