-- The schema of an environment as its migrations up to 0003 leave it, in one step, for a new database. A test compares
-- the two ways (tests/postgres/baseline_test.cc): whoever re-bases writes a new file like this one, numbered after the
-- newest migration that it holds, and removes this one. Later migrations follow it. Times are timestamptz with
-- milliseconds; texts compare byte by byte (COLLATE "C"), as they do in sql/env/sqlite.

-- One row per event id received, whatever became of it. Partitioned by the id, whose leading 48
-- bits are milliseconds where the provider's identity holds a time: what is old then goes as a whole partition.
CREATE TABLE public.processed_events (
  event_id    uuid PRIMARY KEY,
  source      text COLLATE "C" NOT NULL,
  type        text COLLATE "C" NOT NULL,
  status      text COLLATE "C" NOT NULL,  -- applied, ignored or quarantined
  time        timestamptz(3) NOT NULL,
  received_at timestamptz(3) NOT NULL
) PARTITION BY RANGE (event_id);
CREATE INDEX processed_events_received ON public.processed_events USING brin (received_at)
  WITH (autosummarize = on, pages_per_range = 32);

-- Events whose projector refused them, with the envelope, so that they can be tried again.
CREATE TABLE public.quarantined_events (
  event_id       uuid PRIMARY KEY,
  source         text COLLATE "C" NOT NULL,
  type           text COLLATE "C" NOT NULL,
  reason         text COLLATE "C" NOT NULL,
  envelope       text COLLATE "C" NOT NULL,
  quarantined_at timestamptz(3) NOT NULL,
  attempted_at   timestamptz(3) NOT NULL,
  attempts       bigint NOT NULL
);
CREATE INDEX quarantined_events_oldest ON public.quarantined_events (attempted_at, event_id);
CREATE INDEX quarantined_events_received ON public.quarantined_events (quarantined_at);

-- The projected tables: what the marketplace reads. src/projections/tables.cc declares their columns with the rule by
-- which two values of each merge; docs/projections.md says what they mean.

CREATE TABLE public.applicant_reviews (
  sandbox           boolean NOT NULL,
  applicant_id      text COLLATE "C" NOT NULL,
  level             text COLLATE "C" NOT NULL,
  told_at           timestamptz(3),
  green_at          timestamptz(3),
  not_green_at      timestamptz(3),
  review_answer     text COLLATE "C",
  reject_labels     text COLLATE "C",
  reject_type       text COLLATE "C",
  reviewed_at       timestamptz(3),
  reviewed_event_id uuid,
  PRIMARY KEY (sandbox, applicant_id, level)
);

CREATE TABLE public.applicants (
  sandbox                boolean NOT NULL,
  applicant_id           text COLLATE "C" NOT NULL,
  external_user_id       text COLLATE "C",
  external_user_at       timestamptz(3),
  external_user_event_id uuid,
  status                 text COLLATE "C",
  status_at              timestamptz(3),
  status_event_id        uuid,
  level                  text COLLATE "C",
  level_at               timestamptz(3),
  level_event_id         uuid,
  active                 boolean,
  active_at              timestamptz(3),
  active_event_id        uuid,
  deleted_at             timestamptz(3),
  cleared_at             timestamptz(3),
  PRIMARY KEY (sandbox, applicant_id)
);
CREATE INDEX applicants_external_user ON public.applicants (external_user_id);

CREATE TABLE public.bans (
  channel_id   bigint NOT NULL,
  user_id      bigint NOT NULL,
  created_at   timestamptz(3) NOT NULL,
  expires_at   timestamptz(3),
  reason       text COLLATE "C",
  moderator_id bigint,
  updated_at   timestamptz(3),
  event_id     uuid,
  PRIMARY KEY (channel_id, user_id, created_at)
);

CREATE TABLE public.channel_followers (
  channel_id    bigint NOT NULL,
  follower_id   bigint NOT NULL,
  first_seen_at timestamptz(3),
  updated_at    timestamptz(3),
  PRIMARY KEY (channel_id, follower_id)
);

CREATE TABLE public.channels (
  channel_id    bigint PRIMARY KEY,
  slug          text COLLATE "C",
  title         text COLLATE "C",
  category_id   bigint,
  category_name text COLLATE "C",
  language      text COLLATE "C",
  updated_at    timestamptz(3),
  event_id      uuid
);

CREATE TABLE public.chat_activity (
  channel_id       bigint NOT NULL,
  sender_id        bigint NOT NULL,
  day              text COLLATE "C" NOT NULL,
  first_message_at timestamptz(3),
  last_message_at  timestamptz(3),
  sender_name      text COLLATE "C",
  updated_at       timestamptz(3),
  event_id         uuid,
  PRIMARY KEY (channel_id, sender_id, day)
);

