DROP TABLE outbox, idempotency_records, hub_secrets, api_keys;
