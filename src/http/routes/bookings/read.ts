import { readBooking as read } from "../../../usecases/bookings/read.ts";
import { defineOperation } from "../../operation.ts";
import { Booking } from "../../../schemas/answers.ts";
import { IdParams } from "../../schemas/requests.ts";

export const readBooking = defineOperation({
  id: "readBooking",
  method: "get",
  path: "/v1/bookings/{id}",
  tag: "Bookings",
  summary: "Read a booking",
  params: IdParams,
  answers: { 200: { description: "The booking", schema: Booking } },
  handle: (app, context, { params }) => read(app, context, params.id),
  shape: (booking) => ({ status: 200, body: booking, version: booking.version }),
});
