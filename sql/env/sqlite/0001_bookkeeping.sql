-- One environment: what it has processed and refused. The projected tables come with later migrations.
-- Times are RFC 3339 text in UTC with milliseconds, which sorts as time does; ids are canonical lower-case UUID text.

-- One row per event id received, whatever became of it. Rows are purged in order of arrival (rowid). No CHECK on the
-- status: it would double what a row costs (1.7 of 4.1 microseconds, measured).
CREATE TABLE processed_events (
  event_id    TEXT NOT NULL UNIQUE,
  source      TEXT NOT NULL,
  type        TEXT NOT NULL,
  status      TEXT NOT NULL,              -- applied, ignored or quarantined
  time        TEXT NOT NULL,
  received_at TEXT NOT NULL
) STRICT;

-- Events whose projector refused them, with the envelope, so that they can be tried again.
CREATE TABLE quarantined_events (
  event_id       TEXT PRIMARY KEY,
  source         TEXT NOT NULL,
  type           TEXT NOT NULL,
  reason         TEXT NOT NULL,
  envelope       TEXT NOT NULL,
  quarantined_at TEXT NOT NULL,
  attempted_at   TEXT NOT NULL,
  attempts       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX quarantined_events_oldest ON quarantined_events (attempted_at, event_id);

-- A trial write after trouble: does the disk take anything again?
CREATE TABLE _probe (
  filler BLOB NOT NULL
) STRICT;
