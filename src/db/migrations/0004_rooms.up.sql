-- Guests of such a session wait in its lobby until the coach admits them.
ALTER TABLE session_types ADD COLUMN requires_admission boolean NOT NULL DEFAULT false;

-- How a room stands to somebody: a guest who asked to come in, one who was let in, one who was sent out.
CREATE TABLE admissions (
  session_id uuid NOT NULL REFERENCES sessions,
  participant_id uuid NOT NULL,
  status text NOT NULL CHECK (status IN ('waiting', 'admitted', 'removed')),
  changed_at timestamptz NOT NULL DEFAULT now(),
  -- Promise: who is removed stays out, whatever else is said of them.
  PRIMARY KEY (session_id, participant_id)
);
