import { listBookings as list } from "../../../usecases/bookings/list.ts";
import { defineOperation } from "../../operation.ts";
import { Booking, pageOf } from "../../../schemas/answers.ts";
import { BookingsQuery } from "../../schemas/requests.ts";

export const listBookings = defineOperation({
  id: "listBookings",
  method: "get",
  path: "/v1/bookings",
  tag: "Bookings",
  summary: "List the bookings that you may see, newest first",
  query: BookingsQuery,
  answers: { 200: { description: "A page of bookings", schema: pageOf(Booking) } },
  handle: (app, context, { query }) => list(app, context, query),
  shape: (page) => ({ status: 200, body: page }),
});
