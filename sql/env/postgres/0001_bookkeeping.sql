-- One environment: what it has processed and refused. The projected tables come with later migrations.
-- Times are timestamptz with milliseconds. Texts compare byte by byte (COLLATE "C"), as they do in sql/env/sqlite.

-- One row per event id received, whatever became of it. Partitioned by the id (0003_partitions.sql), whose leading 48
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
