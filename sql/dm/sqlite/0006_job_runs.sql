-- runs with: 0005

-- The hub's runs of jobs: one row an execution that is asked for, under way, or ended. A row that is running is
-- also the lease of its job: its holder alone does the work.
CREATE TABLE job_runs (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  job         TEXT NOT NULL,
  due         TEXT,                       -- the scheduled time; NULL: a person asked for the run
  parameters  TEXT NOT NULL,              -- JSON
  state       TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'stopped', 'timeout', 'lost')),
  holder      TEXT NOT NULL,              -- the process that works on it, or was the last to do so
  asked_by    TEXT NOT NULL,
  asked_at    TEXT NOT NULL,              -- of a scheduled run: when it was claimed
  started_at  TEXT,
  ended_at    TEXT,
  renewed_at  TEXT,                       -- of a running row: when its holder claimed or renewed it
  lease_until TEXT,                       -- of a running row: when it may be taken from its holder
  done        INTEGER NOT NULL,
  "of"        INTEGER,                    -- NULL: unknown
  counts      TEXT NOT NULL,              -- JSON object: name to number
  cursor      TEXT NOT NULL,              -- where a run that is resumed continues
  error       TEXT NOT NULL,
  stop_wanted INTEGER NOT NULL,
  idle        INTEGER NOT NULL            -- 1: found nothing to do; the next such run of the job replaces it
) STRICT;
CREATE UNIQUE INDEX job_runs_running ON job_runs (job) WHERE state = 'running';
CREATE INDEX job_runs_waiting ON job_runs (job, number) WHERE state = 'waiting';
CREATE INDEX job_runs_job ON job_runs (job, number);
CREATE INDEX job_runs_asked ON job_runs (number) WHERE due IS NULL;
CREATE INDEX job_runs_due ON job_runs (job, due) WHERE due IS NOT NULL;
CREATE INDEX job_runs_ended ON job_runs (ended_at, number) WHERE ended_at IS NOT NULL;
CREATE INDEX job_runs_last ON job_runs (job, ended_at, number) WHERE ended_at IS NOT NULL;
CREATE INDEX job_runs_done ON job_runs (job, ended_at) WHERE state = 'done';
CREATE INDEX job_runs_idle ON job_runs (job, due) WHERE idle = 1;
