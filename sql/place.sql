-- Single calls: what is refused, idempotency, cancelling; explain_pacing.  No worker: nobody is called here.
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
\set VERBOSITY default
\pset format unaligned
\pset tuples_only on
\pset null -

DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

CREATE ROLE regress_place_red LOGIN;
CREATE ROLE regress_place_blue LOGIN;
SELECT portatext.create_account('place, red', sandbox => true) AS red, portatext.create_account('place, blue', sandbox => true) AS blue \gset
SELECT portatext.grant_account('regress_place_red', :red), portatext.grant_account('regress_place_blue', :blue);
SELECT portatext.set_call_tariff('1', 2, 1, account_id => :red);
\set flow '[{"wait":{"seconds":1}}]'

SET SESSION AUTHORIZATION regress_place_red;
-- What must be given, and in which form.
SELECT portatext.place_call(NULL, :'flow');
SELECT portatext.place_call('+12125550100', NULL);
SELECT portatext.place_call('+12125550100', :'flow', dial_timeout => NULL);
SELECT portatext.place_call('12', :'flow');
SELECT portatext.place_call('+12125550100', '[{"wait":{"seconds":0}}]');
SELECT portatext.place_call('+12125550100', '[{"forward":{"team":true}}]');
SELECT portatext.place_call('+12125550100', :'flow', dial_timeout => 301);
SELECT portatext.place_call('+12125550100', :'flow', variables => '[1]');
-- A trunk must be there, and named if there are several.
SELECT portatext.place_call('+12125550100', :'flow');
RESET SESSION AUTHORIZATION;
INSERT INTO portatext.engine (name, adapter) VALUES ('one', 'gateway');
INSERT INTO portatext.trunk (account_id, engine_id, name) VALUES (:red, 1, 'trunk');
SET SESSION AUTHORIZATION regress_place_red;
SELECT portatext.place_call('+12125550100', :'flow', trunk => 7);
SELECT portatext.place_call('+12125550100', :'flow', from_number => '+12125550199');
SELECT portatext.place_call('+442071838750', :'flow');
-- Leg B costs as well: a telephone number without a tariff is not forwarded to, not even as an address (BILL-14).
SELECT portatext.place_call('+12125550100', '[{"forward":{"to":"+442071838750"}}]');
SELECT portatext.place_call('+12125550100', '[{"amd":{"if_machine":[{"forward":{"to":"sip:+442071838750@192.0.2.1"}}]}}]');
SELECT portatext.place_call('+12125550100', '[{"forward":{"to":"{{boss}}"}}]', variables => '{"boss": "+442071838750"}');
SELECT portatext.place_call('+12125550100', '[{"say":{"text":"Hello {{name}}"}}]');
SELECT portatext.place_call('+12125550100', :'flow');
SELECT portatext.blacklist_add('+12125550666') AS blacklisted \gset
SELECT portatext.place_call('+12125550666', :'flow');
RESET SESSION AUTHORIZATION;
SELECT portatext.recharge(10, account_id => :red) AS recharged \gset

-- Queued, with its first minute paid, once for a key; cancelled, and paid back.
SET SESSION AUTHORIZATION regress_place_red;
SELECT portatext.place_call('+1 212 555 0100', '[{"say":{"text":"Hello {{name}}"}}]', variables => '{"name": "A \"B\""}',
    send_at => portatext.now() + interval '1 hour', client_ref => 'mine', idempotency_key => 'k') AS call \gset
SELECT portatext.place_call('+12125550101', :'flow', idempotency_key => 'k') = :'call' AS same;
SELECT c.state, c.to_number, c.from_number, c.flow, c.variables, c.client_ref, c.due_at - portatext.now() > '59 minutes', c.reserved
    FROM portatext.call c;
SELECT portatext.place_call('+12125550101', :'flow', schedule => '{"any_day": {"from": "00:00", "to": "23:59"}, "months": [1,2,3,4,5,6,7,8,9,10,11,12]}') AS scheduled \gset
SELECT c.state, c.schedule_id IS NOT NULL FROM portatext.call c WHERE c.call_id = :'scheduled';
SELECT portatext.place_call('+12125550101', :'flow', schedule => '{"days": [31], "months": [2]}');
SET SESSION AUTHORIZATION regress_place_blue;
\set VERBOSITY sqlstate
SELECT portatext.cancel_call(:'call');
\set VERBOSITY default
SELECT portatext.explain_pacing(1);
SET SESSION AUTHORIZATION regress_place_red;
SELECT portatext.cancel_call('01900000-0000-7000-8000-000000000001');
SELECT portatext.cancel_call(:'call'), portatext.cancel_call(:'scheduled');
SELECT portatext.cancel_call(:'call');
SELECT c.state, c.result, c.hang_up_reason, c.reserved, c.cost FROM portatext.call c ORDER BY c.call_id;
SELECT portatext.balance();
RESET SESSION AUTHORIZATION;
UPDATE portatext.account SET suspended = true WHERE account_id = :red;
SET SESSION AUTHORIZATION regress_place_red;
SELECT portatext.place_call('+12125550101', :'flow');
RESET SESSION AUTHORIZATION;
UPDATE portatext.account SET suspended = false WHERE account_id = :red;
INSERT INTO portatext.trunk (account_id, engine_id, name) VALUES (:red, 1, 'another');
SET SESSION AUTHORIZATION regress_place_red;
SELECT portatext.place_call('+12125550101', :'flow');
RESET SESSION AUTHORIZATION;

-- What a decision says: the dialer's words for its numbers.
INSERT INTO portatext.campaign (account_id, kind, name) VALUES (:red, 'telephony', 'c') RETURNING campaign_id \gset
INSERT INTO portatext.call_campaign (campaign_id, account_id, trunk_id, flow) VALUES (:campaign_id, :red, 1, :'flow');
INSERT INTO portatext.campaign_run (campaign_id, account_id, ord, state, reason) VALUES (:campaign_id, :red, 1, 'paused', 'requested') RETURNING run_id \gset
SET SESSION AUTHORIZATION regress_place_red;
SELECT * FROM portatext.explain_pacing(:campaign_id);
RESET SESSION AUTHORIZATION;
INSERT INTO portatext.call_pace (run_id, account_id, ticked_at, decision, placed_at, placed) VALUES (:run_id, :red, '2026-01-01 12:00',
    '{"method": "predictive", "limit": "abandonment", "place": 0, "withdraw": 0, "agents": 5, "idle": 1, "busy": 4, "waiting": 0,
      "ringing": 3, "others_ringing": 2, "targets": 100, "live": 200, "abandoned": 6, "horizon_s": 10, "expected_answers": 1.5,
      "expected_frees": 1.2, "loss": 0.1, "threshold": 0.05, "p_answer": 0.3, "acd_s": 61, "answer_s": 14, "load": 0, "line_cap": 20,
      "occupancy": 0.8, "abandonment": 0.03, "budget": 0}', '2026-01-01 11:59', '{"place": 2, "limit": "agents"}');
SET SESSION AUTHORIZATION regress_place_red;
SELECT * FROM portatext.explain_pacing(:campaign_id);
SELECT portatext.pacing_limit_text('nothing of the kind');
RESET SESSION AUTHORIZATION;

DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
DROP ROLE regress_place_red, regress_place_blue;
