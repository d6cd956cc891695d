DROP TABLE busy_periods, calendars, holds;
DROP INDEX bookings_pool;
ALTER TABLE bookings
  ALTER CONSTRAINT bookings_claim_id_fkey NOT DEFERRABLE,
  DROP COLUMN hold_id,
  DROP COLUMN assignment,
  DROP CONSTRAINT bookings_pool_id_fkey,
  DROP CONSTRAINT bookings_session_type_id_fkey;
-- What the older schema cannot say: holds without a row of theirs stay until their deadline, as they did.
UPDATE claims SET expires_at = NULL WHERE kind = 'booking';
ALTER TABLE claims
  DROP CONSTRAINT claims_deadline,
  DROP CONSTRAINT claims_start,
  DROP CONSTRAINT claims_reason,
  DROP COLUMN starts_at,
  DROP COLUMN reason,
  ADD CONSTRAINT claims_check CHECK ((kind = 'hold') = (expires_at IS NOT NULL));
DROP INDEX claims_expiring, claims_calendar;
DROP TABLE session_type_offers, session_types, pool_members, pools, availability;
