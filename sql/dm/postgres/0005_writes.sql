-- runs with: 0004

-- The hub's own statement, for every batch of events. As a function it is planned once a session instead of once a batch,
-- which was a third of what a batch cost the server. Numbers are given in the order of the arrays, before the ids are
-- sorted. The ledger decides what is new: what its INSERT gives back goes on into the outbox. The arrays are as long as
-- each other; p_now says when events are received, null: the server's clock does.
CREATE FUNCTION ingest.add_events(
  p_now timestamptz, p_event_ids uuid[], p_sources text[], p_types text[], p_subjects text[], p_times timestamptz[],
  p_message_ids text[], p_fact_keys text[], p_versions text[], p_sandboxes boolean[], p_fan_outs boolean[],
  p_are_json boolean[], p_headers text[], p_bodies bytea[])
RETURNS TABLE (event_id uuid, era integer, tx xid8, seq bigint, received_at timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET jit = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH input AS MATERIALIZED (
    SELECT nextval('ingest.ingest_outbox_seq') AS seq, i.*
    FROM unnest(p_event_ids, p_sources, p_types, p_subjects, p_times, p_message_ids, p_fact_keys, p_versions,
                p_sandboxes, p_fan_outs, p_are_json, p_headers, p_bodies)
      AS i(event_id, source, type, subject, time, message_id, fact_key, version, sandbox, fan_out, is_json, headers, body)
  ), place AS MATERIALIZED (
    SELECT (SELECT max(e.era) FROM ingest.ingest_era e) AS era, pg_current_xact_id() AS tx,
           coalesce(p_now, date_trunc('milliseconds', now())) AS received_at
  ), ledger AS (
    INSERT INTO ingest.processed_webhooks (event_id, received_at, era, tx, seq)
    SELECT i.event_id, p.received_at, p.era, p.tx, i.seq FROM input i, place p ORDER BY i.event_id
    ON CONFLICT DO NOTHING RETURNING event_id, seq
  )
  INSERT INTO ingest.ingest_outbox AS o (era, tx, seq, event_id, source, type, subject, time, received_at, message_id,
                                         fact_key, version, sandbox, fan_out, is_json, headers, body)
  SELECT p.era, p.tx, i.seq, i.event_id, i.source, i.type, i.subject, i.time, p.received_at, i.message_id, i.fact_key,
         i.version, i.sandbox, i.fan_out, i.is_json, i.headers, i.body
  FROM input i JOIN ledger l ON l.seq = i.seq CROSS JOIN place p ORDER BY i.seq
  RETURNING o.event_id, o.era, o.tx, o.seq, o.received_at;
END $$;
