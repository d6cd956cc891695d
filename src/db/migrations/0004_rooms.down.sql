DROP TABLE admissions;
ALTER TABLE session_types DROP COLUMN requires_admission;
