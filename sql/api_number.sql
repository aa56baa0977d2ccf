-- REST API: the blacklist and the account's own numbers (BL-01 to BL-06, DID-01 to DID-08).
SET client_min_messages = error;
\set VERBOSITY terse
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

-- An installation as new as after CREATE EXTENSION, and no worker that takes what waits.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif
CREATE ROLE regress_an_red LOGIN;
CREATE ROLE regress_an_blue LOGIN;
SELECT portatext.create_account('an, red') AS red, portatext.create_account('an, blue') AS blue \gset
SELECT portatext.grant_account('regress_an_red', :red), portatext.grant_account('regress_an_blue', :blue);
SELECT portatext.assign_did('+13055557001', :red) AS did, portatext.assign_did('MYSHOP', :red, weight => 0) AS name,
       portatext.assign_did('+13055557002', :blue) AS other \gset
SELECT portatext.recharge(10, account_id => :red) AS credits, portatext.set_tariff('1786', 1, account_id => :red) AS tariff \gset
INSERT INTO portatext.carrier (name, adapter) VALUES ('an', 'kannel');

SET ROLE regress_an_red;
-- BL-01, BL-05: with or without +; what waits for it ends with a refund.
SELECT portatext_api.send_sms('17865550101', 'It will not go out', send_at => '2100-01-01') ->> 'status';
SELECT portatext_api.blacklist_add('17865550101', 'asked on the phone');
SELECT portatext_api.blacklist_add('+17865550102');
SELECT portatext_api.blacklist_add('+17865550102');
SELECT number, reason FROM portatext_api.blacklist ORDER BY number;
SELECT state, error_code FROM portatext_api.messages WHERE number = '17865550101';
SELECT portatext_api.blacklist_remove('17865550102'), portatext_api.blacklist_remove('17865550102');
\set VERBOSITY sqlstate
SELECT portatext_api.blacklist_add('no number');
SELECT portatext_api.blacklist_add(NULL);
SELECT portatext_api.blacklist_remove('no number');
\set VERBOSITY terse

-- BL-06: a file, as the body and as an argument, and out again.
SELECT portatext_api.import_blacklist_csv(E'number,reason\n17865550103,left\n+17865550104,\n17865550103,twice\n') - 'job_id';
SELECT portatext_api.import_blacklist_csv(E'number\n17865550105\nx\n') - 'job_id';
-- Refused lines do not make an error, which would take back their record, but the status.
BEGIN;
SELECT set_config('request.method', 'POST', true);
SELECT b -> 'code' FROM portatext_api.import_blacklist(E'number\nx\n') b;
SELECT current_setting('response.status');
SELECT set_config('request.headers', '{"x-skip-bad": "true", "x-region": "US"}', true);
SELECT portatext_api.import_blacklist_csv(E'number\n7865550107\nx\n') - 'job_id';
ROLLBACK;
SELECT portatext_api.import_blacklist(E'number\n17865550105\nx\n', skip_bad => true) - 'job_id';
SELECT portatext_api.import_blacklist(E'number\n7865550106\n', region => 'US') - 'job_id';
SELECT number, reason FROM portatext_api.blacklist ORDER BY number;
SELECT portatext_api.export_blacklist();
SELECT portatext_api.import_blacklist_csv(portatext_api.export_blacklist()) - 'job_id';
\set VERBOSITY sqlstate
SELECT portatext_api.import_blacklist(E'number\n', region => 'Narnia');
\set VERBOSITY terse

-- Numbers and what they do with what comes in.
SELECT number, country, weight, healthy, stop_detection, auto_reply, cnam_enabled FROM portatext_api.dids ORDER BY number;
SELECT portatext_api.did_settings('13055557001', '{"stop_detection": true, "auto_reply": "We are closed."}') - 'stop_text';
SELECT portatext_api.did_settings('+13055557001', '{"auto_reply": null}') -> 'auto_reply';
SELECT stop_detection, auto_reply FROM portatext_api.dids WHERE number = '13055557001';
SELECT count(*) FROM portatext_api.sender_health;
\set VERBOSITY sqlstate
SELECT portatext_api.did_settings('13055557002', '{"stop_detection": true}');
SELECT portatext_api.did_settings('13055557001', '{"auto_reply": "Hm"}');
SELECT portatext_api.did_settings('13055557001', '{"colour": "red"}');
SELECT portatext_api.did_settings('13055557001', '{"stop_detection": "perhaps"}');
\set VERBOSITY terse

-- Another account sees none of it, and nobody writes past the functions.
SET ROLE regress_an_blue;
SELECT count(*) FROM portatext_api.blacklist;
SELECT number FROM portatext_api.dids;
SELECT portatext_api.blacklist_remove('17865550103');
\set VERBOSITY sqlstate
INSERT INTO portatext_api.blacklist (reason) VALUES ('x');
UPDATE portatext_api.dids SET stop_detection = true;
DELETE FROM portatext_api.blacklist;
\set VERBOSITY terse
RESET ROLE;

-- One number of many: by the index.
INSERT INTO portatext.blacklist (account_id, number) SELECT :red, '+1786' || 6000000 + i FROM generate_series(1, 20000) i;
ANALYZE portatext.blacklist;
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ 'Scan|Sort' THEN
            RETURN NEXT regexp_replace(line, '.*->|^ +', '');
        END IF;
    END LOOP;
END $$;
SET ROLE regress_an_red;
SELECT pg_temp.plan($$SELECT * FROM portatext_api.blacklist WHERE number = '17865550103'$$);
SELECT pg_temp.plan($$SELECT * FROM portatext_api.blacklist WHERE number > '17865550103' ORDER BY number LIMIT 100$$);
RESET ROLE;
SELECT portatext.revoke_account('regress_an_red'), portatext.revoke_account('regress_an_blue');
DROP ROLE regress_an_red, regress_an_blue;
