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
);
CREATE INDEX job_account ON portatext.job (account_id, job_id);
CREATE INDEX job_waiting ON portatext.job (run_after, job_id) WHERE finished_at IS NULL;
COMMENT ON TABLE portatext.job IS 'Jobs of the accounts: imports, builds of campaigns, and what later rooms add (JOB-03).';
COMMENT ON COLUMN portatext.job.kind IS 'What it does: contact_import, campaign_create.';
COMMENT ON COLUMN portatext.job.arguments IS 'What it was asked for; never changed.';
COMMENT ON COLUMN portatext.job.position IS 'How far it has come, written with each chunk; a job that was interrupted goes on from here.';
COMMENT ON COLUMN portatext.job.total IS 'Units of work, if known before: bytes of a file, contacts of a campaign.';
COMMENT ON COLUMN portatext.job.errors IS 'Lines or rows that were refused; the job goes on.';
COMMENT ON COLUMN portatext.job.failures IS 'Chunks in a row that an error has undone.';
COMMENT ON COLUMN portatext.job.run_after IS 'Not before this time: later and later after each error.';
SELECT pg_catalog.pg_extension_config_dump('portatext.job', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.job_job_id_seq', '');
GRANT SELECT ON portatext.job TO portatext_account, portatext_operator;
