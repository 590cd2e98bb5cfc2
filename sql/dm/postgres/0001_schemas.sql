-- The shared store's schemas: `ingest` (outbox, ledger, cursors, exceptions) and `dm` (what the jobs keep).
-- `ingest` stands already: the table of migrations is in it.
CREATE SCHEMA dm;
