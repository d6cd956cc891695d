DROP INDEX jobs_reminders;
DROP TABLE mails;
