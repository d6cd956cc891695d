ALTER TABLE summaries DROP COLUMN session_version;
DROP INDEX sessions_in_progress, sessions_scheduled;
ALTER TABLE sessions DROP COLUMN absent;
ALTER TABLE session_types
  DROP COLUMN no_show_minutes,
  DROP COLUMN max_overrun_minutes,
  DROP COLUMN empty_room_minutes;
