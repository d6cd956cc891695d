import { joinWithLink as join } from "../../../usecases/sessions/join-with-link.ts";
import { JoinAnswer } from "../../../schemas/answers.ts";
import { authenticateJoinLink } from "../../auth.ts";
import { defineOperation } from "../../operation.ts";

export const joinWithLink = defineOperation({
  id: "joinWithLink",
  method: "post",
  path: "/v1/join",
  tag: "Sessions",
  summary: "Get a ticket for the link in a mail",
  description:
    "The link's token, the last part of its address, is the credential here: `Authorization: Bearer`. It stops " +
    "working when the session moves (`token_expired`) or closes, and when the person is removed.",
  authenticate: authenticateJoinLink,
  answers: { 200: { description: "The ticket", schema: JoinAnswer } },
  handle: (app, context) => join(app, context),
  shape: (answer) => ({ status: 200, body: answer }),
});
