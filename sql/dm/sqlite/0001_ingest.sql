-- The shared store: outbox, ledger, cursors, exceptions. Times are RFC 3339 text in UTC with milliseconds, which
-- sorts as time does; ids are canonical lower-case UUID text.

-- Every accepted event, insert-only. AUTOINCREMENT: a number is never given twice, even when retention has emptied
-- the table, so a cursor can never stand before an event that is already behind it.
CREATE TABLE ingest_outbox (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id    TEXT NOT NULL,
  source      TEXT NOT NULL,
  type        TEXT NOT NULL,
  subject     TEXT NOT NULL,
  time        TEXT NOT NULL,
  received_at TEXT NOT NULL,
  message_id  TEXT NOT NULL,
  fact_key    TEXT NOT NULL,
  version     TEXT NOT NULL,
  sandbox     INTEGER NOT NULL,
  fan_out     INTEGER NOT NULL,           -- 0: received while the source was in dry-run, never delivered
  headers     TEXT NOT NULL,
  body        ANY NOT NULL                -- TEXT when it is plain JSON (so json_extract works), BLOB otherwise
) STRICT;

-- The ledger: every id accepted, kept longer than the bodies. seq is the row's number in ingest_outbox.
CREATE TABLE processed_webhooks (
  seq         INTEGER PRIMARY KEY,
  event_id    TEXT NOT NULL UNIQUE,
  received_at TEXT NOT NULL,
  body_key    TEXT                        -- "<source>/<SHA-256 of the body>" where the message id is unsigned
) STRICT;
CREATE UNIQUE INDEX processed_webhooks_body_key ON processed_webhooks (body_key) WHERE body_key IS NOT NULL;

-- What each consumer has passed; its newest row is its cursor. Rows of "<consumer>.pin" are batches about to be sent.
CREATE TABLE ingest_outbox_batch (
  batch          INTEGER PRIMARY KEY,
  target         TEXT NOT NULL,
  from_position  INTEGER,                 -- NULL: the cursor was put here, nothing was delivered
  to_position    INTEGER NOT NULL,
  count          INTEGER NOT NULL,        -- events delivered
  attempts       INTEGER NOT NULL,
  sent_at        TEXT NOT NULL,
  acked_at       TEXT,
  config_version TEXT NOT NULL,
  passage        TEXT,                    -- sent; or only passed over: unwanted, dry-run, detached
  digest         TEXT,                    -- of a pin: SHA-256 over the ids
  UNIQUE (target, from_position)
) STRICT;
CREATE INDEX ingest_outbox_batch_newest ON ingest_outbox_batch (target, batch);

-- Exceptions only: events that are retried or dead for their own fault.
CREATE TABLE ingest_outbox_delivery (
  event_id        TEXT NOT NULL,
  target          TEXT NOT NULL,
  position        INTEGER NOT NULL,
  state           TEXT NOT NULL CHECK (state IN ('retry', 'dead')),
  attempts        INTEGER NOT NULL,
  next_attempt_at TEXT NOT NULL,
  reason          TEXT NOT NULL,
  PRIMARY KEY (event_id, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX ingest_outbox_delivery_due ON ingest_outbox_delivery (target, state, next_attempt_at);
CREATE INDEX ingest_outbox_delivery_position ON ingest_outbox_delivery (position);

CREATE TABLE ingest_settings (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ingest_audit (
  entry  INTEGER PRIMARY KEY,
  at     TEXT NOT NULL,
  actor  TEXT NOT NULL,
  action TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;

-- A trial write after trouble: does the disk take anything again?
CREATE TABLE _probe (
  filler BLOB NOT NULL
) STRICT;
