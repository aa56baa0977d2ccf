-- The API as a tenant: money, settings, jobs (BILL-15, BILL-20, GEN-08).
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\pset null -

DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

CREATE ROLE regress_aa_red LOGIN;
CREATE ROLE regress_aa_blue LOGIN;
CREATE ROLE regress_aa_none LOGIN IN ROLE portatext_account;
SELECT portatext.create_account('red', sandbox => true) AS red, portatext.create_account('blue', 'postpaid', 50) AS blue \gset
SELECT portatext.grant_account('regress_aa_red', :red), portatext.grant_account('regress_aa_blue', :blue);
SELECT count(portatext.assign_did(n, :red)) FROM unnest('{+12025550101}'::text[]) n;
SELECT portatext.set_tariff('', 2, :red) > 0, portatext.set_tariff('34', 3) > 0, portatext.set_tariff('346', 2.5) > 0, portatext.set_tariff('346', 1.25, :blue) > 0, portatext.set_tariff('1', 1) > 0,
    portatext.set_tariff('12', 7) > 0;
SELECT portatext.recharge(100.50, 'invoice 1', :red), portatext.debit(1, 'correction', :red);
UPDATE portatext.account SET credit_price = 0.01 WHERE account_id = :blue;
CREATE FUNCTION pg_temp.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hinted text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hinted = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE, SQLERRM, NULLIF(hinted, ''));
END $$;

SET SESSION AUTHORIZATION regress_aa_red;
SELECT portatext.send_sms('34977123456', 'Hello you') AS id \gset
BEGIN READ ONLY;
SELECT portatext_api.balance();
-- BILL-20: the sum of the ledger is the balance
SELECT sum(amount) = (portatext_api.balance() ->> 'credits')::numeric FROM portatext_api.ledger;
SELECT kind, amount, note, reference IS NOT NULL, message_id = :'id' FROM portatext_api.ledger ORDER BY reference;
SELECT type, payload, subject IS NOT NULL FROM portatext_api.events ORDER BY id;
-- GEN-08: settings
SELECT portatext_api.settings();
COMMIT;
SELECT portatext_api.update_settings('{"timezone": "Europe/Madrid", "alert_when_credit_less_than": 10, "email_on_inbound_sms": "a@example.com"}');
SELECT portatext_api.update_settings('{"alert_when_credit_less_than": null}');
SELECT portatext_api.settings() = portatext_api.update_settings('{}');
SELECT pg_temp.refused(format('SELECT portatext_api.update_settings(%L)', s)) FROM unnest(ARRAY[
    '{"timezone": "Middle/Earth"}', '{"colour": "red"}', '{"email_on_inbound_sms": "nobody"}', '{"alert_when_credit_less_than": "few"}',
    '[1]', '"timezone"', 'null']) s;

-- Jobs.
SELECT portatext_api.start_import() ->> 'job_id' AS job \gset
SELECT kind, state, total, done, errors, percent, result, error, started_at, finished_at FROM portatext_api.jobs;
SELECT portatext_api.cancel_job(:job), portatext_api.cancel_job(:job);
SELECT state, finished_at >= created_at FROM portatext_api.jobs WHERE id = :job;
SELECT replace(pg_temp.refused(format('SELECT portatext_api.retry_job(%s)', :job)), ' ' || :job || ' ', ' N ');
SELECT pg_temp.refused('SELECT portatext_api.cancel_job(999999)');

-- BILL-15: tariffs by country.  A sandbox has its own alone.
SELECT country, name, prefix, credits, price, own FROM portatext_api.tariffs WHERE country IN ('ES', 'CA', 'US', 'FR') ORDER BY country, prefix;
SET SESSION AUTHORIZATION regress_aa_blue;
SELECT country, name, prefix, credits, price, own FROM portatext_api.tariffs WHERE country IN ('ES', 'CA', 'US', 'FR') ORDER BY country, prefix;
-- what a number costs is in the longest prefix of its country
SELECT n, t.credits, t.credits = portatext.tariff_for(('+' || n)::portatext.e164)
    FROM unnest('{34600123456,34977123456,12042345678,13055550199}'::text[]) n CROSS JOIN LATERAL (
        SELECT x.credits FROM portatext_api.tariffs x WHERE x.country = portatext.number_country(('+' || n)::portatext.e164) AND starts_with(n, x.prefix)
        ORDER BY length(x.prefix) DESC LIMIT 1) t;
SELECT portatext_api.balance();
-- GEN-11
SELECT (SELECT count(*) FROM portatext_api.ledger), (SELECT count(*) FROM portatext_api.jobs), (SELECT count(*) FROM portatext_api.events);
SELECT replace(pg_temp.refused(format('SELECT portatext_api.cancel_job(%s)', :job)), ' ' || :job || ' ', ' N ');
SELECT v, p FROM unnest('{ledger,jobs,tariffs}'::text[]) v, unnest('{INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) p
    WHERE has_table_privilege('portatext_api.' || v, p);
-- Whoever speaks for no account gets nothing.
SET SESSION AUTHORIZATION regress_aa_none;
SELECT pg_temp.refused(s) FROM unnest('{SELECT portatext_api.balance(),SELECT portatext_api.settings()}'::text[]) s;
SELECT (SELECT count(*) FROM portatext_api.ledger), (SELECT count(*) FROM portatext_api.jobs), (SELECT count(*) FROM portatext_api.tariffs);

RESET SESSION AUTHORIZATION;
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
DROP ROLE regress_aa_red, regress_aa_blue, regress_aa_none;
