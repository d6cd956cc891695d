import { listBookings as listBookingRows } from "../../db/bookings.ts";
import type { Booking } from "../../domain/booking.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { type Page, fetchPage } from "../paging.ts";
import { type ScheduleQuery, visibleSchedule } from "../schedule.ts";

/** The bookings that the caller may see: all for admins and keys, their own for coaches and clients. */
export const listBookings = async (
  app: App,
  { principal }: RequestContext,
  query: ScheduleQuery,
): Promise<Page<Booking>> => {
  const filter = await visibleSchedule(app, principal, query);
  if (!filter) return { data: [], nextCursor: null };
  return fetchPage(query, (request) => listBookingRows(app.sql, filter, request));
};
