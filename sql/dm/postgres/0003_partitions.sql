-- Partitions, eras and rights. The hub's role vfapp owns nothing: it calls these functions, which run with the rights of
-- their owner. Each waits for a lock a fifth of a second at most, since everybody else queues behind it; who finds a
-- lock taken says so and is called again later.

CREATE FUNCTION ingest.position_text(era integer, tx xid8, seq bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT lpad(to_hex(era), 8, '0') || '-' || lpad(to_hex(tx::text::bigint), 16, '0') || '-' ||
         lpad(to_hex(seq), 16, '0')
$$;

-- The least id whose leading 48 bits say this time.
CREATE FUNCTION ingest.id_at(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

CREATE FUNCTION ingest.day_start(day date) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT day::timestamp AT TIME ZONE 'UTC'
$$;

-- Partitions of `parent` that are named for the day they begin.
CREATE FUNCTION ingest.dated_partitions(parent regclass) RETURNS TABLE (partition regclass, day date)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT i.inhrelid::regclass, to_date(right(c.relname, 8), 'YYYYMMDD')
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = parent AND c.relname ~ '_[0-9]{8}$'
  ORDER BY 2
$$;

-- One at a time changes partitions.
CREATE FUNCTION ingest.lock_partitions() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_advisory_xact_lock(hashtextextended('vf partitions', 0))
$$;

-- Sees that the outbox has a partition for each day from p_first to p_last. Made apart and then attached: that takes no
-- lock that readers or writers would notice.
CREATE FUNCTION ingest.add_outbox_days(p_first date, p_last date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  v_day date;
  v_added integer := 0;
  v_name text;
BEGIN
  IF p_last - p_first > 400 THEN
    RAISE EXCEPTION 'from % to % are too many days', p_first, p_last USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF (SELECT count(*) FROM ingest.dated_partitions('ingest.ingest_outbox') p WHERE p.day BETWEEN p_first AND p_last)
     > p_last - p_first THEN
    RETURN 0;
  END IF;
  PERFORM ingest.lock_partitions();
  FOR v_day IN SELECT generate_series(p_first::timestamp, p_last::timestamp, interval '1 day')::date LOOP
    v_name := 'ingest_outbox_' || to_char(v_day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass('ingest.' || v_name) IS NOT NULL;
    EXECUTE format('CREATE TABLE ingest.%I (LIKE ingest.ingest_outbox INCLUDING ALL)', v_name);
    EXECUTE format('ALTER TABLE ingest.ingest_outbox ATTACH PARTITION ingest.%I FOR VALUES FROM (%L) TO (%L)',
                   v_name, ingest.day_start(v_day), ingest.day_start(v_day + 1));
    v_added := v_added + 1;
  END LOOP;
  RETURN v_added;
END $$;

-- The ledger has a partition a week of its ids' time, and three more: `timeless` for ids without a time, `old` and
-- `future` for times outside the weeks kept. This one adds weeks until p_until, taking them from `future`.
CREATE FUNCTION ingest.add_ledger_weeks(p_until date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
  v_week date;
  v_added integer := 0;
BEGIN
  PERFORM ingest.lock_partitions();
  SELECT max(day) + 7 INTO v_week FROM ingest.dated_partitions('ingest.processed_webhooks');
  IF v_week > p_until THEN
    RETURN 0;
  END IF;
  ALTER TABLE ingest.processed_webhooks DETACH PARTITION ingest.processed_webhooks_future;
  WHILE v_week <= p_until LOOP
    EXECUTE format('CREATE TABLE ingest.%I PARTITION OF ingest.processed_webhooks FOR VALUES FROM (%L) TO (%L)',
                   'processed_webhooks_' || to_char(v_week, 'YYYYMMDD'), ingest.id_at(ingest.day_start(v_week)),
                   ingest.id_at(ingest.day_start(v_week + 7)));
    v_week := v_week + 7;
    v_added := v_added + 1;
  END LOOP;
  WITH due AS (DELETE FROM ingest.processed_webhooks_future
               WHERE event_id < ingest.id_at(ingest.day_start(v_week)) RETURNING *)
  INSERT INTO ingest.processed_webhooks SELECT * FROM due;
  EXECUTE format('ALTER TABLE ingest.processed_webhooks ATTACH PARTITION ingest.processed_webhooks_future '
                 'FOR VALUES FROM (%L) TO (MAXVALUE)', ingest.id_at(ingest.day_start(v_week)));
  RETURN v_added;
END $$;

-- What retention may remove is bounded by the consumers that must have passed it: `p_held`, a position.
-- Drops the oldest day when all of it was received before p_before and lies at or before p_held.
-- Its rows, roughly; 0 when there is nothing to drop, -1 when its lock could not be had: later, then.
CREATE FUNCTION ingest.drop_outbox_day(p_before timestamptz, p_held text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
  v_partition regclass;
  v_day date;
  v_last text;
  v_first text;
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
  SELECT greatest(reltuples, 1)::bigint INTO v_rows FROM pg_class WHERE oid = v_partition;
  EXECUTE format('ALTER TABLE ingest.ingest_outbox DETACH PARTITION %s', v_partition);
  EXECUTE format('DROP TABLE %s', v_partition);
  IF v_last IS NOT NULL THEN
    PERFORM ingest.note_purged(v_last);
  END IF;
  RETURN v_rows;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN -1;
END $$;

-- Rows up to p_last are gone: their exceptions go with them. What is kept lies behind the mark, though a transaction
-- that began on the day before may have been numbered later than one of the day after.
CREATE FUNCTION ingest.note_purged(p_last text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_first text;
BEGIN
  SELECT ingest.position_text(era, tx, seq - 1) INTO v_first FROM ingest.ingest_outbox ORDER BY era, tx, seq LIMIT 1;
  p_last := least(p_last COLLATE "C", v_first COLLATE "C");
  UPDATE ingest.ingest_purged SET position = p_last WHERE position < p_last;
  DELETE FROM ingest.ingest_outbox_delivery WHERE position <= p_last;
END $$;

-- Drops the ledger's oldest week when its ids are older than p_before, all of it was received before p_before, and the
-- outbox holds none of its events. From then on `old` takes the ids of that time that still arrive.
CREATE FUNCTION ingest.drop_ledger_week(p_before timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
  v_partition regclass;
  v_week date;
  v_oldest timestamptz;
  v_kept boolean;
  v_rows bigint;
BEGIN
  PERFORM ingest.lock_partitions();
  SELECT p.partition, p.day INTO v_partition, v_week FROM ingest.dated_partitions('ingest.processed_webhooks') p LIMIT 1;
  IF v_week IS NULL OR ingest.day_start(v_week + 7) > p_before THEN
    RETURN 0;
  END IF;
  SELECT received_at INTO v_oldest FROM ingest.ingest_outbox ORDER BY era, tx, seq LIMIT 1;
  EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE received_at >= $1)', v_partition) INTO v_kept
    USING least(p_before, v_oldest - interval '1 hour');
  IF v_kept THEN
    RETURN 0;
  END IF;
  SELECT greatest(reltuples, 1)::bigint INTO v_rows FROM pg_class WHERE oid = v_partition;
  EXECUTE format('ALTER TABLE ingest.processed_webhooks DETACH PARTITION %s', v_partition);
  EXECUTE format('DROP TABLE %s', v_partition);
  ALTER TABLE ingest.processed_webhooks DETACH PARTITION ingest.processed_webhooks_old;
  EXECUTE format('ALTER TABLE ingest.processed_webhooks ATTACH PARTITION ingest.processed_webhooks_old '
                 'FOR VALUES FROM (%L) TO (%L)', ingest.id_at('2015-01-01 00:00:00+00'),
                 ingest.id_at(ingest.day_start(v_week + 7)));
  RETURN v_rows;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN -1;
END $$;

-- Why this database may not be used as it is; NULL when it may.
CREATE FUNCTION ingest.era_trouble() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN (SELECT system_identifier FROM ingest.ingest_era ORDER BY era DESC LIMIT 1)
         IS DISTINCT FROM (SELECT system_identifier FROM pg_control_system())
      THEN 'it came here from another cluster'
    WHEN EXISTS (SELECT FROM ingest.ingest_outbox
                 WHERE era = (SELECT max(era) FROM ingest.ingest_era)
                   AND tx >= pg_snapshot_xmax(pg_current_snapshot()))
      THEN 'it holds transaction ids that its cluster has yet to give'
  END
$$;

-- Opens the next era when there is need. The era in force. Not for vfapp.
CREATE FUNCTION ingest.open_era() RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  LOCK TABLE ingest.ingest_era IN EXCLUSIVE MODE;
  IF ingest.era_trouble() IS NOT NULL THEN
    INSERT INTO ingest.ingest_era (era, system_identifier)
    SELECT coalesce((SELECT max(era) FROM ingest.ingest_era), 0) + 1, system_identifier FROM pg_control_system();
  END IF;
  RETURN (SELECT max(era) FROM ingest.ingest_era);
END $$;

-- The rights of vfapp, where there is such a role. Not for vfapp.
CREATE FUNCTION ingest.grant_rights() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- Who grants would collide with others who do, and with a change of partitions.
  PERFORM pg_advisory_xact_lock(hashtextextended('vf roles', 0));
  PERFORM ingest.lock_partitions();
  REVOKE ALL ON FUNCTION ingest.open_era(), ingest.grant_rights(), ingest.add_outbox_days(date, date),
    ingest.add_ledger_weeks(date), ingest.drop_outbox_day(timestamptz, text), ingest.drop_ledger_week(timestamptz)
    FROM PUBLIC;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'vfapp') THEN
    GRANT USAGE ON SCHEMA ingest, dm TO vfapp;
    GRANT SELECT ON ALL TABLES IN SCHEMA ingest TO vfapp;
    GRANT INSERT, DELETE ON ingest.ingest_outbox, ingest.processed_webhooks, ingest.processed_bodies,
      ingest.ingest_outbox_batch, ingest.ingest_outbox_delivery, ingest.ingest_settings, ingest.ingest_lease TO vfapp;
    GRANT INSERT, DELETE ON ingest.ingest_audit TO vfapp;
    GRANT DELETE ON ingest.processed_webhooks_timeless, ingest.processed_webhooks_old,
      ingest.processed_webhooks_future TO vfapp;
    GRANT UPDATE ON ingest.ingest_outbox_delivery, ingest.ingest_settings, ingest.ingest_purged, ingest.ingest_lease
      TO vfapp;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA ingest TO vfapp;
    GRANT EXECUTE ON FUNCTION ingest.add_outbox_days(date, date), ingest.add_ledger_weeks(date),
      ingest.drop_outbox_day(timestamptz, text), ingest.drop_ledger_week(timestamptz) TO vfapp;
  END IF;
END $$;

-- The ledger's first partitions.
DO $$
DECLARE
  v_week date := date_trunc('week', now() AT TIME ZONE 'UTC')::date - 7;
BEGIN
  EXECUTE format('CREATE TABLE ingest.processed_webhooks_timeless PARTITION OF ingest.processed_webhooks '
                 'FOR VALUES FROM (MINVALUE) TO (%L)', ingest.id_at('2015-01-01 00:00:00+00'));
  EXECUTE format('CREATE TABLE ingest.processed_webhooks_old PARTITION OF ingest.processed_webhooks '
                 'FOR VALUES FROM (%L) TO (%L)', ingest.id_at('2015-01-01 00:00:00+00'),
                 ingest.id_at(ingest.day_start(v_week)));
  EXECUTE format('CREATE TABLE ingest.%I PARTITION OF ingest.processed_webhooks FOR VALUES FROM (%L) TO (%L)',
                 'processed_webhooks_' || to_char(v_week, 'YYYYMMDD'), ingest.id_at(ingest.day_start(v_week)),
                 ingest.id_at(ingest.day_start(v_week + 7)));
  EXECUTE format('CREATE TABLE ingest.processed_webhooks_future PARTITION OF ingest.processed_webhooks '
                 'FOR VALUES FROM (%L) TO (MAXVALUE)', ingest.id_at(ingest.day_start(v_week + 7)));
END $$;
CREATE INDEX processed_webhooks_timeless_received ON ingest.processed_webhooks_timeless (received_at);
CREATE INDEX processed_webhooks_old_received ON ingest.processed_webhooks_old (received_at);
CREATE INDEX processed_webhooks_future_received ON ingest.processed_webhooks_future (received_at);
