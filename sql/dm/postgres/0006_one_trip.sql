-- runs with: 0004

-- Adding events as a transaction of its own, in one round trip: the function bounds its waits itself. The common case,
-- in which every event is new, needs no join. Numbers are given in the order of the arrays, before the ids are sorted.
-- The ledger decides what is new: the rows that this call has written there go on into the outbox. The arrays are as
-- long as each other; p_now says when events are received, null: the server's clock does.
CREATE OR REPLACE FUNCTION ingest.add_events(
  p_now timestamptz, p_event_ids uuid[], p_sources text[], p_types text[], p_subjects text[], p_times timestamptz[],
  p_message_ids text[], p_fact_keys text[], p_versions text[], p_sandboxes boolean[], p_fan_outs boolean[],
  p_are_json boolean[], p_headers text[], p_bodies bytea[])
RETURNS TABLE (event_id uuid, era integer, tx xid8, seq bigint, received_at timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET jit = off
SET lock_timeout = '5s' AS $$
#variable_conflict use_column
DECLARE
  v_era integer := (SELECT max(e.era) FROM ingest.ingest_era e);
  v_tx xid8 := pg_current_xact_id();
  v_at timestamptz := coalesce(p_now, date_trunc('milliseconds', now()));
  v_seqs bigint[] := ARRAY(SELECT nextval('ingest.ingest_outbox_seq') FROM generate_series(1, cardinality(p_event_ids)));
  v_new bigint[];  -- null: all of them
  v_count bigint;
BEGIN
  INSERT INTO ingest.processed_webhooks (event_id, received_at, era, tx, seq)
  SELECT i.event_id, v_at, v_era, v_tx, i.seq FROM unnest(p_event_ids, v_seqs) AS i(event_id, seq) ORDER BY i.event_id
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  IF v_count < cardinality(p_event_ids) THEN
    v_new := ARRAY(SELECT i.seq FROM unnest(p_event_ids, v_seqs) AS i(event_id, seq)
                   JOIN ingest.processed_webhooks l ON l.event_id = i.event_id AND l.tx = v_tx AND l.seq = i.seq);
  END IF;
  RETURN QUERY
  INSERT INTO ingest.ingest_outbox AS o (era, tx, seq, event_id, source, type, subject, time, received_at, message_id,
                                         fact_key, version, sandbox, fan_out, is_json, headers, body)
  SELECT v_era, v_tx, i.seq, i.event_id, i.source, i.type, i.subject, i.time, v_at, i.message_id, i.fact_key, i.version,
         i.sandbox, i.fan_out, i.is_json, i.headers, i.body
  FROM unnest(v_seqs, p_event_ids, p_sources, p_types, p_subjects, p_times, p_message_ids, p_fact_keys, p_versions,
              p_sandboxes, p_fan_outs, p_are_json, p_headers, p_bodies)
    AS i(seq, event_id, source, type, subject, time, message_id, fact_key, version, sandbox, fan_out, is_json, headers,
         body)
  WHERE v_new IS NULL OR i.seq = ANY (v_new)
  RETURNING o.event_id, o.era, o.tx, o.seq, o.received_at;
END $$;
