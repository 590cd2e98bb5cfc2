-- runs with: 0004

-- The hub's runs of jobs: one row an execution that is asked for, under way, or ended. A row that is running is
-- also the lease of its job: its holder alone does the work. Texts hold any bytes, in the form of ingest's texts.
CREATE TABLE dm.job_runs (
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
CREATE UNIQUE INDEX job_runs_running ON dm.job_runs (job) WHERE state = 'running';
CREATE INDEX job_runs_waiting ON dm.job_runs (job, number) WHERE state = 'waiting';
CREATE INDEX job_runs_job ON dm.job_runs (job, number);
CREATE INDEX job_runs_asked ON dm.job_runs (number) WHERE due IS NULL;
CREATE INDEX job_runs_due ON dm.job_runs (job, due) WHERE due IS NOT NULL;
CREATE INDEX job_runs_ended ON dm.job_runs (ended_at, number) WHERE ended_at IS NOT NULL;
CREATE INDEX job_runs_last ON dm.job_runs (job, ended_at, number) WHERE ended_at IS NOT NULL;
CREATE INDEX job_runs_done ON dm.job_runs (job, ended_at) WHERE state = 'done';
CREATE INDEX job_runs_idle ON dm.job_runs (job, due) WHERE idle;

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
    GRANT SELECT, INSERT, UPDATE, DELETE ON dm.job_runs TO vfapp;
    GRANT EXECUTE ON FUNCTION ingest.add_outbox_days(date, date), ingest.add_ledger_weeks(date),
      ingest.drop_outbox_day(timestamptz, text), ingest.drop_outbox_day(timestamptz, text, timestamptz, bigint),
      ingest.drop_ledger_week(timestamptz) TO vfapp;
  END IF;
END $$;
