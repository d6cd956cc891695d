import { declineBooking as decline } from "../../../usecases/bookings/decline.ts";
import { defineOperation } from "../../operation.ts";
import { BookingWithSession } from "../../../schemas/answers.ts";
import { IdParams, ReasonBody } from "../../schemas/requests.ts";

export const declineBooking = defineOperation({
  id: "declineBooking",
  method: "post",
  path: "/v1/bookings/{id}/decline",
  tag: "Bookings",
  summary: "Decline a booking that waits for approval",
  params: IdParams,
  body: ReasonBody,
  answers: { 200: { description: "Both, as they are now", schema: BookingWithSession } },
  handle: (app, context, { params, body }) => decline(app, context, { id: params.id, ...body }),
  shape: ({ booking, session }) => ({ status: 200, body: { booking, session }, version: booking.version }),
});
