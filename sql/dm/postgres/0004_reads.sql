-- What hubs ask of the outbox all the time. The planner judges a comparison of rows by its first column, the era, which
-- is the same in nearly all of them: it would take millions of waiting events for a few, gather them all and sort them.
-- And it would plan anew, over every partition, each time. These functions leave it one way, the index in its order, and
-- are planned once a session.

-- Events after a position and below the horizon, received at p_floor or later (days before are not looked into): at most
-- p_rows, and no more after the one that crosses p_bytes.
CREATE FUNCTION ingest.read_after(p_era integer, p_tx xid8, p_seq bigint, p_floor timestamptz, p_rows bigint,
                                  p_bytes bigint) RETURNS SETOF ingest.ingest_outbox
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET jit = off AS $$
DECLARE
  v_row ingest.ingest_outbox;
  v_bytes bigint := 0;
BEGIN
  FOR v_row IN
    SELECT * FROM ingest.ingest_outbox o
    WHERE (o.era, o.tx, o.seq) > (p_era, p_tx, p_seq)
      AND (o.era, o.tx) < ((SELECT max(e.era) FROM ingest.ingest_era e), pg_snapshot_xmin(pg_current_snapshot()))
      AND o.received_at >= p_floor
    ORDER BY o.era, o.tx, o.seq LIMIT p_rows
  LOOP
    RETURN NEXT v_row;
    v_bytes := v_bytes + octet_length(v_row.body) + octet_length(v_row.headers);
    EXIT WHEN v_bytes >= p_bytes;
  END LOOP;
END $$;

-- The newest final row.
CREATE FUNCTION ingest.outbox_end(OUT era integer, OUT tx xid8, OUT seq bigint) RETURNS SETOF record
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
  RETURN QUERY SELECT o.era, o.tx, o.seq FROM ingest.ingest_outbox o
    WHERE (o.era, o.tx) < ((SELECT max(e.era) FROM ingest.ingest_era e), pg_snapshot_xmin(pg_current_snapshot()))
    ORDER BY o.era DESC, o.tx DESC, o.seq DESC LIMIT 1;
END $$;

-- The oldest row kept.
CREATE FUNCTION ingest.outbox_first(OUT era integer, OUT tx xid8, OUT seq bigint) RETURNS SETOF record
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
  RETURN QUERY SELECT o.era, o.tx, o.seq FROM ingest.ingest_outbox o ORDER BY o.era, o.tx, o.seq LIMIT 1;
END $$;

-- How many final rows come after a position, counted up to p_rows, and when the first of them was received.
CREATE FUNCTION ingest.backlog(p_era integer, p_tx xid8, p_seq bigint, p_rows bigint, OUT waiting bigint,
                               OUT oldest timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
  SELECT count(*), (array_agg(t.received_at))[1] INTO waiting, oldest FROM (
    SELECT CASE WHEN row_number() OVER () = 1 THEN o.received_at END AS received_at FROM (
      SELECT i.received_at FROM ingest.ingest_outbox i
      WHERE (i.era, i.tx, i.seq) > (p_era, p_tx, p_seq)
        AND (i.era, i.tx) < ((SELECT max(e.era) FROM ingest.ingest_era e), pg_snapshot_xmin(pg_current_snapshot()))
      ORDER BY i.era, i.tx, i.seq LIMIT p_rows) o) t;
END $$;

-- Rows after one position, up to another, that were received before p_floor; counted up to a thousand.
CREATE FUNCTION ingest.hidden_rows(p_era integer, p_tx xid8, p_seq bigint, p_to_era integer, p_to_tx xid8,
                                   p_to_seq bigint, p_floor timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
  RETURN (SELECT count(*) FROM (
    SELECT FROM ingest.ingest_outbox o
    WHERE (o.era, o.tx, o.seq) > (p_era, p_tx, p_seq) AND (o.era, o.tx, o.seq) <= (p_to_era, p_to_tx, p_to_seq)
      AND o.received_at < p_floor
    ORDER BY o.era, o.tx, o.seq LIMIT 1000) t);
END $$;

-- The oldest rows that were received before p_before, up to a position.
CREATE FUNCTION ingest.oldest_rows(p_before timestamptz, p_era integer, p_tx xid8, p_seq bigint, p_rows bigint,
                                   OUT era integer, OUT tx xid8, OUT seq bigint) RETURNS SETOF record
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
  RETURN QUERY SELECT o.era, o.tx, o.seq FROM ingest.ingest_outbox o
    WHERE o.received_at < p_before AND (o.era, o.tx, o.seq) <= (p_era, p_tx, p_seq)
    ORDER BY o.era, o.tx, o.seq LIMIT p_rows;
END $$;

-- Since when committed rows have waited for a transaction that is still open, and whose it is; no row when none waits.
CREATE FUNCTION ingest.horizon(OUT waiting_since timestamptz, OUT holder text) RETURNS SETOF record
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET jit = off AS $$
DECLARE
  v_xmin xid8 := pg_snapshot_xmin(pg_current_snapshot());
BEGIN
  SELECT o.received_at INTO waiting_since FROM ingest.ingest_outbox o
    WHERE (o.era, o.tx) >= ((SELECT max(e.era) FROM ingest.ingest_era e), v_xmin)
    ORDER BY o.era, o.tx, o.seq LIMIT 1;
  IF waiting_since IS NULL THEN
    RETURN;
  END IF;
  SELECT format('process %s (%s) of %s in database %s', a.pid, a.application_name, a.usename, a.datname) INTO holder
    FROM pg_stat_activity a WHERE a.backend_xid = v_xmin::xid;
  IF holder IS NULL THEN
    SELECT format('prepared transaction %L of %s in database %s', p.gid, p.owner, p.database) INTO holder
      FROM pg_prepared_xacts p WHERE p.transaction = v_xmin::xid;
  END IF;
  RETURN NEXT;
END $$;
