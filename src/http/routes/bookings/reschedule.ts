import { rescheduleBooking as reschedule } from "../../../usecases/bookings/reschedule.ts";
import { defineOperation } from "../../operation.ts";
import { BookingWithSession } from "../../../schemas/answers.ts";
import { IdParams, RescheduleBody } from "../../schemas/requests.ts";

export const rescheduleBooking = defineOperation({
  id: "rescheduleBooking",
  method: "post",
  path: "/v1/bookings/{id}/reschedule",
  tag: "Bookings",
  summary: "Move a booking and its session to another time",
  description: "It stays with its coach. Without durationMinutes or endsAt it keeps its length.",
  params: IdParams,
  body: RescheduleBody,
  answers: { 200: { description: "Both, as they are now", schema: BookingWithSession } },
  handle: (app, context, { params, body }) => reschedule(app, context, { id: params.id, ...body }),
  shape: ({ booking, session }) => ({ status: 200, body: { booking, session }, version: booking.version }),
});
