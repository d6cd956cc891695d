import { cancelBooking as cancel } from "../../../usecases/bookings/cancel.ts";
import { defineOperation } from "../../operation.ts";
import { BookingWithSession } from "../../../schemas/answers.ts";
import { IdParams, ReasonBody } from "../../schemas/requests.ts";

export const cancelBooking = defineOperation({
  id: "cancelBooking",
  method: "post",
  path: "/v1/bookings/{id}/cancel",
  tag: "Bookings",
  summary: "Cancel a booking and its session",
  params: IdParams,
  body: ReasonBody,
  answers: { 200: { description: "Both, as they are now", schema: BookingWithSession } },
  handle: (app, context, { params, body }) => cancel(app, context, { id: params.id, ...body }),
  shape: ({ booking, session }) => ({ status: 200, body: { booking, session }, version: booking.version }),
});
