-- runs with: 0004

-- When an event first failed alone. NULL: an operator has retried it, and no attempt has failed since; the rows that
-- wait now were not retried by an operator, as far as is known, nor are the rows that an older program adds.
ALTER TABLE ingest.ingest_outbox_delivery ADD COLUMN first_failed_at timestamptz;
UPDATE ingest.ingest_outbox_delivery SET first_failed_at = next_attempt_at WHERE state = 'retry';
ALTER TABLE ingest.ingest_outbox_delivery ALTER COLUMN first_failed_at SET DEFAULT now();

-- A target's rows of any state by position; the most attempted ones; those that an operator has retried, which are
-- looked for every second.
CREATE INDEX ingest_outbox_delivery_target ON ingest.ingest_outbox_delivery (target, position);
CREATE INDEX ingest_outbox_delivery_attempts ON ingest.ingest_outbox_delivery (target, attempts DESC, position)
  WHERE state = 'retry';
CREATE INDEX ingest_outbox_delivery_revived ON ingest.ingest_outbox_delivery (target, next_attempt_at)
  WHERE state = 'retry' AND first_failed_at IS NULL;

-- A target's rows in one state, counted up to p_rows. The planner is left one way, the index in its order.
CREATE FUNCTION ingest.count_deliveries(p_target text, p_state text, p_rows bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
  RETURN (SELECT count(*) FROM (
    SELECT FROM ingest.ingest_outbox_delivery d
    WHERE d.target = p_target COLLATE "C" AND d.state = p_state COLLATE "C" ORDER BY d.position LIMIT p_rows) t);
END $$;
