ALTER TABLE summaries DROP COLUMN markdown, DROP COLUMN model_text;
ALTER TABLE session_types DROP COLUMN allows_model_summary;
