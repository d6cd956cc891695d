ALTER TABLE calendars
  -- What its address said of itself last, sent back so that what has not changed need not be sent again.
  ADD COLUMN etag text,
  ADD COLUMN last_modified text,
  -- When its periods were worked out, and in which zone: an answer "not modified" says nothing of days that have come
  -- within the horizon since, nor of a coach who has moved.
  ADD COLUMN expanded_at timestamptz,
  ADD COLUMN expanded_zone text,
  -- The last attempt and its number: of two at once, the one that began later is the one that counts.
  ADD COLUMN attempted_at timestamptz,
  ADD COLUMN attempt integer NOT NULL DEFAULT 0,
  -- Why the last attempt failed, in words for people; null after one that worked.
  ADD COLUMN last_error text,
  -- Events that made no sense and were passed over.
  ADD COLUMN skipped_events integer NOT NULL DEFAULT 0,
  ADD COLUMN next_sync_at timestamptz NOT NULL DEFAULT now(),
  -- Promise: a coach has a calendar once.
  ADD CONSTRAINT calendars_coach_url UNIQUE (coach_id, url);

-- Those that are due are looked for every few seconds.
CREATE INDEX calendars_due ON calendars (next_sync_at);

-- The address of a coach's own feed. Its key is made from the nonce with the hub's secret, so a new nonce voids it.
CREATE TABLE coach_feeds (
  coach_id uuid PRIMARY KEY REFERENCES coaches,
  nonce text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
