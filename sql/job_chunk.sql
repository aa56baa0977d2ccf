-- test build only
-- The chunks of jobs, with the kinds of src/job/test_kind.c: in a session, step by step.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif
SELECT setval('portatext.job_job_id_seq', 920000);

CREATE FUNCTION job_test_create(account bigint, kind text, arguments jsonb, open boolean DEFAULT false) RETURNS bigint
    LANGUAGE c STRICT AS 'portatext', 'pt_job_test_create';
CREATE FUNCTION job_test_queue(job bigint) RETURNS boolean LANGUAGE c STRICT AS 'portatext', 'pt_job_test_queue';
CREATE FUNCTION events(account bigint) RETURNS SETOF text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM portatext.event e WHERE e.account_id = account RETURNING e.*)
    SELECT concat_ws(' ', g.type, g.payload - 'id' - 'account',
            CASE WHEN g.type LIKE 'test.%' AND g.payload -> 'account' <> to_jsonb(account) THEN 'for another account' END)
        FROM gone g ORDER BY g.event_id
$$;
CREATE VIEW jobs AS
    SELECT kind, state, position, total, done, errors, failures, result, error,
           started_at IS NOT NULL AS started, finished_at IS NOT NULL AS ended FROM portatext.job;
CREATE ROLE regress_chunk LOGIN;
SELECT portatext.create_account('chunks') AS account \gset
SELECT portatext.grant_account('regress_chunk', :account);

-- Each chunk is a transaction: the position, the counts and what the chunk has written.
SELECT job_test_create(:account, 'test_count', '{"chunks": 3}') AS job \gset
SELECT * FROM jobs;
SET SESSION AUTHORIZATION regress_chunk;
SELECT portatext.run_chunk(:job) AS more;
SET client_min_messages = notice;
CALL portatext.run_job(:job);
RESET SESSION AUTHORIZATION;
SET client_min_messages = warning;
SELECT * FROM jobs;
SELECT events(:account);
-- A chunk that is rolled back was none, and leaves nothing in the view.
SELECT job_test_create(:account, 'test_count', '{"chunks": 3}') AS job \gset
BEGIN;
SELECT portatext.run_chunk(:job);
SELECT count(*) = :'preloaded'::bool::int AS shown FROM portatext.pg_stat_progress_portatext
    WHERE pid = pg_backend_pid() AND account_id = :account AND kind = 'test_count' AND job_id = :job
      AND object_id IS NULL AND total IS NULL AND done = 1 AND errors = 0 AND started_at <= clock_timestamp();
-- The session does not go on as the job's account.
SELECT portatext.sees_all();
ROLLBACK;
SELECT count(*) FROM portatext.pg_stat_progress_portatext;
SELECT state, position, done FROM portatext.job WHERE job_id = :job;
-- One that is committed by itself does not keep the job from the runner.
SELECT portatext.run_chunk(:job);
SELECT count(*) FROM portatext.pg_stat_progress_portatext;
SELECT portatext.cancel_job(:job);

-- Its input is still coming.
SELECT job_test_create(:account, 'test_count', '{"chunks": 1}', true) AS job \gset
SELECT job_test_queue(:job), job_test_queue(:job);
CALL portatext.run_job(:job);
SELECT events(:account);

-- An error in a session is the session's; the job stays where the last chunk left it.
SELECT job_test_create(:account, 'test_count', '{"chunks": 3, "fail_at": 2}') AS job \gset
CALL portatext.run_job(:job);
SELECT state, position, failures, error FROM portatext.job WHERE job_id = :job;
SELECT events(:account);

-- Failed: without abandon it goes on from its position, with it from the beginning or not at all.
SELECT job_test_create(:account, 'test_undo', '{"chunks": 2}') AS undo, job_test_create(:account, 'test_once', '{"chunks": 2}') AS once \gset
SELECT portatext.run_chunk(:undo), portatext.run_chunk(:once);
UPDATE portatext.job SET state = 'failed', error = 'no luck', failures = 5, arguments = '{"chunks": 2}' WHERE job_id IN (:job, :undo, :once);
SELECT portatext.retry_job(:job);
SELECT portatext.retry_job(:undo);
SELECT portatext.retry_job(:once);
SELECT kind, state, position, done, errors, failures, error, ended FROM jobs WHERE state IN ('queued', 'failed') ORDER BY kind;
SELECT events(:account);
CALL portatext.run_job(:job);
SELECT kind, state, result FROM jobs WHERE position = '{"n": 2}' AND state = 'finished';

-- cancel_job lets the kind tidy up, for the job's account.
SELECT portatext.cancel_job(:undo);
SELECT job_test_create(:account, 'test_undo', '{"chunks": 2}', true) AS open \gset
SELECT portatext.cancel_job(:open);
SELECT events(:account);

DELETE FROM portatext.job WHERE account_id = :account;
DROP VIEW jobs;
DROP FUNCTION job_test_create, job_test_queue, events;
DELETE FROM portatext.account_role WHERE role_name = 'regress_chunk';
DROP ROLE regress_chunk;
