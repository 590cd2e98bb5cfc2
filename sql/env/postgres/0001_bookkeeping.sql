-- One environment: what it has processed and refused. The projected tables come with later migrations.
-- Times are timestamptz with milliseconds. Texts compare byte by byte (COLLATE "C"), as they do in sql/env/sqlite.

-- One row per event id received, whatever became of it. Range-partitioned by the id, whose leading 48 bits are
-- milliseconds where the provider's identity holds a time: what is old then goes as a whole partition. Ids without a
-- time (zeros in front), those of long ago and foreign ones (any UUID is an id) fall into the two at the ends.
CREATE TABLE public.processed_events (
  event_id    uuid NOT NULL,
  source      text COLLATE "C" NOT NULL,
  type        text COLLATE "C" NOT NULL,
  status      text COLLATE "C" NOT NULL,  -- applied, ignored or quarantined
  time        timestamptz(3) NOT NULL,
  received_at timestamptz(3) NOT NULL,
  PRIMARY KEY (event_id)
) PARTITION BY RANGE (event_id);
CREATE INDEX processed_events_received ON public.processed_events (received_at);

-- 019b76da-a800 is 2026-01-01T00:00:00Z.
CREATE TABLE public.processed_events_before PARTITION OF public.processed_events
  FOR VALUES FROM (MINVALUE) TO ('019b76da-a800-0000-0000-000000000000');
CREATE TABLE public.processed_events_after PARTITION OF public.processed_events
  FOR VALUES FROM ('019b76da-a800-0000-0000-000000000000') TO (MAXVALUE);

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
