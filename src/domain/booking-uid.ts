/**
 * What calendars know a booking by, in invitations and in coaches' feeds alike.
 * @param host where the hub is reached
 */
export const uidOfBooking = (bookingId: string, host: string): string => `booking-${bookingId}@${host}`;

/** The booking that such a UID names, under whatever host the hub was reached then; null for any other. */
export const bookingOfUid = (uid: string): string | null =>
  /^booking-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@/i.exec(uid)?.[1]?.toLowerCase() ?? null;
