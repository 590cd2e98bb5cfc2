-- runs with: 0002

-- How long a job has been failing, as its last run says.
ALTER TABLE _job_runs ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE _job_runs ADD COLUMN failing_since TEXT;
-- A job has a bounded number of ended runs, which _job_runs_job finds. Each of these indexes cost every run a page or two.
DROP INDEX _job_runs_due;
DROP INDEX _job_runs_ended;
DROP INDEX _job_runs_last;
DROP INDEX _job_runs_done;
DROP INDEX _job_runs_idle;
