-- The shared store: eras, outbox, ledger, cursors, exceptions. Text columns hold any bytes: what is not UTF-8, or NUL,
-- stands as U+FDD0 and two hex digits. Positions outside the outbox are text of fixed width that sorts as they do:
-- era, transaction, sequence in hex. docs/adr/0004-postgresql.md tells why it is built so.

-- One row a life of this database in one cluster. Transaction ids of different clusters cannot be compared: after
-- dump and restore `vf migrate dm` opens the next era, and rows of past eras are final.
CREATE TABLE ingest.ingest_era (
  era               integer PRIMARY KEY,
  system_identifier bigint NOT NULL,
  opened_at         timestamptz NOT NULL DEFAULT now()
);

CREATE SEQUENCE ingest.ingest_outbox_seq;

-- Every accepted event, insert-only. A day is a partition, which retention drops whole. No DEFAULT partition: it would
-- have to be searched under a lock whenever a day is added.
CREATE TABLE ingest.ingest_outbox (
  era         integer NOT NULL,
  tx          xid8 NOT NULL,
  seq         bigint NOT NULL,
  event_id    uuid NOT NULL,
  source      text NOT NULL,
  type        text NOT NULL,
  subject     text NOT NULL,
  time        timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  message_id  text NOT NULL,
  fact_key    text NOT NULL,
  version     text NOT NULL,
  sandbox     boolean NOT NULL,
  fan_out     boolean NOT NULL,            -- false: received while the source was in dry-run, never delivered
  is_json     boolean NOT NULL,
  headers     text NOT NULL,
  body        bytea NOT NULL,
  PRIMARY KEY (era, tx, seq, received_at)
) PARTITION BY RANGE (received_at);

-- The ledger: every id accepted, kept longer than the bodies. Partitioned by the id, whose leading bits are the time
-- that its provider gave it. era, tx, seq and received_at lead to the row in ingest_outbox, while there is one.
CREATE TABLE ingest.processed_webhooks (
  event_id    uuid PRIMARY KEY,
  received_at timestamptz NOT NULL,
  era         integer NOT NULL,
  tx          xid8 NOT NULL,
  seq         bigint NOT NULL
) PARTITION BY RANGE (event_id);
CREATE INDEX processed_webhooks_received ON ingest.processed_webhooks USING brin (received_at)
  WITH (autosummarize = on, pages_per_range = 32);

-- The ledger's second key, where the message id is unsigned. A table of its own: it must be unique over all partitions.
CREATE TABLE ingest.processed_bodies (
  body_key    bytea PRIMARY KEY,           -- SHA-256 of the body, then the source's name
  event_id    uuid NOT NULL,
  received_at timestamptz NOT NULL
);
CREATE INDEX processed_bodies_event ON ingest.processed_bodies (event_id);
CREATE INDEX processed_bodies_received ON ingest.processed_bodies (received_at);

-- What each consumer has passed; its newest row is its cursor. Rows of "<consumer>.pin" are batches about to be sent.
CREATE TABLE ingest.ingest_outbox_batch (
  batch          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  target         text COLLATE "C" NOT NULL,
  from_position  text COLLATE "C",         -- NULL: the cursor was put here, nothing was delivered
  to_position    text COLLATE "C" NOT NULL,
  count          bigint NOT NULL,          -- events delivered
  attempts       bigint NOT NULL,
  sent_at        timestamptz NOT NULL,
  acked_at       timestamptz,
  config_version text NOT NULL,
  passage        text,                     -- sent; or only passed over: unwanted, dry-run, detached
  digest         text,                     -- of a pin: SHA-256 over the ids
  UNIQUE (target, from_position)           -- fences a holder that was overtaken
);
CREATE INDEX ingest_outbox_batch_newest ON ingest.ingest_outbox_batch (target, batch);
CREATE INDEX ingest_outbox_batch_position ON ingest.ingest_outbox_batch (to_position);

-- Exceptions only: events that are retried or dead for their own fault.
CREATE TABLE ingest.ingest_outbox_delivery (
  event_id        uuid NOT NULL,
  target          text COLLATE "C" NOT NULL,
  position        text COLLATE "C" NOT NULL,
  state           text COLLATE "C" NOT NULL CHECK (state IN ('retry', 'dead')),
  attempts        bigint NOT NULL,
  next_attempt_at timestamptz NOT NULL,
  reason          text NOT NULL,
  PRIMARY KEY (event_id, target)
);
CREATE INDEX ingest_outbox_delivery_due ON ingest.ingest_outbox_delivery (target, state, next_attempt_at);
CREATE INDEX ingest_outbox_delivery_state ON ingest.ingest_outbox_delivery (target, state, position);
CREATE INDEX ingest_outbox_delivery_position ON ingest.ingest_outbox_delivery (position);

CREATE TABLE ingest.ingest_settings (
  key   text COLLATE "C" PRIMARY KEY,
  value text NOT NULL
);

CREATE TABLE ingest.ingest_audit (
  entry  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at     timestamptz NOT NULL,
  actor  text NOT NULL,
  action text NOT NULL,
  detail text NOT NULL
);
CREATE INDEX ingest_audit_at ON ingest.ingest_audit (at);

-- The newest position that retention has removed; one row.
CREATE TABLE ingest.ingest_purged (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),
  position text COLLATE "C" NOT NULL
);
INSERT INTO ingest.ingest_purged (position) VALUES ('00000000-0000000000000000-0000000000000000');

-- Who may do something that one alone may do; `epoch` tells its holders apart.
CREATE TABLE ingest.ingest_lease (
  name       text COLLATE "C" PRIMARY KEY,
  holder     text NOT NULL,
  epoch      bigint NOT NULL,
  expires_at timestamptz NOT NULL
);
