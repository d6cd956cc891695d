CREATE TABLE api_keys (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  -- SHA-256 of the key: the key itself is shown once and never stored. One row a key.
  hash bytea NOT NULL UNIQUE,
  scope text NOT NULL CHECK (scope IN ('read', 'bookings', 'admin')),
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);

-- What the hub made up for itself and every node must know, such as the secret that signs tickets.
CREATE TABLE hub_secrets (
  name text PRIMARY KEY,
  value text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE idempotency_records (
  caller text NOT NULL,
  route text NOT NULL,
  key text NOT NULL,
  -- SHA-256 of the path and the body, so that a key used for another request is told apart.
  fingerprint text NOT NULL,
  status integer NOT NULL,
  -- json, not jsonb: it keeps the order of keys, so that an answer is given again byte for byte.
  body json NOT NULL,
  etag text,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Promise: one answer a key, for each caller and route.
  PRIMARY KEY (caller, route, key)
);

CREATE INDEX idempotency_records_age ON idempotency_records (created_at);

CREATE TABLE outbox (
  id uuid PRIMARY KEY,
  type text NOT NULL,
  payload jsonb NOT NULL,
  request_id text,
  idempotency_key text,
  created_at timestamptz NOT NULL DEFAULT now(),
  enqueued_at timestamptz,
  -- The jobs that have not said that they are done.
  pending text[] NOT NULL DEFAULT '{}',
  done_at timestamptz
);

-- The relay reads only what is not done, whatever the history.
CREATE INDEX outbox_waiting ON outbox (id) WHERE enqueued_at IS NULL;
CREATE INDEX outbox_unfinished ON outbox (enqueued_at) WHERE done_at IS NULL;
