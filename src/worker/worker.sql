-- Workers: where the data belongs to, starting and stopping, statistics.

CREATE TABLE portatext.installation (
    system_identifier bigint NOT NULL,
    database_oid oid NOT NULL,
    installation_id text NOT NULL,
    since timestamptz NOT NULL DEFAULT portatext.now()
);
COMMENT ON TABLE portatext.installation IS
    'The place that the waiting messages belong to; written by the first send, dumped with the data. Workers send only when every row names this server and database. No key: a restored row must not fail.';
COMMENT ON COLUMN portatext.installation.system_identifier IS 'Of the server (pg_control_system).';
COMMENT ON COLUMN portatext.installation.database_oid IS 'Of the database.';
COMMENT ON COLUMN portatext.installation.installation_id IS 'The setting portatext.installation_id at that time.';
SELECT pg_catalog.pg_extension_config_dump('portatext.installation', '');

CREATE FUNCTION portatext.adopt() RETURNS void
    LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_adopt';
COMMENT ON FUNCTION portatext.adopt() IS
    'Makes this database the one that sends: to be run in a copy (restored dump, copied database, upgraded server) that is to replace the original.';

CREATE FUNCTION portatext.start_workers() RETURNS boolean
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'pt_start_workers';
COMMENT ON FUNCTION portatext.start_workers() IS
    'Lets this database''s workers run again after stop_workers(); true when they do.';

CREATE FUNCTION portatext.stop_workers() RETURNS boolean
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'pt_stop_workers';
COMMENT ON FUNCTION portatext.stop_workers() IS
    'Stops this database''s workers until start_workers() or the server''s restart; true when all have left.';

CREATE FUNCTION portatext.workers_running() RETURNS integer
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'pt_workers_running';
COMMENT ON FUNCTION portatext.workers_running() IS 'How many workers this database has now.';

GRANT EXECUTE ON FUNCTION portatext.adopt(), portatext.start_workers(),
    portatext.stop_workers(), portatext.workers_running() TO portatext_operator;
