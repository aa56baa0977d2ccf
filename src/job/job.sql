-- Jobs: work that takes longer than a statement should, done in chunks by the
-- runner; each chunk is a transaction of its own.

CREATE TYPE portatext.job_state AS ENUM ('open', 'queued', 'running', 'finished', 'failed', 'cancelled');
COMMENT ON TYPE portatext.job_state IS
    'open: its input is still coming; queued: waits for the runner; running: some chunks are done; then one final state.';

CREATE TABLE portatext.job (
    job_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account,
    kind text NOT NULL,
    state portatext.job_state NOT NULL DEFAULT 'queued',
    arguments jsonb NOT NULL DEFAULT '{}',
    position jsonb NOT NULL DEFAULT '{}',
    total bigint CHECK (total >= 0),
    done bigint NOT NULL DEFAULT 0,
    errors bigint NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    run_after timestamptz NOT NULL DEFAULT portatext.now(),
    result jsonb,
    error text,
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    started_at timestamptz,
    finished_at timestamptz
) WITH (fillfactor = 70);
CREATE INDEX job_account ON portatext.job (account_id, job_id);
CREATE INDEX job_waiting ON portatext.job (account_id, run_after, job_id) WHERE state IN ('queued', 'running');
CREATE INDEX job_later ON portatext.job (run_after) WHERE state IN ('queued', 'running');
CREATE INDEX job_ended ON portatext.job (finished_at) WHERE finished_at IS NOT NULL;
COMMENT ON TABLE portatext.job IS 'Jobs of the accounts: imports, builds of campaigns, and what later rooms add (JOB-03).';
COMMENT ON COLUMN portatext.job.kind IS 'What it does: contact_import, campaign_create, campaign_forget.';
COMMENT ON COLUMN portatext.job.arguments IS 'What it was asked for; never changed.';
COMMENT ON COLUMN portatext.job.position IS 'How far it has come, written with each chunk; a job that was interrupted goes on from here.';
COMMENT ON COLUMN portatext.job.total IS 'Units of work, if known before: bytes of a file, contacts of a campaign.';
COMMENT ON COLUMN portatext.job.errors IS 'Lines or rows that were refused; the job goes on.';
COMMENT ON COLUMN portatext.job.failures IS 'Chunks in a row that an error has undone.';
COMMENT ON COLUMN portatext.job.error IS 'Why it has failed, or why its last chunk was undone.';
COMMENT ON COLUMN portatext.job.run_after IS 'Not before this time: later and later after each error.';
SELECT pg_catalog.pg_extension_config_dump('portatext.job', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.job_job_id_seq', '');
GRANT SELECT ON portatext.job TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.cancel_job(job_id bigint) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_cancel_job';
COMMENT ON FUNCTION portatext.cancel_job(bigint) IS
    'Cancels a job that has not ended, before its next chunk; a chunk that is under way is waited for. True: it is cancelled; false: it has finished or failed.';

CREATE FUNCTION portatext.retry_job(job_id bigint) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_retry_job';
COMMENT ON FUNCTION portatext.retry_job(bigint) IS
    'Queues a failed job again: it goes on from its position, or from the beginning if what it had done was undone.';

CREATE FUNCTION portatext.run_chunk(job_id bigint) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_run_chunk';
COMMENT ON FUNCTION portatext.run_chunk(bigint) IS
    'For run_job(): does the job''s next chunk; true: there is more to do.';

CREATE PROCEDURE portatext.run_job(job_id bigint)
    LANGUAGE plpgsql
    AS $$
DECLARE
    more pg_catalog.bool := true;
BEGIN
    WHILE more LOOP
        more := portatext.run_chunk(job_id);
        COMMIT;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE portatext.run_job(bigint) IS
    'Does a job in the caller''s session, with a COMMIT after each chunk, and says how far it is; needs no workers. An error ends it, and the job stays where the last chunk has left it.';
GRANT EXECUTE ON FUNCTION portatext.cancel_job(bigint), portatext.retry_job(bigint), portatext.run_chunk(bigint)
    TO portatext_account, portatext_operator;
GRANT EXECUTE ON PROCEDURE portatext.run_job(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.retire_jobs(older_than timestamptz) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH gone AS (
        DELETE FROM portatext.job j
            WHERE j.job_id = ANY (ARRAY(
                SELECT f.job_id FROM portatext.job f WHERE f.finished_at < older_than
                ORDER BY f.finished_at LIMIT 500 FOR UPDATE SKIP LOCKED))
            RETURNING 1)
    SELECT count(*) FROM gone;
$$;
COMMENT ON FUNCTION portatext.retire_jobs(timestamptz) IS
    'For the scheduler: deletes up to 500 jobs that ended before this time (JOB-05) and returns how many.';

CREATE FUNCTION portatext.progress_entries(
        OUT pid integer, OUT datid oid, OUT account_id bigint, OUT kind text, OUT job_id bigint,
        OUT object_id bigint, OUT total bigint, OUT done bigint, OUT errors bigint, OUT started_at timestamptz)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED ROWS 5
    AS 'MODULE_PATHNAME', 'pt_progress_entries';
COMMENT ON FUNCTION portatext.progress_entries() IS
    'What the processes of this database work at, from shared memory: for an account what it works at for this account; no row when the library is not preloaded.';

CREATE VIEW portatext.pg_stat_progress_portatext WITH (security_invoker, security_barrier) AS
    SELECT p.pid, p.datid, p.account_id, p.kind, p.job_id, p.object_id, p.total, p.done, p.errors, p.started_at
    FROM portatext.progress_entries() p;
COMMENT ON VIEW portatext.pg_stat_progress_portatext IS
    'Imports, builds of campaigns and other long work that goes on now, and how far it is.';
COMMENT ON COLUMN portatext.pg_stat_progress_portatext.kind IS 'As in job.kind.';
COMMENT ON COLUMN portatext.pg_stat_progress_portatext.job_id IS 'Null: a statement does the work, no job.';
COMMENT ON COLUMN portatext.pg_stat_progress_portatext.object_id IS 'The contact list, or the campaign''s run.';
COMMENT ON COLUMN portatext.pg_stat_progress_portatext.total IS 'Units of work, as in job; null: not known.';
COMMENT ON COLUMN portatext.pg_stat_progress_portatext.done IS 'Also units that are not committed yet.';
COMMENT ON COLUMN portatext.pg_stat_progress_portatext.started_at IS 'Since when this process works at it.';
GRANT EXECUTE ON FUNCTION portatext.progress_entries() TO portatext_account, portatext_operator, pg_monitor;
GRANT SELECT ON portatext.pg_stat_progress_portatext TO portatext_account, portatext_operator, pg_monitor;
