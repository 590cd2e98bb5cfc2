-- The shared store's schema as its migrations up to 0005 leave it, in one step, for a new database. A test compares the
-- two ways (tests/postgres/baseline_test.cc): whoever re-bases writes a new file like this one, numbered after the
-- newest migration that it holds, and removes this one. Later migrations follow it.

-- The shared store's schemas: `ingest` (outbox, ledger, cursors, exceptions) and `dm` (what the jobs keep).
-- `ingest` stands already: the table of migrations is in it.
CREATE SCHEMA dm;

-- The shared store: eras, outbox, ledger, cursors, exceptions. Text columns hold any bytes: what is not UTF-8, or NUL,
-- stands as U+FDD0 and two hex digits. Positions outside the outbox are text of fixed width that sorts as they do:
-- era, transaction, sequence in hex. docs/adr/0004-postgresql.md tells why it is built so.

-- One row a life of this database in one cluster. Transaction ids of different clusters cannot be compared: after
-- dump and restore `vf migrate dm` opens the next era, and rows of past eras are final.
CREATE TABLE ingest.ingest_era (
  era               integer PRIMARY KEY,
  system_identifier bigint NOT NULL,
  opened_at         timestamptz NOT NULL DEFAULT now()
);

CREATE SEQUENCE ingest.ingest_outbox_seq;

-- Every accepted event, insert-only. A day is a partition, which retention drops whole. No DEFAULT partition: it would
-- have to be searched under a lock whenever a day is added.
CREATE TABLE ingest.ingest_outbox (
  era         integer NOT NULL,
  tx          xid8 NOT NULL,
  seq         bigint NOT NULL,
  event_id    uuid NOT NULL,
  source      text NOT NULL,
  type        text NOT NULL,
  subject     text NOT NULL,
  time        timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  message_id  text NOT NULL,
  fact_key    text NOT NULL,
  version     text NOT NULL,
  sandbox     boolean NOT NULL,
  fan_out     boolean NOT NULL,            -- false: received while the source was in dry-run, never delivered
  is_json     boolean NOT NULL,
  headers     text NOT NULL,
  body        bytea NOT NULL,
  PRIMARY KEY (era, tx, seq, received_at)
) PARTITION BY RANGE (received_at);

-- The ledger: every id accepted, kept longer than the bodies. Partitioned by the id, whose leading bits are the time
-- that its provider gave it. era, tx, seq and received_at lead to the row in ingest_outbox, while there is one.
CREATE TABLE ingest.processed_webhooks (
  event_id    uuid PRIMARY KEY,
  received_at timestamptz NOT NULL,
  era         integer NOT NULL,
  tx          xid8 NOT NULL,
  seq         bigint NOT NULL
) PARTITION BY RANGE (event_id);
CREATE INDEX processed_webhooks_received ON ingest.processed_webhooks USING brin (received_at)
  WITH (autosummarize = on, pages_per_range = 32);

-- The ledger's second key, where the message id is unsigned. A table of its own: it must be unique over all partitions.
CREATE TABLE ingest.processed_bodies (
  body_key    bytea PRIMARY KEY,           -- SHA-256 of the body, then the source's name
  event_id    uuid NOT NULL,
  received_at timestamptz NOT NULL
);
CREATE INDEX processed_bodies_event ON ingest.processed_bodies (event_id);
CREATE INDEX processed_bodies_received ON ingest.processed_bodies (received_at);

-- What each consumer has passed; its newest row is its cursor. Rows of "<consumer>.pin" are batches about to be sent.
CREATE TABLE ingest.ingest_outbox_batch (
  batch          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  target         text COLLATE "C" NOT NULL,
  from_position  text COLLATE "C",         -- NULL: the cursor was put here, nothing was delivered
  to_position    text COLLATE "C" NOT NULL,
  count          bigint NOT NULL,          -- events delivered
  attempts       bigint NOT NULL,
  sent_at        timestamptz NOT NULL,
  acked_at       timestamptz,
  config_version text NOT NULL,
  passage        text,                     -- sent; or only passed over: unwanted, dry-run, detached
  digest         text,                     -- of a pin: SHA-256 over the ids
  UNIQUE (target, from_position)           -- fences a holder that was overtaken
);
CREATE INDEX ingest_outbox_batch_newest ON ingest.ingest_outbox_batch (target, batch);
CREATE INDEX ingest_outbox_batch_position ON ingest.ingest_outbox_batch (to_position);

-- Exceptions only: events that are retried or dead for their own fault.
CREATE TABLE ingest.ingest_outbox_delivery (
  event_id        uuid NOT NULL,
  target          text COLLATE "C" NOT NULL,
  position        text COLLATE "C" NOT NULL,
  state           text COLLATE "C" NOT NULL CHECK (state IN ('retry', 'dead')),
  attempts        bigint NOT NULL,
  next_attempt_at timestamptz NOT NULL,
  reason          text NOT NULL,
  PRIMARY KEY (event_id, target)
);
CREATE INDEX ingest_outbox_delivery_due ON ingest.ingest_outbox_delivery (target, state, next_attempt_at);
CREATE INDEX ingest_outbox_delivery_state ON ingest.ingest_outbox_delivery (target, state, position);
CREATE INDEX ingest_outbox_delivery_position ON ingest.ingest_outbox_delivery (position);

CREATE TABLE ingest.ingest_settings (
  key   text COLLATE "C" PRIMARY KEY,
  value text NOT NULL
);

CREATE TABLE ingest.ingest_audit (
  entry  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at     timestamptz NOT NULL,
  actor  text NOT NULL,
  action text NOT NULL,
  detail text NOT NULL
);
CREATE INDEX ingest_audit_at ON ingest.ingest_audit (at);

-- The newest position that retention has removed; one row.
CREATE TABLE ingest.ingest_purged (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),
  position text COLLATE "C" NOT NULL
);
INSERT INTO ingest.ingest_purged (position) VALUES ('00000000-0000000000000000-0000000000000000');

-- Who may do something that one alone may do; `epoch` tells its holders apart.
CREATE TABLE ingest.ingest_lease (
  name       text COLLATE "C" PRIMARY KEY,
  holder     text NOT NULL,
  epoch      bigint NOT NULL,
  expires_at timestamptz NOT NULL
);

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
