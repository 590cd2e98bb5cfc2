-- Every accepted event, for analytics and replay. Needs ClickHouse 25.6 or later (projections as indexes).
-- Statements are idempotent: a crash between a statement and the row in vf._migrations repeats them.
-- Words in braces are filled by laid_out() of src/lake/schema.h: plain tables on one server, replicated ones on every
-- replica where ingest.lake_cluster names a cluster.

-- Sort key: one channel's chat over months is one range of granules. The two projections are indexes (they hold a
-- key and the place of the row): one id by binary search, and all events of a span of receipt in order.
-- Partition: month and class of retention, so that the TTL drops whole parts. The TTL itself follows the
-- configuration and is set when the lake is opened.
CREATE TABLE IF NOT EXISTS vf.raw_events{on_cluster}
(
    event_id UUID,
    source LowCardinality(String),
    type LowCardinality(String),
    subject String CODEC(ZSTD(1)),
    time DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    message_id String CODEC(ZSTD(1)),
    fact_key String CODEC(ZSTD(1)),
    version LowCardinality(String),
    sandbox Bool,
    is_json Bool,
    position_era UInt32 CODEC(Delta, ZSTD(1)),
    position_tx UInt64 CODEC(Delta, ZSTD(1)),
    position_seq UInt64 CODEC(Delta, ZSTD(1)),
    retention_class LowCardinality(String),
    headers String CODEC(ZSTD(1)),
    body String CODEC(ZSTD(1)),
    PROJECTION by_id (SELECT event_id, _part_offset ORDER BY event_id),
    PROJECTION by_received (SELECT received_at, event_id, _part_offset ORDER BY received_at, event_id)
)
ENGINE = {engine}
PARTITION BY (toYYYYMM(received_at), retention_class)
ORDER BY (source, type, subject, time, event_id)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_bytes_for_wide_part = 134217728, -- an inserted part is one data file, not one a column: fewer to sync
    ttl_only_drop_parts = 1,
    materialize_ttl_recalculate_only = 1{settings};
