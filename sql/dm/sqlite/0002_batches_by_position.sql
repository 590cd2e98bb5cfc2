-- Retention asks for the batches that end before the oldest event kept. Without this it would read the whole history
-- of each consumer, every time, under the write lock.
-- runs with: 0001
CREATE INDEX ingest_outbox_batch_position ON ingest_outbox_batch (to_position);
