-- What is wrong, a row for each problem.

CREATE FUNCTION portatext.worker_problem() RETURNS text
    LANGUAGE c VOLATILE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'pt_worker_problem_sql';
COMMENT ON FUNCTION portatext.worker_problem() IS
    'Why no worker will send this database''s messages, as an advice; null: some will.';

CREATE FUNCTION portatext.health_workers()
    RETURNS TABLE (severity text, problem text, subject text, detail text, hint text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH w AS MATERIALIZED (SELECT s.* FROM portatext.worker_stats() s),
    wanted (kind, n) AS (
        VALUES ('scheduler', 1), ('runner', 1),
               ('dispatcher', current_setting('portatext.dispatchers')::int),
               ('receiver', (current_setting('portatext.receiver_port') <> '0')::int))
    SELECT 'critical', 'no_workers', current_database()::text, 'Nobody sends this database''s messages.', p.advice
        FROM (SELECT portatext.worker_problem() AS advice) p WHERE p.advice IS NOT NULL
    UNION ALL
    SELECT 'critical', 'workers_missing', k.kind,
           format('%s of %s run.', k.running, k.n),
           'Look for "no background worker slot" or an error in the server''s log; max_worker_processes or max_locks_per_transaction may be too small.'
        FROM (SELECT x.kind, x.n, (SELECT count(*) FROM w WHERE w.kind = x.kind) AS running FROM wanted x) k
        WHERE k.running < k.n AND k.kind <> 'receiver' AND portatext.worker_problem() IS NULL
    UNION ALL
    SELECT 'critical', 'receiver_not_listening', format('port %s', current_setting('portatext.receiver_port')),
           CASE WHEN w.pid IS NULL THEN 'No receiver runs.' ELSE 'The receiver runs and cannot listen.' END,
           'Is the port another database''s or program''s? The server''s log has the reason.'
        FROM wanted x LEFT JOIN w ON w.kind = x.kind
        WHERE x.kind = 'receiver' AND x.n = 1 AND portatext.worker_problem() IS NULL
          AND w.number IS NULL
    UNION ALL
    SELECT 'critical', 'not_adopted', current_database()::text,
           'The data belongs to another server or database: nothing is sent.',
           'If this database is to send, run SELECT portatext.adopt().'
        WHERE EXISTS (SELECT FROM w WHERE w.state = 'not adopted')
    UNION ALL
    SELECT 'warning', 'worker_error', concat_ws(' ', w.kind, w.number),
           format('%s (%s errors since its start)', w.last_error, w.errors),
           'The server''s log has more.'
        FROM w WHERE w.last_error_at > now() - interval '10 minutes'
$$;
COMMENT ON FUNCTION portatext.health_workers() IS
    'The part of health() about workers.';

CREATE FUNCTION portatext.health_carriers()
    RETURNS TABLE (severity text, problem text, subject text, detail text, hint text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT 'critical', 'carrier_stopped', c.name, c.stop_reason,
           format('Set its account right, then run SELECT portatext.resume_carrier(%L).', c.name)
        FROM portatext.pg_stat_portatext_carrier c WHERE c.breaker = 'stopped'
    UNION ALL
    SELECT 'warning', 'carrier_failing', c.name,
           format('%s failures in a row; it rests until %s.', c.consecutive_failures, c.open_until),
           'It is tried again by itself. Can the server reach the carrier?'
        FROM portatext.pg_stat_portatext_carrier c WHERE c.breaker = 'open'
    UNION ALL
    SELECT 'warning', 'carrier_disabled', c.name, 'Messages wait for a carrier that is disabled.',
           format('Enable it with SELECT portatext.alter_carrier(%L, enabled => true), or cancel them.', c.name)
        FROM portatext.carriers c
        WHERE NOT c.enabled
          AND (EXISTS (SELECT FROM portatext.outbox o WHERE o.lane = c.carrier_id * 2)
               OR EXISTS (SELECT FROM portatext.outbox o WHERE o.lane = c.carrier_id * 2 + 1))
$$;
COMMENT ON FUNCTION portatext.health_carriers() IS
    'The part of health() about carriers.';

CREATE FUNCTION portatext.health_queue()
    RETURNS TABLE (severity text, problem text, subject text, detail text, hint text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT 'warning', 'queue_old', format('%s, %s', c.name, l.priority),
           format('The oldest message is due since %s.', q.due),
           'See portatext.pg_stat_portatext_queue and pg_stat_portatext_carrier: is the carrier slow, stopped or limited?'
        FROM portatext.carriers c
        CROSS JOIN (VALUES (0, 'transactional'), (1, 'bulk')) l (n, priority)
        CROSS JOIN LATERAL (
            SELECT o.due FROM portatext.outbox o WHERE o.lane = c.carrier_id * 2 + l.n
            ORDER BY o.lane, o.due LIMIT 1) q
        WHERE q.due < portatext.now() - interval '5 minutes'
    UNION ALL
    SELECT 'warning', 'parked_old', p.key,
           format('%s messages wait for its rate, the oldest since %s.', p.n, p.due),
           'The sender or account gets more than its segments_per_second allow; raise them or send less.'
        FROM (SELECT x.key, count(*) AS n, min(x.due) AS due
                FROM (SELECT k.key, k.due FROM portatext.parked k WHERE left(k.key, 4) <> 'run:' LIMIT 100000) x
                GROUP BY x.key ORDER BY min(x.due) LIMIT 20) p
        WHERE p.due < portatext.now() - interval '1 hour'
    UNION ALL
    SELECT 'warning', 'lease_old', format('dispatcher %s', l.worker),
           format('%s messages are being handed over since %s.', cardinality(l.ids) - l.sent, l.claimed_at),
           'A dispatcher that runs takes over from one that died; does one run, and does it have an error?'
        FROM (SELECT x.*, (SELECT count(*) FROM portatext.message m
                    WHERE m.message_id = ANY (x.ids) AND m.step <> 'queued') AS sent
                FROM portatext.lease x
                WHERE x.claimed_at < portatext.now() - interval '10 minutes' ORDER BY x.lease_id LIMIT 20) l
    UNION ALL
    SELECT 'warning', 'stray_receipts', 'stray_receipt', format('%s or more receipts fit no message.', s.n),
           'Does another installation use the same account at the carrier? They are dropped after a day.'
        FROM (SELECT count(*) AS n FROM (SELECT FROM portatext.stray_receipt LIMIT 100000) y) s
        WHERE s.n = 100000
$$;
COMMENT ON FUNCTION portatext.health_queue() IS
    'The part of health() about what waits.';

CREATE FUNCTION portatext.health_messages()
    RETURNS TABLE (severity text, problem text, subject text, detail text, hint text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN a.kind IN ('failed', 'undone') THEN 'critical' ELSE 'warning' END, 'attention_' || a.kind, a.kind::text,
           format('%s messages, the oldest since %s.', a.n, a.since),
           CASE a.kind WHEN 'failed' THEN 'Each fails by itself; the reason is in detail of portatext.needs_attention. End or resend it with settle_message().'
               WHEN 'undone' THEN 'An opt-out may be among them. Remove the cause, which the log and detail of portatext.needs_attention name, then redo_inbound().'
               WHEN 'unclear' THEN 'Ask the carrier what became of them, then settle_message(); a late receipt settles them, too.'
               ELSE 'Does the carrier reach the receiver? settle_message() ends them.' END
        FROM (SELECT x.kind, count(*) AS n, min(x.since) AS since
                FROM (SELECT t.kind, t.since FROM portatext.attention t LIMIT 100000) x GROUP BY x.kind) a
    UNION ALL
    SELECT 'critical', 'balance_differs', format('account %s', b.account_id),
           format('The balance is %s, the ledger says %s.', b.balance, b.ledger),
           'Somebody has written to the tables of the books by hand. Stop spending and compare with a backup.'
        FROM portatext.check_balances() b
        WHERE pg_relation_size('portatext.ledger_entry') < 64 * 1024 * 1024
$$;
COMMENT ON FUNCTION portatext.health_messages() IS
    'The part of health() about messages and money; the books are compared while the ledger is smaller than 64 MB.';

-- As the caller: other roles' sessions are seen by members of pg_read_all_stats only.
CREATE FUNCTION portatext.health_server()
    RETURNS TABLE (severity text, problem text, subject text, detail text, hint text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT 'warning', 'no_free_worker_slot', 'max_worker_processes',
           format('All of the server''s %s background worker slots are in use.', current_setting('max_worker_processes')),
           'A worker that ends may not come back. Raise max_worker_processes.'
        WHERE current_setting('max_worker_processes')::int <= (
            SELECT count(*) FROM pg_stat_activity s
            WHERE s.backend_type NOT IN ('client backend', 'autovacuum launcher', 'autovacuum worker', 'walwriter',
                'background writer', 'checkpointer', 'startup', 'walreceiver', 'walsender', 'archiver', 'logger',
                'standalone backend', 'slotsync worker', 'walsummarizer', 'io worker'))
    UNION ALL
    SELECT 'warning', 'vacuum_behind', t.relname::text,
           format('%s dead rows; vacuumed last: %s.', t.n_dead_tup, COALESCE(greatest(t.last_autovacuum, t.last_vacuum)::text, 'never')),
           'Is autovacuum on, and does an old snapshot hold it back (old_snapshot, prepared_transaction)? Run VACUUM when that is over.'
        FROM pg_stat_all_tables t
        WHERE t.schemaname = 'portatext' AND t.relname IN ('outbox', 'parked', 'lease', 'balance_stripe', 'balance_pending')
          AND t.n_dead_tup > 100000
    UNION ALL
    SELECT 'warning', 'prepared_transaction', x.gid, format('Prepared at %s in database %s.', x.prepared, x.database),
           'It holds locks and keeps vacuum back: COMMIT PREPARED or ROLLBACK PREPARED.'
        FROM pg_prepared_xacts x WHERE x.prepared < portatext.now() - interval '10 minutes'
    UNION ALL
    SELECT 'warning', 'old_snapshot', format('process %s', a.pid),
           format('Its transaction began at %s (%s, %s).', a.xact_start, a.usename, a.state),
           'Vacuum cannot remove what was deleted since then. End the session or its transaction.'
        FROM pg_stat_activity a
        WHERE (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL) AND a.backend_type <> 'autovacuum worker'
          AND a.xact_start < portatext.now() - interval '10 minutes'
    UNION ALL
    SELECT 'warning', 'replication_slot', s.slot_name::text,
           'The slot is not in use and holds ' || concat_ws(' and ',
               CASE WHEN s.xmin IS NOT NULL OR s.catalog_xmin IS NOT NULL THEN 'old rows' END,
               CASE WHEN s.wal_status IN ('extended', 'unreserved') THEN 'more WAL than max_wal_size' END) || '.',
           'Start its consumer, or drop it with pg_drop_replication_slot() before the disk is full.'
        FROM pg_replication_slots s
        WHERE NOT s.active AND (s.xmin IS NOT NULL OR s.catalog_xmin IS NOT NULL OR s.wal_status IN ('extended', 'unreserved'))
$$;
COMMENT ON FUNCTION portatext.health_server() IS
    'The part of health() about the server, as far as the caller may see sessions.';

CREATE FUNCTION portatext.health()
    RETURNS TABLE (severity text, problem text, subject text, detail text, hint text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT h.* FROM (
        SELECT * FROM portatext.health_workers()
        UNION ALL SELECT * FROM portatext.health_carriers()
        UNION ALL SELECT * FROM portatext.health_queue()
        UNION ALL SELECT * FROM portatext.health_messages()
        UNION ALL SELECT * FROM portatext.health_server()) h
    ORDER BY h.severity, h.problem, h.subject
$$;
COMMENT ON FUNCTION portatext.health() IS
    'One row for each problem that needs somebody, with a hint; no row: all is well. severity is critical (messages or money wait) or warning. For operators.';
GRANT EXECUTE ON FUNCTION portatext.health(), portatext.health_workers(), portatext.health_carriers(),
    portatext.health_queue(), portatext.health_messages(), portatext.health_server() TO portatext_operator;
