import { acceptBooking as accept } from "../../../usecases/bookings/accept.ts";
import { defineOperation } from "../../operation.ts";
import { BookingWithSession } from "../../../schemas/answers.ts";
import { IdParams } from "../../schemas/requests.ts";

export const acceptBooking = defineOperation({
  id: "acceptBooking",
  method: "post",
  path: "/v1/bookings/{id}/accept",
  tag: "Bookings",
  summary: "Accept a booking that waits for approval",
  params: IdParams,
  answers: { 200: { description: "Both, as they are now", schema: BookingWithSession } },
  handle: (app, context, { params }) => accept(app, context, { id: params.id }),
  shape: ({ booking, session }) => ({ status: 200, body: { booking, session }, version: booking.version }),
});
