-- Work to be done in the background: a row until it is done. Rows are the truth, the queue only hands them out, so a
-- queue that loses its memory loses nothing, however far ahead a job is due.
CREATE TABLE jobs (
  -- Promise: what asked for it names it, so that asking twice makes it once.
  id text PRIMARY KEY,
  name text NOT NULL,
  payload jsonb NOT NULL,
  request_id text,
  due_at timestamptz NOT NULL,
  -- When it was put into the queue; null while it waits for its time.
  enqueued_at timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  -- Set for good: kept to be looked at and replayed, and not tried again by itself.
  failed_at timestamptz,
  last_error text,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- The relay reads what is due, whatever waits for later; what was enqueued and came to nothing; what has failed.
CREATE INDEX jobs_due ON jobs (due_at) WHERE enqueued_at IS NULL AND failed_at IS NULL;
CREATE INDEX jobs_enqueued ON jobs (enqueued_at) WHERE enqueued_at IS NOT NULL AND failed_at IS NULL;
CREATE INDEX jobs_failed ON jobs (id) WHERE failed_at IS NOT NULL;

-- What was relayed and not done goes on as jobs.
INSERT INTO jobs (id, name, payload, request_id, due_at)
SELECT o.id || '-' || p.name, p.name, o.payload || jsonb_build_object('entryId', o.id, 'type', o.type), o.request_id, now()
FROM outbox o, unnest(o.pending) AS p (name) WHERE o.done_at IS NULL AND o.enqueued_at IS NOT NULL;

DROP INDEX outbox_unfinished;
ALTER TABLE outbox
  DROP COLUMN pending,
  DROP COLUMN done_at,
  -- What endpoints are told, put together once, so that every attempt at every endpoint says the same.
  ADD COLUMN body json;

-- What has been relayed is taken away once it is old.
CREATE INDEX outbox_age ON outbox (created_at);

CREATE TABLE webhook_endpoints (
  id uuid PRIMARY KEY,
  url text NOT NULL,
  events text[] NOT NULL CHECK (cardinality(events) > 0),
  description text,
  -- Who is told when the hub gives up on it.
  owner_email text,
  created_by text NOT NULL,
  secret text NOT NULL,
  -- Good until its time is over, so that receivers can change to the new one without missing anything.
  previous_secret text,
  previous_secret_until timestamptz CHECK ((previous_secret IS NULL) = (previous_secret_until IS NULL)),
  enabled boolean NOT NULL DEFAULT true,
  -- Since when every attempt has failed; null after one that worked.
  failing_since timestamptz,
  disabled_reason text,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE webhook_deliveries (
  id uuid PRIMARY KEY,
  endpoint_id uuid NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
  event_id uuid NOT NULL REFERENCES outbox ON DELETE CASCADE,
  event_type text NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT now(),
  enqueued_at timestamptz,
  last_attempt_at timestamptz,
  last_status integer,
  last_error text,
  last_duration_ms integer,
  delivered_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Promise: an event reaches an endpoint as one delivery, with one id.
  UNIQUE (endpoint_id, event_id)
);

-- As for jobs, an endpoint at a time: one with a long queue is read no further than it may be sent to.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at)
  WHERE status = 'pending' AND enqueued_at IS NULL;
CREATE INDEX webhook_deliveries_enqueued ON webhook_deliveries (endpoint_id, enqueued_at)
  WHERE status = 'pending' AND enqueued_at IS NOT NULL;
-- An endpoint's deliveries are listed page by page, also those few of them that wait or have failed.
CREATE INDEX webhook_deliveries_page ON webhook_deliveries (endpoint_id, id);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (endpoint_id, id) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (endpoint_id, id) WHERE status = 'failed';
-- They go with their entry of the outbox.
CREATE INDEX webhook_deliveries_event ON webhook_deliveries (event_id);

-- Holds that ended are taken away after a day.
CREATE INDEX holds_ended ON holds (updated_at) WHERE status <> 'open';
