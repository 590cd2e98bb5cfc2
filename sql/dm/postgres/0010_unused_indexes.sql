-- runs with: 0004

-- A worker keeps its waiting events in memory and reads them by position: no statement uses these any more.
DROP INDEX ingest.ingest_outbox_delivery_due;
DROP INDEX ingest.ingest_outbox_delivery_attempts;
