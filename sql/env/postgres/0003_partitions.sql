-- Partitions of processed_events, and rights. The role vfapp owns nothing: it calls these functions, which run with the
-- rights of their owner. Each waits for a lock a fifth of a second at most, since everybody else queues behind it; who
-- finds a lock taken says so and is called again later.

-- The least id whose leading 48 bits say this time.
CREATE FUNCTION public._id_at(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

CREATE FUNCTION public._week_id(week date) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT public._id_at(week::timestamp AT TIME ZONE 'UTC')
$$;

-- The weeks that have a partition, oldest first.
CREATE FUNCTION public._event_weeks() RETURNS TABLE (partition regclass, week date)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT i.inhrelid::regclass, to_date(right(c.relname, 8), 'YYYYMMDD')
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'public.processed_events'::regclass AND c.relname ~ '_[0-9]{8}$'
  ORDER BY 2
$$;

-- One at a time changes partitions.
CREATE FUNCTION public._lock_partitions() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_advisory_xact_lock(hashtextextended('vf partitions', 0))
$$;

CREATE FUNCTION public._add_event_week(p_week date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE TABLE public.%I PARTITION OF public.processed_events FOR VALUES FROM (%L) TO (%L)',
                 'processed_events_' || to_char(p_week, 'YYYYMMDD'), public._week_id(p_week),
                 public._week_id(p_week + 7));
END $$;

-- Sees that there is a partition for each week until p_until; takes them from `future`. How many it added, -1 when a
-- lock could not be had.
CREATE FUNCTION public._add_event_weeks(p_until date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
  v_week date;
  v_added integer := 0;
BEGIN
  IF (SELECT max(w.week) + 7 FROM public._event_weeks() w) > p_until THEN
    RETURN 0;
  END IF;
  PERFORM public._lock_partitions();
  SELECT max(w.week) + 7 INTO v_week FROM public._event_weeks() w;
  IF v_week > p_until THEN
    RETURN 0;
  END IF;
  ALTER TABLE public.processed_events DETACH PARTITION public.processed_events_future;
  WHILE v_week <= p_until LOOP
    PERFORM public._add_event_week(v_week);
    v_week := v_week + 7;
    v_added := v_added + 1;
  END LOOP;
  WITH due AS (DELETE FROM public.processed_events_future WHERE event_id < public._week_id(v_week) RETURNING *)
  INSERT INTO public.processed_events SELECT * FROM due;
  EXECUTE format('ALTER TABLE public.processed_events ATTACH PARTITION public.processed_events_future '
                 'FOR VALUES FROM (%L) TO (MAXVALUE)', public._week_id(v_week));
  RETURN v_added;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN -1;
END $$;

-- Drops the oldest week, but never the last one, when its ids are older than p_before and all of it was received before.
-- From then on `old` takes the ids of that time that still arrive. Its rows, roughly; 0 when there is nothing to drop,
-- -1 when a lock could not be had.
CREATE FUNCTION public._drop_event_week(p_before timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
  v_partition regclass;
  v_week date;
  v_kept boolean;
  v_rows bigint;
BEGIN
  SELECT w.partition, w.week INTO v_partition, v_week FROM public._event_weeks() w LIMIT 1;
  IF public._week_id(v_week + 7) > public._id_at(p_before) OR (SELECT count(*) FROM public._event_weeks()) = 1 THEN
    RETURN 0;
  END IF;
  PERFORM public._lock_partitions();
  IF v_week IS DISTINCT FROM (SELECT min(w.week) FROM public._event_weeks() w) THEN
    RETURN -1;
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE received_at >= $1)', v_partition) INTO v_kept USING p_before;
  IF v_kept THEN
    RETURN 0;
  END IF;
  SELECT greatest(reltuples, 1)::bigint INTO v_rows FROM pg_class WHERE oid = v_partition;
  EXECUTE format('ALTER TABLE public.processed_events DETACH PARTITION %s', v_partition);
  EXECUTE format('DROP TABLE %s', v_partition);
  ALTER TABLE public.processed_events DETACH PARTITION public.processed_events_old;
  EXECUTE format('ALTER TABLE public.processed_events ATTACH PARTITION public.processed_events_old '
                 'FOR VALUES FROM (%L) TO (%L)', public._week_id('2015-01-01'), public._week_id(v_week + 7));
  RETURN v_rows;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN -1;
END $$;

-- The first partitions: `timeless` for ids without a time, `old` and `future` for times outside the weeks kept and for
-- ids of other makers (any UUID is one).
DO $$
DECLARE
  v_week date := date_trunc('week', now() AT TIME ZONE 'UTC')::date - 7;
BEGIN
  EXECUTE format('CREATE TABLE public.processed_events_timeless PARTITION OF public.processed_events '
                 'FOR VALUES FROM (MINVALUE) TO (%L)', public._week_id('2015-01-01'));
  EXECUTE format('CREATE TABLE public.processed_events_old PARTITION OF public.processed_events '
                 'FOR VALUES FROM (%L) TO (%L)', public._week_id('2015-01-01'), public._week_id(v_week));
  PERFORM public._add_event_week(v_week);
  EXECUTE format('CREATE TABLE public.processed_events_future PARTITION OF public.processed_events '
                 'FOR VALUES FROM (%L) TO (MAXVALUE)', public._week_id(v_week + 7));
  PERFORM public._add_event_weeks(v_week + 35);
END $$;
-- Rows of these three are purged one by one, the oldest first.
CREATE INDEX processed_events_timeless_received ON public.processed_events_timeless (received_at);
CREATE INDEX processed_events_old_received ON public.processed_events_old (received_at);
CREATE INDEX processed_events_future_received ON public.processed_events_future (received_at);

-- The rights of vfapp, where there is such a role; `vf migrate` calls it each time. Projected rows only ever grow, so
-- there is no right to delete them.
CREATE FUNCTION public._grant_rights() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_relation regclass;
BEGIN
  -- Who grants would collide with others who do, and with a change of partitions.
  PERFORM pg_advisory_xact_lock(hashtextextended('vf roles', 0));
  PERFORM public._lock_partitions();
  REVOKE ALL ON FUNCTION public._grant_rights(), public._lock_partitions(), public._add_event_week(date),
    public._add_event_weeks(date), public._drop_event_week(timestamptz) FROM PUBLIC;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'vfapp') THEN
    RETURN;
  END IF;
  GRANT USAGE ON SCHEMA public TO vfapp;
  FOR v_relation IN
    SELECT oid FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT relispartition
      AND pg_has_role(relowner, 'USAGE')
  LOOP
    EXECUTE format('GRANT SELECT ON %s TO vfapp', v_relation);
  END LOOP;
  FOR v_relation IN
    SELECT oid FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND NOT relispartition AND relname !~ '^_'
      AND pg_has_role(relowner, 'USAGE')
  LOOP
    EXECUTE format('GRANT INSERT, UPDATE ON %s TO vfapp', v_relation);
  END LOOP;
  GRANT INSERT, DELETE, UPDATE (status) ON public.processed_events TO vfapp;
  GRANT SELECT, DELETE, UPDATE (status) ON public.processed_events_timeless, public.processed_events_old,
    public.processed_events_future TO vfapp;
  GRANT DELETE ON public.quarantined_events TO vfapp;
  GRANT EXECUTE ON FUNCTION public._add_event_weeks(date), public._drop_event_week(timestamptz) TO vfapp;
END $$;
