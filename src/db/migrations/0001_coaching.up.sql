-- btree_gist lets a GiST exclusion constraint compare the uuid of a coach beside the range of a claim.
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE coaches (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  email text,
  -- A caller's own id names one coach at most.
  external_id text UNIQUE,
  time_zone text NOT NULL,
  -- A score is a share: it tilts weights and must stay between nothing and all.
  score double precision NOT NULL DEFAULT 0.5 CHECK (score BETWEEN 0 AND 1),
  -- A limit of zero would be an inactive coach by another name.
  daily_limit integer CHECK (daily_limit > 0),
  -- Only the two policies that the evaluator knows.
  calendar_policy text NOT NULL DEFAULT 'fail_open' CHECK (calendar_policy IN ('fail_open', 'fail_closed')),
  active boolean NOT NULL DEFAULT true,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE clients (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  email text,
  -- A caller's own id names one client at most.
  external_id text UNIQUE,
  time_zone text NOT NULL,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- An inline client of a booking is found by mail; not unique, since families share an address.
CREATE INDEX clients_email ON clients (lower(email)) WHERE email IS NOT NULL;

CREATE TABLE claims (
  id uuid PRIMARY KEY,
  coach_id uuid NOT NULL REFERENCES coaches,
  -- Half-open, so that one session may start the moment another ends; never empty, since an empty range overlaps nothing.
  period tstzrange NOT NULL CHECK (NOT isempty(period) AND lower_inc(period) AND NOT upper_inc(period)),
  kind text NOT NULL CHECK (kind IN ('hold', 'booking', 'block')),
  -- Only a hold has a deadline, and every hold has one.
  expires_at timestamptz CHECK ((kind = 'hold') = (expires_at IS NOT NULL)),
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Promise: a coach's time is never sold twice.
  CONSTRAINT claims_never_overlap EXCLUDE USING gist (coach_id WITH =, period WITH &&)
);

CREATE TABLE bookings (
  id uuid PRIMARY KEY,
  coach_id uuid NOT NULL REFERENCES coaches,
  client_id uuid NOT NULL REFERENCES clients,
  pool_id uuid,
  session_type_id uuid,
  status text NOT NULL CHECK (status IN ('pending', 'accepted', 'declined', 'cancelled', 'expired')),
  title text,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  notes text,
  metadata jsonb NOT NULL DEFAULT '{}',
  -- One claim holds time for one booking; a booking that ended holds none.
  claim_id uuid UNIQUE REFERENCES claims,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  -- A booking takes time, and forwards.
  CHECK (ends_at > starts_at),
  -- Promise: whoever has a live booking has the coach's time, and nobody else keeps it.
  CHECK ((status IN ('pending', 'accepted')) = (claim_id IS NOT NULL))
);

CREATE INDEX bookings_coach ON bookings (coach_id, starts_at);
CREATE INDEX bookings_client ON bookings (client_id, starts_at);
CREATE INDEX bookings_starts ON bookings (starts_at, id);

CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  -- Promise: a booking has at most one session.
  booking_id uuid NOT NULL UNIQUE REFERENCES bookings,
  coach_id uuid NOT NULL REFERENCES coaches,
  client_id uuid NOT NULL REFERENCES clients,
  status text NOT NULL CHECK (status IN ('scheduled', 'in_progress', 'completed', 'cancelled', 'no_show')),
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  started_at timestamptz,
  ended_at timestamptz,
  end_reason text,
  -- The number of the newest event: the next one is taken under this row's lock, so seqs commit in order.
  last_seq integer NOT NULL DEFAULT 0,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (ends_at > starts_at),
  -- A session in progress has begun; a closed one has an end.
  CHECK (status <> 'in_progress' OR started_at IS NOT NULL),
  CHECK ((status IN ('completed', 'cancelled', 'no_show')) = (ended_at IS NOT NULL))
);

CREATE INDEX sessions_coach ON sessions (coach_id, starts_at);
CREATE INDEX sessions_client ON sessions (client_id, starts_at);
CREATE INDEX sessions_starts ON sessions (starts_at, id);

CREATE TABLE session_events (
  session_id uuid NOT NULL REFERENCES sessions,
  seq integer NOT NULL CHECK (seq > 0),
  id uuid NOT NULL,
  type text NOT NULL,
  actor jsonb NOT NULL,
  data jsonb NOT NULL,
  request_id text,
  at timestamptz NOT NULL DEFAULT now(),
  -- Promise: one event a number, in every room.
  PRIMARY KEY (session_id, seq)
);

-- Promise: a message sent again under its own id is posted once.
CREATE UNIQUE INDEX session_events_client_message
  ON session_events (session_id, (data ->> 'participantId'), (data ->> 'clientMessageId'))
  WHERE type = 'message:posted' AND data ? 'clientMessageId';

-- A row a visit; the open rows of a session are the people in its room.
CREATE TABLE attendance (
  id uuid PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions,
  participant_id uuid NOT NULL,
  role text NOT NULL CHECK (role IN ('coach', 'client', 'guest', 'observer')),
  name text NOT NULL,
  joined_at timestamptz NOT NULL,
  left_at timestamptz,
  left_reason text CHECK (left_reason IN ('left', 'lost', 'removed', 'closed')),
  CHECK ((left_at IS NULL) = (left_reason IS NULL))
);

-- Promise: a person is in a room once, on however many devices and nodes.
CREATE UNIQUE INDEX attendance_open_visit ON attendance (session_id, participant_id) WHERE left_at IS NULL;
CREATE INDEX attendance_session ON attendance (session_id, joined_at);

CREATE TABLE summaries (
  -- Promise: a closed session has one summary, however often its job runs.
  session_id uuid PRIMARY KEY REFERENCES sessions,
  facts jsonb NOT NULL,
  text text NOT NULL,
  generated_at timestamptz NOT NULL
);
