DROP TABLE summaries, attendance, session_events, sessions, bookings, claims, clients, coaches;
DROP EXTENSION btree_gist;
