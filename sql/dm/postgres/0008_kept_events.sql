-- runs with: 0004

-- Events that retention has removed from ingest_outbox while a row of ingest_outbox_delivery refers to them: they can
-- still be retried by hand. The columns are those of ingest_outbox.
CREATE TABLE ingest.ingest_outbox_kept (
  era         integer NOT NULL,
  tx          xid8 NOT NULL,
  seq         bigint NOT NULL,
  event_id    uuid PRIMARY KEY,
  source      text NOT NULL,
  type        text NOT NULL,
  subject     text NOT NULL,
  time        timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  message_id  text NOT NULL,
  fact_key    text NOT NULL,
  version     text NOT NULL,
  sandbox     boolean NOT NULL,
  fan_out     boolean NOT NULL,
  is_json     boolean NOT NULL,
  headers     text NOT NULL,
  body        bytea NOT NULL
);
CREATE INDEX ingest_outbox_kept_received ON ingest.ingest_outbox_kept (received_at);

-- What retention does to exceptions whose event is gone from the outbox: with ingest_outbox_kept they are dead letters,
-- without they go. The text of the reason is that of reason_after_retention().
CREATE FUNCTION ingest.end_deliveries(p_last text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM ingest.ingest_outbox_delivery d WHERE d.position <= p_last
    AND NOT EXISTS (SELECT FROM ingest.ingest_outbox_kept k WHERE k.event_id = d.event_id);
  UPDATE ingest.ingest_outbox_delivery SET state = 'dead', reason = 'no longer retried, because retention removed its '
      'event from the outbox after ' || attempts || ' attempts; last: ' || reason
    WHERE position <= p_last AND state = 'retry'
$$;

-- Copies events of `p_table` (ingest_outbox or one of its partitions) into ingest_outbox_kept: at most p_rows of those
-- at positions from p_first to p_last that were received from p_from on, before p_before, and that a row of
-- ingest_outbox_delivery refers to, which is a dead letter from then on. The number of events copied. The planner is left
-- one way: from the few exceptions to their events by the key.
CREATE FUNCTION ingest.keep_events(p_table regclass, p_first text, p_last text, p_from timestamptz, p_before timestamptz,
                                   p_rows bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_seqscan = off SET jit = off AS $$
DECLARE
  v_rows bigint;
BEGIN
  EXECUTE format($sql$
    WITH copied AS (
      INSERT INTO ingest.ingest_outbox_kept AS k (era, tx, seq, event_id, source, type, subject, time, received_at,
        message_id, fact_key, version, sandbox, fan_out, is_json, headers, body)
      SELECT o.era, o.tx, o.seq, o.event_id, o.source, o.type, o.subject, o.time, o.received_at, o.message_id,
        o.fact_key, o.version, o.sandbox, o.fan_out, o.is_json, o.headers, o.body
      FROM (SELECT DISTINCT ('x' || substr(d.position, 1, 8))::bit(32)::integer AS era,
                   ('x' || substr(d.position, 10, 16))::bit(64)::bigint::text::xid8 AS tx,
                   ('x' || substr(d.position, 27, 16))::bit(64)::bigint AS seq
            FROM ingest.ingest_outbox_delivery d WHERE d.position BETWEEN $1 AND $2) p
      JOIN %s o ON o.era = p.era AND o.tx = p.tx AND o.seq = p.seq
      WHERE o.received_at >= $3 AND o.received_at < $4 AND NOT EXISTS (
        SELECT FROM ingest.ingest_outbox_kept h
        WHERE h.event_id = o.event_id AND h.era = o.era AND h.tx = o.tx AND h.seq = o.seq)
      LIMIT $5
      ON CONFLICT (event_id) DO UPDATE SET era = excluded.era, tx = excluded.tx, seq = excluded.seq,
        source = excluded.source, type = excluded.type, subject = excluded.subject, time = excluded.time,
        received_at = excluded.received_at, message_id = excluded.message_id, fact_key = excluded.fact_key,
        version = excluded.version, sandbox = excluded.sandbox, fan_out = excluded.fan_out,
        is_json = excluded.is_json, headers = excluded.headers, body = excluded.body
      RETURNING k.event_id
    ), ended AS (
      UPDATE ingest.ingest_outbox_delivery d SET state = 'dead', reason = 'no longer retried, because retention '
          'removed its event from the outbox after ' || d.attempts || ' attempts; last: ' || d.reason
        FROM copied c WHERE d.event_id = c.event_id AND d.state = 'retry'
    )
    SELECT count(*) FROM copied
    $sql$, p_table) INTO v_rows USING p_first, p_last, p_from, p_before, p_rows;
  RETURN v_rows;
END $$;

-- Rows up to p_last are gone: their exceptions end. What is kept lies behind the mark, though a transaction that began on
-- the day before may have been numbered later than one of the day after.
CREATE OR REPLACE FUNCTION ingest.note_purged(p_last text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_first text;
BEGIN
  SELECT ingest.position_text(era, tx, seq - 1) INTO v_first FROM ingest.ingest_outbox ORDER BY era, tx, seq LIMIT 1;
  p_last := least(p_last COLLATE "C", v_first COLLATE "C");
  UPDATE ingest.ingest_purged SET position = p_last WHERE position < p_last;
  PERFORM ingest.end_deliveries(p_last);
END $$;

-- Drops the oldest day when all of it was received before p_before and lies at or before p_held. First it keeps the
-- day's events that exceptions refer to, unless they were received before p_deliveries_before: p_rows of them in a call.
-- Everything that takes time comes before the lock on the outbox.
-- The number of rows, roughly; 0 when there is nothing to drop, -1 when a lock could not be had: later, then.
CREATE FUNCTION ingest.drop_outbox_day(p_before timestamptz, p_held text, p_deliveries_before timestamptz, p_rows bigint)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
  v_partition regclass;
  v_day date;
  v_last text;
  v_first text;
  v_next text;
  v_rows bigint;
BEGIN
  PERFORM ingest.lock_partitions();
  SELECT p.partition, p.day INTO v_partition, v_day FROM ingest.dated_partitions('ingest.ingest_outbox') p LIMIT 1;
  IF v_day IS NULL OR ingest.day_start(v_day + 1) > p_before THEN
    RETURN 0;
  END IF;
  EXECUTE format('SELECT ingest.position_text(era, tx, seq) FROM %s ORDER BY era DESC, tx DESC, seq DESC LIMIT 1',
                 v_partition) INTO v_last;
  IF v_last COLLATE "C" > p_held COLLATE "C" THEN
    RETURN 0;
  END IF;
  IF v_last IS NOT NULL THEN
    EXECUTE format('SELECT ingest.position_text(era, tx, seq) FROM %s ORDER BY era, tx, seq LIMIT 1', v_partition)
      INTO v_first;
    v_rows := ingest.keep_events(v_partition, v_first, v_last, p_deliveries_before, 'infinity', p_rows);
    IF v_rows > 0 THEN
      RETURN v_rows;
    END IF;
    SELECT ingest.position_text(era, tx, seq - 1) INTO v_next FROM ingest.ingest_outbox
      WHERE received_at >= ingest.day_start(v_day + 1) ORDER BY era, tx, seq LIMIT 1;
    v_last := least(v_last COLLATE "C", v_next COLLATE "C");
    PERFORM ingest.end_deliveries(v_last);
  END IF;
  SELECT greatest(reltuples, 1)::bigint INTO v_rows FROM pg_class WHERE oid = v_partition;
  EXECUTE format('ALTER TABLE ingest.ingest_outbox DETACH PARTITION %s', v_partition);
  EXECUTE format('DROP TABLE %s', v_partition);
  UPDATE ingest.ingest_purged SET position = v_last WHERE position < v_last;
  RETURN v_rows;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN -1;
END $$;

-- For programs that do not know of kept events: whatever they drop is kept until a program that does deletes it.
CREATE OR REPLACE FUNCTION ingest.drop_outbox_day(p_before timestamptz, p_held text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
  SELECT ingest.drop_outbox_day(p_before, p_held, '-infinity', 5000)
$$;

-- The rights of vfapp, where there is such a role. Not for vfapp.
CREATE OR REPLACE FUNCTION ingest.grant_rights() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- Who grants would collide with others who do, and with a change of partitions.
  PERFORM pg_advisory_xact_lock(hashtextextended('vf roles', 0));
  PERFORM ingest.lock_partitions();
  REVOKE ALL ON FUNCTION ingest.open_era(), ingest.grant_rights(), ingest.add_outbox_days(date, date),
    ingest.add_ledger_weeks(date), ingest.drop_outbox_day(timestamptz, text),
    ingest.drop_outbox_day(timestamptz, text, timestamptz, bigint), ingest.drop_ledger_week(timestamptz) FROM PUBLIC;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'vfapp') THEN
    GRANT USAGE ON SCHEMA ingest, dm TO vfapp;
    GRANT SELECT ON ALL TABLES IN SCHEMA ingest TO vfapp;
    GRANT INSERT, DELETE ON ingest.ingest_outbox, ingest.processed_webhooks, ingest.processed_bodies,
      ingest.ingest_outbox_batch, ingest.ingest_outbox_delivery, ingest.ingest_outbox_kept, ingest.ingest_settings,
      ingest.ingest_lease TO vfapp;
    GRANT INSERT, DELETE ON ingest.ingest_audit TO vfapp;
    GRANT DELETE ON ingest.processed_webhooks_timeless, ingest.processed_webhooks_old,
      ingest.processed_webhooks_future TO vfapp;
    GRANT UPDATE ON ingest.ingest_outbox_delivery, ingest.ingest_outbox_kept, ingest.ingest_settings,
      ingest.ingest_purged, ingest.ingest_lease TO vfapp;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA ingest TO vfapp;
    GRANT EXECUTE ON FUNCTION ingest.add_outbox_days(date, date), ingest.add_ledger_weeks(date),
      ingest.drop_outbox_day(timestamptz, text), ingest.drop_outbox_day(timestamptz, text, timestamptz, bigint),
      ingest.drop_ledger_week(timestamptz) TO vfapp;
  END IF;
END $$;
