-- When a coach works. A coach without a row can be booked at any time; one whose rules are empty, never.
CREATE TABLE availability (
  coach_id uuid PRIMARY KEY REFERENCES coaches,
  -- [{weekday, start, end}] in the coach's zone, and [{date, windows}] that replace a day.
  rules jsonb NOT NULL,
  overrides jsonb NOT NULL,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE pools (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE pool_members (
  pool_id uuid NOT NULL REFERENCES pools,
  coach_id uuid NOT NULL REFERENCES coaches,
  -- A member of weight nothing would be no member.
  weight integer NOT NULL CHECK (weight > 0),
  priority integer NOT NULL,
  -- What the pool owes this member, in units of weight; the credits of a pool are debts that are never forgotten.
  credit bigint NOT NULL,
  last_assigned_at timestamptz,
  -- A coach is in a pool once.
  PRIMARY KEY (pool_id, coach_id)
);

CREATE TABLE session_types (
  id uuid PRIMARY KEY,
  -- A slug names one type.
  slug text NOT NULL UNIQUE,
  name text NOT NULL,
  duration_minutes integer NOT NULL CHECK (duration_minutes BETWEEN 1 AND 1440),
  buffer_before_minutes integer NOT NULL CHECK (buffer_before_minutes >= 0),
  buffer_after_minutes integer NOT NULL CHECK (buffer_after_minutes >= 0),
  minimum_notice_minutes integer NOT NULL CHECK (minimum_notice_minutes >= 0),
  booking_window_days integer CHECK (booking_window_days > 0),
  requires_approval boolean NOT NULL,
  approval_deadline_minutes integer NOT NULL CHECK (approval_deadline_minutes > 0),
  step_minutes integer NOT NULL CHECK (step_minutes > 0),
  cancel_cutoff_minutes integer NOT NULL CHECK (cancel_cutoff_minutes >= 0),
  reschedule_cutoff_minutes integer NOT NULL CHECK (reschedule_cutoff_minutes >= 0),
  location jsonb NOT NULL,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- Who offers a type: coaches, or pools as a whole.
CREATE TABLE session_type_offers (
  session_type_id uuid NOT NULL REFERENCES session_types,
  coach_id uuid REFERENCES coaches,
  pool_id uuid REFERENCES pools,
  -- An offer is one coach's or one pool's, and stands once.
  CHECK (num_nonnulls(coach_id, pool_id) = 1),
  UNIQUE NULLS NOT DISTINCT (session_type_id, coach_id, pool_id)
);

CREATE INDEX session_type_offers_coach ON session_type_offers (coach_id) WHERE coach_id IS NOT NULL;
CREATE INDEX session_type_offers_pool ON session_type_offers (pool_id) WHERE pool_id IS NOT NULL;

ALTER TABLE claims
  -- The session's own start, without the buffer: the day that a daily limit counts it on. A block has none.
  ADD COLUMN starts_at timestamptz,
  ADD COLUMN reason text,
  -- A hold has a deadline; so does a booking that waits for approval. A block stays until it is taken away.
  DROP CONSTRAINT claims_check,
  ADD CONSTRAINT claims_deadline CHECK (CASE kind WHEN 'hold' THEN expires_at IS NOT NULL WHEN 'block' THEN expires_at IS NULL ELSE true END);

UPDATE claims SET starts_at = lower(period) WHERE kind <> 'block';

ALTER TABLE claims
  ADD CONSTRAINT claims_start CHECK ((kind = 'block') = (starts_at IS NULL)),
  -- Only a block says why.
  ADD CONSTRAINT claims_reason CHECK (kind = 'block' OR reason IS NULL);

-- Reads a calendar in order: the claims of a coach lie apart, so a stretch of it is a stretch of this index.
CREATE INDEX claims_calendar ON claims (coach_id, lower(period));

-- Only claims that may lapse are here, so looking for those that have costs what has lapsed.
CREATE INDEX claims_expiring ON claims (expires_at) WHERE expires_at IS NOT NULL;

-- A claim may be deleted before the row that let go of it is written, within one transaction.
ALTER TABLE bookings
  ALTER CONSTRAINT bookings_claim_id_fkey DEFERRABLE INITIALLY DEFERRED,
  ADD COLUMN hold_id uuid,
  -- How the coach was chosen from the pool: the candidates, the reasons, the credits.
  ADD COLUMN assignment jsonb,
  ADD CONSTRAINT bookings_pool_id_fkey FOREIGN KEY (pool_id) REFERENCES pools,
  ADD CONSTRAINT bookings_session_type_id_fkey FOREIGN KEY (session_type_id) REFERENCES session_types;

-- A hold becomes one booking. Most bookings come from none, and are not in it.
CREATE UNIQUE INDEX bookings_hold ON bookings (hold_id) WHERE hold_id IS NOT NULL;
CREATE INDEX bookings_pool ON bookings (pool_id, starts_at) WHERE pool_id IS NOT NULL;

CREATE TABLE holds (
  id uuid PRIMARY KEY,
  coach_id uuid NOT NULL REFERENCES coaches,
  client_id uuid REFERENCES clients,
  pool_id uuid REFERENCES pools,
  session_type_id uuid REFERENCES session_types,
  -- Whose hold it is: to anybody else it is not there.
  caller text NOT NULL,
  status text NOT NULL CHECK (status IN ('open', 'converted', 'released', 'expired')),
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  -- One claim holds time for one hold.
  claim_id uuid UNIQUE REFERENCES claims DEFERRABLE INITIALLY DEFERRED,
  assignment jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (ends_at > starts_at),
  -- Promise: a hold that ended keeps nobody's time.
  CHECK ((status = 'open') = (claim_id IS NOT NULL))
);

-- A client's open holds are counted before each new one.
CREATE INDEX holds_open ON holds (client_id) WHERE status = 'open';

-- A coach's calendar elsewhere, and the time that it says is busy. Slots read the periods, never the URL.
CREATE TABLE calendars (
  id uuid PRIMARY KEY,
  coach_id uuid NOT NULL REFERENCES coaches,
  url text NOT NULL,
  -- When the periods were true last; none before the first sync.
  synced_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX calendars_coach ON calendars (coach_id);

CREATE TABLE busy_periods (
  calendar_id uuid NOT NULL REFERENCES calendars ON DELETE CASCADE,
  coach_id uuid NOT NULL REFERENCES coaches,
  period tstzrange NOT NULL CHECK (NOT isempty(period)),
  uid text NOT NULL
);

-- Those that begin within a stretch are read by the first, those that reach into it by the second: they may overlap.
CREATE INDEX busy_periods_calendar_order ON busy_periods (coach_id, lower(period));
CREATE INDEX busy_periods_coach ON busy_periods USING gist (coach_id, period);
CREATE INDEX busy_periods_calendar ON busy_periods (calendar_id);
