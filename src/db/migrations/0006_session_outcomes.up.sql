-- How long a room of this type waits, where that is not the hub's own setting.
ALTER TABLE session_types
  ADD COLUMN empty_room_minutes integer CHECK (empty_room_minutes >= 0),
  ADD COLUMN max_overrun_minutes integer CHECK (max_overrun_minutes >= 0),
  -- Nobody is missing before it has begun.
  ADD COLUMN no_show_minutes integer CHECK (no_show_minutes > 0);

ALTER TABLE sessions
  ADD COLUMN absent text CHECK (absent IN ('coach', 'client', 'both')),
  -- Promise: a no-show says who did not come, and nothing else does.
  ADD CONSTRAINT sessions_absent CHECK ((status = 'no_show') = (absent IS NOT NULL));

-- What may be overdue is open: those that wait in the order of their start, and those that go on. What has closed is in
-- neither, so looking costs what is open, whatever the history.
CREATE INDEX sessions_scheduled ON sessions (starts_at, id) WHERE status = 'scheduled';
CREATE INDEX sessions_in_progress ON sessions (starts_at, id) WHERE status = 'in_progress';

-- The version of the session that a summary tells of: a correction is summarised once more, and once.
ALTER TABLE summaries ADD COLUMN session_version integer;
UPDATE summaries SET session_version = s.version FROM sessions s WHERE s.id = summaries.session_id;
ALTER TABLE summaries ALTER COLUMN session_version SET NOT NULL;
