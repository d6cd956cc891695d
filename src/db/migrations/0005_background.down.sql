DROP INDEX holds_ended;
DROP TABLE webhook_deliveries, webhook_endpoints;
DROP INDEX outbox_age;
ALTER TABLE outbox
  DROP COLUMN body,
  ADD COLUMN pending text[] NOT NULL DEFAULT '{}',
  ADD COLUMN done_at timestamptz;
UPDATE outbox o SET
  pending = ARRAY(SELECT j.name FROM jobs j WHERE j.id = o.id || '-' || j.name),
  done_at = CASE WHEN enqueued_at IS NOT NULL AND NOT EXISTS (SELECT FROM jobs j WHERE j.id = o.id || '-' || j.name) THEN now() END;
CREATE INDEX outbox_unfinished ON outbox (enqueued_at) WHERE done_at IS NULL;
DROP TABLE jobs;