CREATE TABLE public.gifted_subscriptions (
  channel_id  bigint NOT NULL,
  gifter_id   bigint NOT NULL,
  giftee_id   bigint NOT NULL,
  created_at  timestamptz(3) NOT NULL,
  expires_at  timestamptz(3),
  gifter_name text COLLATE "C",
  giftee_name text COLLATE "C",
  updated_at  timestamptz(3),
  event_id    uuid,
  PRIMARY KEY (channel_id, gifter_id, giftee_id, created_at)
);

CREATE TABLE public.kicks_gifts (
  channel_id     bigint NOT NULL,
  sender_id      bigint NOT NULL,
  created_at     timestamptz(3) NOT NULL,
  type           text COLLATE "C" NOT NULL,
  amount         bigint NOT NULL,
  name           text COLLATE "C",
  tier           text COLLATE "C",
  message        text COLLATE "C",
  sender_name    text COLLATE "C",
  pinned_seconds bigint,
  updated_at     timestamptz(3),
  event_id       uuid,
  PRIMARY KEY (channel_id, sender_id, created_at, type, amount)
);

CREATE TABLE public.livestreams (
  channel_id     bigint NOT NULL,
  started_at     timestamptz(3) NOT NULL,
  title          text COLLATE "C",
  title_at       timestamptz(3),
  title_event_id uuid,
  ended_at       timestamptz(3),
  ended_rank     bigint,
  ended_told_at  timestamptz(3),
  ended_event_id uuid,
  seen_live_at   timestamptz(3),
  PRIMARY KEY (channel_id, started_at)
);

CREATE TABLE public.reward_redemptions (
  redemption_id    text COLLATE "C" PRIMARY KEY,
  channel_id       bigint,
  redeemer_id      bigint,
  reward_id        text COLLATE "C",
  reward_title     text COLLATE "C",
  cost             bigint,
  redeemed_at      timestamptz(3),
  details_at       timestamptz(3),
  details_event_id uuid,
  status           text COLLATE "C",
  status_rank      bigint,
  updated_at       timestamptz(3),
  event_id         uuid
);

CREATE TABLE public.subscriptions (
  channel_id    bigint NOT NULL,
  subscriber_id bigint NOT NULL,
  kind          text COLLATE "C" NOT NULL,
  created_at    timestamptz(3) NOT NULL,
  duration      bigint NOT NULL,
  expires_at    timestamptz(3),
  PRIMARY KEY (channel_id, subscriber_id, kind, created_at, duration)
);

CREATE TABLE public.viewer_samples (
  channel_id        bigint NOT NULL,
  minute            timestamptz(3) NOT NULL,
  viewer_count      bigint,
  live              boolean,
  stream_started_at timestamptz(3),
  category_id       bigint,
  category_name     text COLLATE "C",
  language          text COLLATE "C",
  sampled_at        timestamptz(3),
  event_id          uuid,
  PRIMARY KEY (channel_id, minute)
);

CREATE TABLE public.x_follower_samples (
  user_id         text COLLATE "C" NOT NULL,
  minute          timestamptz(3) NOT NULL,
  username        text COLLATE "C",
  followers_count bigint,
  sampled_at      timestamptz(3),
  event_id        uuid,
  PRIMARY KEY (user_id, minute)
);

-- Whose identity is verified: GREEN at the current level, later than every other outcome at that level and than every
-- reset, deactivation and deletion. The current level is the one told last. Two at one time are a tie: not verified.
CREATE VIEW public.verified_applicants AS
SELECT a.sandbox, a.applicant_id, a.external_user_id, r.level, r.green_at AS verified_at
FROM public.applicants a
JOIN public.applicant_reviews r ON r.sandbox = a.sandbox AND r.applicant_id = a.applicant_id
WHERE r.green_at > coalesce(r.not_green_at, '-infinity')
  AND r.green_at > coalesce(a.cleared_at, '-infinity')
  AND NOT EXISTS (
    SELECT 1 FROM public.applicant_reviews o
    WHERE o.sandbox = r.sandbox AND o.applicant_id = r.applicant_id AND o.level <> r.level AND o.told_at >= r.told_at
  );

-- Channels that are live: the newest start has no end, and no poll since has found the channel offline.
CREATE VIEW public.current_livestreams AS
SELECT l.channel_id, l.started_at, l.title, l.seen_live_at
FROM public.livestreams l
WHERE l.ended_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM public.livestreams n WHERE n.channel_id = l.channel_id AND n.started_at > l.started_at)
  AND NOT EXISTS (
    SELECT 1 FROM public.viewer_samples v
    WHERE v.channel_id = l.channel_id AND NOT v.live AND v.minute > l.started_at
  );

-- The latest ban of each user in each channel. Whether it still holds is a question of expires_at and of now.
CREATE VIEW public.current_bans AS
SELECT b.*
FROM public.bans b
WHERE NOT EXISTS (
  SELECT 1 FROM public.bans n WHERE n.channel_id = b.channel_id AND n.user_id = b.user_id AND n.created_at > b.created_at
);

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
