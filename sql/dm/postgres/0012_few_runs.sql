-- runs with: 0004

-- How long a job has been failing, as its last run says.
ALTER TABLE dm.job_runs ADD COLUMN failures bigint NOT NULL DEFAULT 0;
ALTER TABLE dm.job_runs ADD COLUMN failing_since timestamptz;
-- A job has a bounded number of ended runs, which job_runs_job finds. Each of these indexes cost every run a page or two.
DROP INDEX dm.job_runs_due;
DROP INDEX dm.job_runs_ended;
DROP INDEX dm.job_runs_last;
DROP INDEX dm.job_runs_done;
DROP INDEX dm.job_runs_idle;
