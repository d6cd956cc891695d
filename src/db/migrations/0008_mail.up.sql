-- Mails as they were written: content is fixed before the first attempt, so that every attempt sends the very same.
CREATE TABLE mails (
  id uuid PRIMARY KEY,
  -- What asked for it: an entry of the outbox, a reminder with its time, or an endpoint that was disabled.
  cause text NOT NULL,
  -- The coach or client whom it tells of a booking; null where it is about neither.
  person_id uuid,
  booking_id uuid REFERENCES bookings,
  -- What it tells is true while this is the booking's version: unsent by then, it stays unsent.
  booking_version integer,
  kind text NOT NULL,
  message_id text NOT NULL,
  to_address text NOT NULL,
  to_name text NOT NULL,
  subject text NOT NULL,
  text text NOT NULL,
  html text NOT NULL,
  ics text,
  ics_method text CHECK (ics_method IN ('REQUEST', 'CANCEL')),
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'failed', 'kept')),
  attempts integer NOT NULL DEFAULT 0,
  -- Until then whoever has begun an attempt has the mail for themselves.
  sending_until timestamptz,
  sent_at timestamptz,
  last_error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Promise: what happened is told to a person in one mail, however often its job runs.
  UNIQUE NULLS NOT DISTINCT (cause, person_id),
  -- Promise: whatever tells of a booking says to whom and of which version, so that it can be overtaken.
  CHECK (num_nulls(person_id, booking_id, booking_version) IN (0, 3)),
  CHECK ((ics IS NULL) = (ics_method IS NULL)),
  CHECK ((status = 'sent') = (sent_at IS NOT NULL))
);

-- Promise: an appointment is told once as it stands, whichever of the changes that led to it is mailed first.
CREATE UNIQUE INDEX mails_appointment ON mails (booking_id, person_id, booking_version)
  WHERE kind IN ('booking.accepted', 'booking.rescheduled');

-- Mails that are old enough are taken away; those of somebody who is erased are found by their bookings.
CREATE INDEX mails_age ON mails (created_at);
CREATE INDEX mails_booking ON mails (booking_id);

-- A booking that moves or ends takes its reminders with it; few jobs wait for later, and only they are here.
CREATE INDEX jobs_reminders ON jobs ((payload ->> 'bookingId')) WHERE name = 'remind';
