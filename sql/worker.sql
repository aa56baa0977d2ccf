-- Workers: settings, the place that the data belongs to, statistics, who may what.
-- What needs servers of its own is in test/e2e/30_workers.pl and 31_scheduler.pl.
\set VERBOSITY default
SET client_min_messages = error;

-- In a database of its own, in which nobody has sent.
SELECT current_database() AS home \gset
CREATE DATABASE regress_worker;
\c regress_worker
SET client_min_messages = error;
CREATE EXTENSION portatext;

-- Sane without configuration.
SELECT name, boot_val, unit, context FROM pg_settings
WHERE name IN ('portatext.databases', 'portatext.dispatchers', 'portatext.installation_id',
    'portatext.receiver_address', 'portatext.receiver_port', 'portatext.shutdown_grace')
ORDER BY name COLLATE "C";
SET portatext.databases = 'x';
SET portatext.dispatchers = 9;
SET portatext.no_such_setting = 1;

-- The first account or send writes down the place, once; adopt() writes it anew.
SELECT count(*) FROM portatext.installation;
BEGIN;
SELECT portatext.create_account('first') > 0 AS created, portatext.create_account('second') > 0 AS another;
SELECT count(*) FROM portatext.installation;
ROLLBACK;
BEGIN;
SELECT portatext.send_sms('+12223334444', 'This is rolled back') IS NOT NULL AS sent;
SELECT count(*) FROM portatext.installation;
ROLLBACK;
SELECT count(*) FROM portatext.installation;
SELECT portatext.send_sms('+12223334444', 'This one stays', send_at => now() + interval '1 day') IS NOT NULL AS sent;
SELECT portatext.send_sms('+12223334444', 'And this one', send_at => now() + interval '1 day') IS NOT NULL AS sent;
SELECT i.system_identifier = c.system_identifier AS server, d.datname = current_database() AS database,
    i.installation_id = current_setting('portatext.installation_id') AS id
FROM portatext.installation i CROSS JOIN pg_control_system() c JOIN pg_database d ON d.oid = i.database_oid;
UPDATE portatext.installation SET database_oid = 1;
SELECT portatext.adopt();
SELECT i.system_identifier = c.system_identifier AS server, d.datname = current_database() AS database
FROM portatext.installation i CROSS JOIN pg_control_system() c JOIN pg_database d ON d.oid = i.database_oid;

-- What waits, by carrier and priority.
SELECT carrier, priority, ready, later, parked, leased, oldest_due > now() AS in_future
FROM portatext.pg_stat_portatext_queue;
SELECT count(portatext.cancel_sms(message_id)) FROM portatext.message WHERE send_at IS NOT NULL;
SELECT count(*) FROM portatext.pg_stat_portatext_queue;

-- Operators and monitors look; accounts do not.
CREATE ROLE regress_worker_app;
GRANT portatext_account TO regress_worker_app;
CREATE ROLE regress_worker_monitor;
GRANT pg_monitor TO regress_worker_monitor;
SET ROLE regress_worker_monitor;
SELECT count(*) FROM portatext.pg_stat_portatext_queue;
SELECT name, breaker FROM portatext.pg_stat_portatext_carrier WHERE name = 'loopback';
SELECT count(*) >= 0 AS readable FROM portatext.pg_stat_portatext_worker;
SELECT portatext.adopt();
SET ROLE regress_worker_app;
SELECT count(*) FROM portatext.pg_stat_portatext_worker;
SELECT portatext.stop_workers();
RESET ROLE;
DROP ROLE regress_worker_app, regress_worker_monitor;

-- DROP DATABASE finds no worker in its way.
\c :home
DROP DATABASE regress_worker;
