-- When an event first failed alone. NULL: an operator has retried it, and no attempt has failed since; the rows that
-- wait now were not retried by an operator, as far as is known.
ALTER TABLE ingest_outbox_delivery ADD COLUMN first_failed_at TEXT;
UPDATE ingest_outbox_delivery SET first_failed_at = next_attempt_at WHERE state = 'retry';

-- A target's rows by position, of any state and of one; the most attempted ones; those that an operator has retried,
-- which are looked for every second.
CREATE INDEX ingest_outbox_delivery_target ON ingest_outbox_delivery (target, position);
CREATE INDEX ingest_outbox_delivery_state ON ingest_outbox_delivery (target, state, position);
CREATE INDEX ingest_outbox_delivery_attempts ON ingest_outbox_delivery (target, attempts DESC, position)
  WHERE state = 'retry';
CREATE INDEX ingest_outbox_delivery_revived ON ingest_outbox_delivery (target, next_attempt_at)
  WHERE state = 'retry' AND first_failed_at IS NULL;

-- Events that retention has removed from ingest_outbox while a row of ingest_outbox_delivery refers to them: they can
-- still be retried by hand. The columns are those of ingest_outbox.
CREATE TABLE ingest_outbox_kept (
  seq         INTEGER PRIMARY KEY,
  event_id    TEXT NOT NULL UNIQUE,
  source      TEXT NOT NULL,
  type        TEXT NOT NULL,
  subject     TEXT NOT NULL,
  time        TEXT NOT NULL,
  received_at TEXT NOT NULL,
  message_id  TEXT NOT NULL,
  fact_key    TEXT NOT NULL,
  version     TEXT NOT NULL,
  sandbox     INTEGER NOT NULL,
  fan_out     INTEGER NOT NULL,
  headers     TEXT NOT NULL,
  body        ANY NOT NULL
) STRICT;
