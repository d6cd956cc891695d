import { bookSession as book } from "../../../usecases/bookings/book.ts";
import { defineOperation } from "../../operation.ts";
import { BookingWithSession } from "../../../schemas/answers.ts";
import { BookBody } from "../../schemas/requests.ts";

export const bookSession = defineOperation({
  id: "bookSession",
  method: "post",
  path: "/v1/bookings",
  tag: "Bookings",
  summary: "Book a coach's time",
  description:
    "Give `clientId`, or `client` to find one by externalId, else by mail, else make one. " +
    "Give `durationMinutes` or `endsAt`. Asking for exactly the slot that this client has gives that booking.",
  body: BookBody,
  answers: {
    201: { description: "The booking and its session", schema: BookingWithSession },
    200: {
      description: "The booking that this client already has for exactly this slot",
      schema: BookingWithSession,
    },
  },
  handle: (app, context, { body }) => book(app, context, body),
  shape: ({ booking, session, created }) => ({
    status: created ? 201 : 200,
    body: { booking, session },
    version: booking.version,
  }),
});
