-- Jobs: who sees and commands them, and their states (JOB-03, JOB-05, NOTI-02).
-- What chunks do: job_chunk.sql; the runner: test/e2e/37_jobs.pl.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif
SELECT setval('portatext.job_job_id_seq', 910000);

CREATE ROLE regress_job_red LOGIN;
CREATE ROLE regress_job_blue LOGIN;
CREATE ROLE regress_job_operator LOGIN IN ROLE portatext_operator;
SELECT portatext.create_account('job, red') AS red, portatext.create_account('job, blue') AS blue \gset
SELECT portatext.grant_account('regress_job_red', :red), portatext.grant_account('regress_job_blue', :blue);
-- A job in a state, as it was left by a library that knows its kind.
CREATE FUNCTION job_in(account bigint, state portatext.job_state) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO portatext.job (account_id, kind, state, finished_at)
        VALUES (account, 'from_the_future', state, CASE WHEN state IN ('finished', 'failed', 'cancelled') THEN portatext.now() END)
        RETURNING job_id
$$;
CREATE FUNCTION events(account bigint) RETURNS SETOF text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM portatext.event e WHERE e.account_id = account AND e.type LIKE 'job.%' RETURNING e.*)
    SELECT concat_ws(' ', g.type, g.payload - 'id') FROM gone g
        WHERE g.subject = g.payload ->> 'id' ORDER BY g.event_id
$$;
SELECT job_in(:red, 'open') AS open, job_in(:red, 'queued') AS queued, job_in(:red, 'running') AS running,
       job_in(:red, 'finished') AS finished, job_in(:red, 'failed') AS failed, job_in(:red, 'cancelled') AS cancelled \gset

-- An account sees its own jobs only (JOB-05), operators all, or those of the account they act for.
SET SESSION AUTHORIZATION regress_job_blue;
SELECT count(*) FROM portatext.job;
\set VERBOSITY sqlstate
SELECT portatext.cancel_job(:queued);
SELECT portatext.retry_job(:failed);
CALL portatext.run_job(:queued);
SELECT portatext.run_chunk(:queued);
UPDATE portatext.job SET state = 'finished';
SELECT portatext.retire_jobs(now());
\set VERBOSITY default
SELECT portatext.cancel_job(0);
SELECT count(*) FROM portatext.pg_stat_progress_portatext;
SET SESSION AUTHORIZATION regress_job_operator;
SELECT count(*) FROM portatext.job WHERE account_id IN (:red, :blue);
BEGIN;
SELECT portatext.act_as(:blue);
\set VERBOSITY sqlstate
SELECT portatext.cancel_job(:queued);
\set VERBOSITY default
ROLLBACK;

-- What is over cannot be cancelled, and only what has failed can be retried.
SET SESSION AUTHORIZATION regress_job_red;
SELECT portatext.cancel_job(:finished) AS finished, portatext.cancel_job(:failed) AS failed, portatext.cancel_job(:cancelled) AS cancelled;
SELECT portatext.cancel_job(:open) AS open, portatext.cancel_job(:running) AS running, portatext.cancel_job(:running) AS again, portatext.cancel_job(NULL);
SELECT state, finished_at IS NOT NULL AS over, error FROM portatext.job WHERE job_id IN (:open, :running) ORDER BY job_id;
\set VERBOSITY terse
SELECT portatext.retry_job(:finished);
\set VERBOSITY default
SELECT portatext.retry_job(:failed);
SELECT state, finished_at, failures, error FROM portatext.job WHERE job_id = :failed;
SELECT portatext.retry_job(:failed);
RESET SESSION AUTHORIZATION;
SELECT events(:red);

-- run_job: in what states; not within a transaction; not for a suspended account.
SELECT job_in(:red, 'open') AS open \gset
UPDATE portatext.job SET state = 'failed' WHERE job_id = :failed;
SET SESSION AUTHORIZATION regress_job_red;
\set VERBOSITY sqlstate
CALL portatext.run_job(:finished);
\set VERBOSITY default
SELECT portatext.run_chunk(:open);
SELECT portatext.run_chunk(:failed);
SELECT portatext.run_chunk(:cancelled);
BEGIN;
\set VERBOSITY sqlstate
CALL portatext.run_job(:queued);
\set VERBOSITY default
ROLLBACK;
SELECT state FROM portatext.job WHERE job_id = :queued;
RESET SESSION AUTHORIZATION;
SELECT portatext.suspend_account(:red);
SET SESSION AUTHORIZATION regress_job_red;
\set VERBOSITY sqlstate
CALL portatext.run_job(:queued);
\set VERBOSITY default
RESET SESSION AUTHORIZATION;
SELECT portatext.suspend_account(:red, false);

-- A kind that the library does not know fails, and says so.
SET client_min_messages = notice;
SET SESSION AUTHORIZATION regress_job_red;
SELECT portatext.run_chunk(:queued) AS more;
RESET SESSION AUTHORIZATION;
SET client_min_messages = warning;
SELECT state, error FROM portatext.job WHERE job_id = :queued;
SELECT events(:red);

-- Retention (JOB-05): what has ended, by the time of its end, 500 at a time.
UPDATE portatext.job SET created_at = now() - interval '50 days' WHERE job_id = :open;
UPDATE portatext.job SET finished_at = now() - interval '40 days' WHERE job_id IN (:finished, :cancelled);
SELECT portatext.retire_jobs(now() - interval '30 days') AS gone;
SELECT job_id = :open AS open, state FROM portatext.job WHERE job_id IN (:open, :finished, :cancelled);
INSERT INTO portatext.job (account_id, kind, state, finished_at)
    SELECT :blue, 'old', 'finished', now() - interval '31 days' FROM generate_series(1, 501);
SELECT portatext.retire_jobs(now() - interval '30 days') AS first, portatext.retire_jobs(now() - interval '30 days') AS second;

DELETE FROM portatext.job WHERE account_id IN (:red, :blue);
DROP FUNCTION job_in, events;
DELETE FROM portatext.account_role WHERE role_name LIKE 'regress_job_%';
DROP ROLE regress_job_red, regress_job_blue, regress_job_operator;
