-- Workers: where the data belongs to, starting and stopping, statistics.

CREATE TABLE portatext.installation (
    system_identifier bigint NOT NULL,
    database_oid oid NOT NULL,
    installation_id text NOT NULL,
    since timestamptz NOT NULL DEFAULT portatext.now()
);
COMMENT ON TABLE portatext.installation IS
    'The place that the waiting messages belong to; written with the first account, dumped with the data. Workers act only when there is a row and every row names this server and database. No key: a restored row must not fail.';
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

CREATE TABLE portatext.reconcile_mark (upto uuid NOT NULL, late uuid);
COMMENT ON TABLE portatext.reconcile_mark IS
    'One row: up to which message_id the scheduler has looked for messages to watch.';
COMMENT ON COLUMN portatext.reconcile_mark.late IS
    'Up to which message_id it has looked a second time, when no older transaction was running any more.';
SELECT pg_catalog.pg_extension_config_dump('portatext.reconcile_mark', '');

CREATE TABLE portatext.receipt_watch (
    due timestamptz NOT NULL,
    message_id uuid NOT NULL,
    PRIMARY KEY (due, message_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
COMMENT ON TABLE portatext.receipt_watch IS
    'Messages without a final state some minutes after they were accepted, and when to look at them again.';
SELECT pg_catalog.pg_extension_config_dump('portatext.receipt_watch', '');

CREATE FUNCTION portatext.worker_stats(
        OUT pid integer, OUT kind text, OUT number bigint, OUT state text,
        OUT started timestamptz, OUT in_flight integer,
        OUT claimed bigint, OUT sent bigint, OUT refused bigint, OUT retried bigint,
        OUT unclear bigint, OUT skipped bigint, OUT receipts bigint, OUT errors bigint,
        OUT last_error text, OUT last_error_at timestamptz, OUT slot integer)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED ROWS 5
    AS 'MODULE_PATHNAME', 'pt_worker_stats';
COMMENT ON FUNCTION portatext.worker_stats() IS
    'The launcher and this database''s workers, from shared memory; no row when the library is not preloaded.';

CREATE VIEW portatext.pg_stat_portatext_worker AS
    SELECT s.pid, s.kind, s.number, s.state, s.started, s.in_flight, s.claimed, s.sent, s.refused,
        s.retried, s.unclear, s.skipped, s.receipts, s.errors, s.last_error, s.last_error_at
    FROM portatext.worker_stats() s;
COMMENT ON VIEW portatext.pg_stat_portatext_worker IS
    'What the launcher and this database''s workers do and have counted since they started.';
COMMENT ON COLUMN portatext.pg_stat_portatext_worker.kind IS 'launcher, dispatcher, scheduler, runner, dialer or receiver.';
COMMENT ON COLUMN portatext.pg_stat_portatext_worker.number IS 'A dispatcher''s number, as in lease.worker; the port that the receiver listens on.';
COMMENT ON COLUMN portatext.pg_stat_portatext_worker.state IS
    'starting, waiting, working, stopping, or not adopted: this database is a copy and waits for adopt().';
COMMENT ON COLUMN portatext.pg_stat_portatext_worker.in_flight IS 'Requests without an answer yet.';
COMMENT ON COLUMN portatext.pg_stat_portatext_worker.claimed IS 'Messages claimed from the outbox; a dialer''s: calls it has decided to place.';
COMMENT ON COLUMN portatext.pg_stat_portatext_worker.sent IS 'Messages accepted by a carrier; calls accepted by an engine.';
COMMENT ON COLUMN portatext.pg_stat_portatext_worker.refused IS 'Messages ended by the carrier''s refusal.';
COMMENT ON COLUMN portatext.pg_stat_portatext_worker.retried IS 'Messages put back for another try.';
COMMENT ON COLUMN portatext.pg_stat_portatext_worker.unclear IS 'Messages of which it is not known whether the carrier has them.';
COMMENT ON COLUMN portatext.pg_stat_portatext_worker.skipped IS 'Messages ended by the check at the claim (blacklist, validity).';
COMMENT ON COLUMN portatext.pg_stat_portatext_worker.receipts IS 'Receipts taken.';
COMMENT ON COLUMN portatext.pg_stat_portatext_worker.errors IS 'Transactions that ended with an error.';

CREATE FUNCTION portatext.carrier_counters(
        OUT carrier_id integer, OUT accepted bigint, OUT throttled bigint, OUT temporary bigint,
        OUT unclear bigint, OUT refused bigint, OUT in_flight integer,
        OUT consecutive_failures integer, OUT open_until timestamptz)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED ROWS 5
    AS 'MODULE_PATHNAME', 'pt_carrier_counters';
COMMENT ON FUNCTION portatext.carrier_counters() IS
    'What each worker of this database has counted for each carrier; those that have left are summed in one row.';

CREATE VIEW portatext.pg_stat_portatext_carrier AS
    SELECT c.carrier_id, c.name,
        CASE WHEN NOT c.enabled THEN 'disabled' WHEN s.carrier_id IS NOT NULL THEN 'stopped'
            WHEN n.open_until > portatext.now() THEN 'open' ELSE 'closed' END AS breaker,
        n.open_until, s.reason AS stop_reason,
        COALESCE(n.in_flight, 0) AS in_flight, COALESCE(n.failures, 0) AS consecutive_failures,
        COALESCE(n.accepted, 0) AS accepted, COALESCE(n.throttled, 0) AS throttled,
        COALESCE(n.temporary, 0) AS temporary, COALESCE(n.unclear, 0) AS unclear,
        COALESCE(n.refused, 0) AS refused
    FROM portatext.carriers c
        LEFT JOIN portatext.carrier_stop s ON s.carrier_id = c.carrier_id
        LEFT JOIN (SELECT k.carrier_id, pg_catalog.max(k.open_until) AS open_until,
                pg_catalog.sum(k.in_flight)::bigint AS in_flight,
                pg_catalog.max(k.consecutive_failures) AS failures,
                pg_catalog.sum(k.accepted)::bigint AS accepted,
                pg_catalog.sum(k.throttled)::bigint AS throttled,
                pg_catalog.sum(k.temporary)::bigint AS temporary,
                pg_catalog.sum(k.unclear)::bigint AS unclear,
                pg_catalog.sum(k.refused)::bigint AS refused
            FROM portatext.carrier_counters() k GROUP BY k.carrier_id) n
            ON n.carrier_id = c.carrier_id;
COMMENT ON VIEW portatext.pg_stat_portatext_carrier IS
    'Each carrier''s circuit breaker and what it has answered since the server started.';
COMMENT ON COLUMN portatext.pg_stat_portatext_carrier.breaker IS
    'closed: in use; open: rests until open_until after failures; stopped: waits for resume_carrier(); disabled.';

CREATE FUNCTION portatext.leased_lanes(OUT lane integer, OUT leased bigint) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 5
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT m.carrier_id * 2 + CASE m.priority WHEN 'bulk' THEN 1 ELSE 0 END, count(*)
    FROM portatext.lease l CROSS JOIN unnest(l.ids) AS i (message_id)
        JOIN portatext.message m ON m.message_id = i.message_id AND m.step = 'queued'
    GROUP BY 1;
$$;
COMMENT ON FUNCTION portatext.leased_lanes() IS
    'Claimed messages by lane, as far as the caller may see messages.';

CREATE VIEW portatext.pg_stat_portatext_queue AS
    SELECT q.lane, c.name AS carrier,
        CASE q.lane % 2 WHEN 0 THEN 'transactional' ELSE 'bulk' END::portatext.message_priority AS priority,
        q.ready, q.later, q.parked, q.leased, q.oldest_due
    FROM (SELECT u.lane, pg_catalog.sum(u.ready)::bigint AS ready, pg_catalog.sum(u.later)::bigint AS later,
            pg_catalog.sum(u.parked)::bigint AS parked, pg_catalog.sum(u.leased)::bigint AS leased,
            pg_catalog.min(u.oldest_due) AS oldest_due
        FROM (SELECT o.lane,
                pg_catalog.count(*) FILTER (WHERE o.due <= portatext.now()) AS ready,
                pg_catalog.count(*) FILTER (WHERE o.due > portatext.now()) AS later,
                0 AS parked, 0 AS leased, pg_catalog.min(o.due) AS oldest_due
            FROM portatext.outbox o GROUP BY o.lane
            UNION ALL
            SELECT p.lane, 0, 0, pg_catalog.count(*), 0, pg_catalog.min(p.due)
            FROM portatext.parked p GROUP BY p.lane
            UNION ALL
            SELECT l.lane, 0, 0, 0, l.leased, NULL
            FROM portatext.leased_lanes() l) u
        GROUP BY u.lane) q
        LEFT JOIN portatext.carriers c ON c.carrier_id = q.lane / 2;
COMMENT ON VIEW portatext.pg_stat_portatext_queue IS
    'What waits, by carrier and priority. Counts rows: not for a tight loop on a big backlog.';
COMMENT ON COLUMN portatext.pg_stat_portatext_queue.ready IS 'Due and not claimed.';
COMMENT ON COLUMN portatext.pg_stat_portatext_queue.later IS 'Waits for its time (send_at, or the next try).';
COMMENT ON COLUMN portatext.pg_stat_portatext_queue.parked IS 'Waits for a sender''s or account''s rate.';
COMMENT ON COLUMN portatext.pg_stat_portatext_queue.leased IS 'Claimed, being handed over; 0 for who may not see the messages.';
COMMENT ON COLUMN portatext.pg_stat_portatext_queue.oldest_due IS 'The earliest due time of the unclaimed ones.';

GRANT EXECUTE ON FUNCTION portatext.worker_stats(), portatext.carrier_counters(), portatext.leased_lanes()
    TO portatext_operator, pg_monitor;
GRANT SELECT ON portatext.pg_stat_portatext_worker, portatext.pg_stat_portatext_carrier,
    portatext.pg_stat_portatext_queue TO portatext_operator, pg_monitor;
GRANT USAGE ON SCHEMA portatext TO pg_monitor;
