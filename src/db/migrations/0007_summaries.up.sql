-- Whether chat and notes may be shown to the model that the hub is set up with.
ALTER TABLE session_types ADD COLUMN allows_model_summary boolean NOT NULL DEFAULT true;

ALTER TABLE summaries
  ADD COLUMN markdown text,
  -- What a model wrote from chat and notes; null for none.
  ADD COLUMN model_text text;

-- What is written is completed from what it was written from. Its words stay as they are; names in them are escaped.
UPDATE summaries m SET
  markdown = E'## Session summary\n\n' || regexp_replace(m.text, '([!-/:-@[-`{-~])', '\\\1', 'g'),
  facts = m.facts || jsonb_build_object(
    'outcome', s.status,
    'togetherMinutes', (
      SELECT coalesce(round(sum(extract(epoch FROM upper(shared) - lower(shared))) / 60), 0)::int
      FROM unnest(
        (SELECT range_agg(tstzrange(a.joined_at, coalesce(a.left_at, s.ended_at, s.ends_at))) FROM attendance a
         WHERE a.session_id = s.id AND a.role = 'coach' AND a.joined_at <= coalesce(a.left_at, s.ended_at, s.ends_at))
        * (SELECT range_agg(tstzrange(a.joined_at, coalesce(a.left_at, s.ended_at, s.ends_at))) FROM attendance a
           WHERE a.session_id = s.id AND a.role = 'client' AND a.joined_at <= coalesce(a.left_at, s.ended_at, s.ends_at))
      ) AS shared),
    'absent', (
      SELECT coalesce(jsonb_agg(side ORDER BY side = 'client'), '[]') FROM unnest('{coach,client}'::text[]) AS side
      WHERE NOT EXISTS (SELECT FROM attendance a WHERE a.session_id = s.id AND a.role = side)
        AND coalesce(t.location ->> 'kind', 'room') = 'room'),
    'attendeeCount', jsonb_array_length(m.facts -> 'participants'),
    'participants', (
      SELECT coalesce(jsonb_agg(person || jsonb_build_object(
        'lateMinutes', greatest(0, round(extract(epoch FROM (person ->> 'firstJoinedAt')::timestamptz - s.starts_at) / 60))::int,
        'drops', (SELECT count(*) FROM attendance a
          WHERE a.session_id = s.id AND a.participant_id = (person ->> 'participantId')::uuid AND a.left_reason = 'lost'),
        'messages', (SELECT count(*) FROM session_events e WHERE e.session_id = s.id AND e.type = 'message:posted'
          AND e.data ->> 'participantId' = person ->> 'participantId')) ORDER BY place), '[]')
      FROM jsonb_array_elements(m.facts -> 'participants') WITH ORDINALITY AS p (person, place)))
FROM sessions s JOIN bookings b ON b.id = s.booking_id LEFT JOIN session_types t ON t.id = b.session_type_id
WHERE s.id = m.session_id;

ALTER TABLE summaries ALTER COLUMN markdown SET NOT NULL;
