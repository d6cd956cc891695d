DROP TABLE coach_feeds;
DROP INDEX calendars_due;
ALTER TABLE calendars
  DROP CONSTRAINT calendars_coach_url,
  DROP COLUMN etag,
  DROP COLUMN last_modified,
  DROP COLUMN expanded_at,
  DROP COLUMN expanded_zone,
  DROP COLUMN attempted_at,
  DROP COLUMN attempt,
  DROP COLUMN last_error,
  DROP COLUMN skipped_events,
  DROP COLUMN next_sync_at;
DELETE FROM hub_secrets WHERE name = 'calendar feeds';
