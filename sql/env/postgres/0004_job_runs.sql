-- runs with: 0003

-- The environment's runs of jobs: one row an execution that is asked for, under way, or ended. A row that is running is
-- also the lease of its job: its holder alone does the work.
CREATE TABLE public._job_runs (
  number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id          uuid NOT NULL UNIQUE,
  job         text COLLATE "C" NOT NULL,
  due         timestamptz,               -- the scheduled time; NULL: a person asked for the run
  parameters  text COLLATE "C" NOT NULL, -- JSON
  state       text COLLATE "C" NOT NULL
              CHECK (state IN ('waiting', 'running', 'done', 'failed', 'stopped', 'timeout', 'lost')),
  holder      text COLLATE "C" NOT NULL, -- the process that works on it, or was the last to do so
  asked_by    text COLLATE "C" NOT NULL,
  asked_at    timestamptz NOT NULL,      -- of a scheduled run: when it was claimed
  started_at  timestamptz,
  ended_at    timestamptz,
  renewed_at  timestamptz,               -- of a running row: when its holder claimed or renewed it
  lease_until timestamptz,               -- of a running row: when it may be taken from its holder
  done        bigint NOT NULL,
  "of"        bigint,                    -- NULL: unknown
  counts      text COLLATE "C" NOT NULL, -- JSON object: name to number
  cursor      text COLLATE "C" NOT NULL, -- where a run that is resumed continues
  error       text COLLATE "C" NOT NULL,
  stop_wanted boolean NOT NULL,
  idle        boolean NOT NULL           -- found nothing to do; the next such run of the job replaces it
);
CREATE UNIQUE INDEX _job_runs_running ON public._job_runs (job) WHERE state = 'running';
CREATE INDEX _job_runs_waiting ON public._job_runs (job, number) WHERE state = 'waiting';
CREATE INDEX _job_runs_job ON public._job_runs (job, number);
CREATE INDEX _job_runs_asked ON public._job_runs (number) WHERE due IS NULL;
CREATE INDEX _job_runs_due ON public._job_runs (job, due) WHERE due IS NOT NULL;
CREATE INDEX _job_runs_ended ON public._job_runs (ended_at, number) WHERE ended_at IS NOT NULL;
CREATE INDEX _job_runs_last ON public._job_runs (job, ended_at, number) WHERE ended_at IS NOT NULL;
CREATE INDEX _job_runs_done ON public._job_runs (job, ended_at) WHERE state = 'done';
CREATE INDEX _job_runs_idle ON public._job_runs (job, due) WHERE idle;

-- The rights of vfapp, where there is such a role; `vf migrate` calls it each time. Projected rows only ever grow, so
-- there is no right to delete them.
CREATE OR REPLACE FUNCTION public._grant_rights() RETURNS void
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
  GRANT INSERT, UPDATE, DELETE ON public._job_runs TO vfapp;
  GRANT EXECUTE ON FUNCTION public._add_event_weeks(date), public._drop_event_week(timestamptz) TO vfapp;
END $$;
