-- Routes: create_route, route_for, the carrier of a message, pools of senders.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = error;
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

CREATE ROLE regress_route_operator LOGIN;
CREATE ROLE regress_route_app LOGIN;
GRANT portatext_operator TO regress_route_operator;
SELECT portatext.create_carrier('first', 'loopback') AS first,
    portatext.create_carrier('second', 'loopback', priority => 200) AS second,
    portatext.create_carrier('third', 'loopback', priority => 300) AS third \gset
SELECT portatext.create_account('routed') AS account \gset
SELECT portatext.create_account('pinned', carrier => 'third') AS pinned \gset
SELECT portatext.create_account('sandbox', sandbox => true) AS sandbox \gset
SELECT portatext.grant_account('regress_route_app', :account);
SELECT portatext.recharge(10000, 'test', :account), portatext.recharge(100, 'test', :pinned);
SELECT portatext.set_tariff('', 1) > 0 AS priced;
SELECT portatext.assign_did('+15550001111', :account) > 0 AS assigned;
SELECT portatext.assign_did('+15550002222', :pinned) > 0 AS assigned;

-- Without routes: the pinned carrier, else the lowest priority; a sandbox stays at home.
SET SESSION AUTHORIZATION regress_route_operator;
SELECT ord, carrier, taken, reason FROM portatext.route_for('+491701234567', account_id => :account);
SELECT ord, carrier, taken, reason FROM portatext.route_for('+491701234567', account_id => :pinned);
SELECT ord, carrier, taken, reason FROM portatext.route_for('+491701234567', account_id => :sandbox);

SELECT portatext.create_carrier('web', 'kannel', '{"url": "http://127.0.0.1:9/", "dlr_url": "http://127.0.0.1:9"}', 'u', 'p') AS web \gset
SELECT ord, carrier, taken, reason FROM portatext.route_for('+491701234567', account_id => :account);

-- The order: longest destination, own, longest sender, priority, cost.
SELECT portatext.create_route('first') AS everywhere,
    portatext.create_route('second', '49', cost => 0.07) AS dear,
    portatext.create_route('third', '+49', cost => 0.06) AS cheap,
    portatext.create_route('first', '+49', priority => 200, cost => 0.01) AS later,
    portatext.create_route('second', '+49', sender_prefix => '+1666') AS other_sender,
    portatext.create_route('second', '+49', sender_prefix => '+1555', valid_to => '2020-01-01 00:00+00') AS past,
    portatext.create_route('second', '+49', sender_prefix => '+1555', valid_from => '2999-01-01 00:00+00') AS future,
    portatext.create_route('second', '+44', :account) AS own \gset
SELECT ord, carrier, taken, reason, sender_prefix, destination_prefix, priority, weight, cost
FROM portatext.route_for('+491701234567', account_id => :account);
SELECT portatext.route(:account, '+15550001111', '+491701234567') = :third AS cheapest;
SELECT ord, carrier, taken, reason, route_account IS NOT NULL AS own FROM portatext.route_for('+447700900123', account_id => :account);
-- A pinned account knows its own routes alone; a sandbox none.
SELECT ord, carrier, taken, reason FROM portatext.route_for('+491701234567', account_id => :pinned);
SELECT ord, carrier, taken, reason FROM portatext.route_for('+491701234567', account_id => :sandbox);

-- Carriers that cannot are passed over; when no other can, the message waits.
SELECT portatext.stop_carrier('third', 'test');
SELECT carrier, taken, reason FROM portatext.route_for('+491701234567', '+1777', :account);
SELECT portatext.disable_carrier('second');
SELECT portatext.stop_carrier('first', 'test');
SELECT carrier, taken, reason FROM portatext.route_for('+491701234567', '+1777', :account);
SELECT portatext.disable_carrier('first'), portatext.disable_carrier('third');
SELECT carrier, taken, reason FROM portatext.route_for('+491701234567', '+1777', :account);
SELECT portatext.enable_carrier(c), portatext.resume_carrier(c) IS NOT NULL FROM unnest(ARRAY['first', 'second', 'third']) c;

-- An operator's function takes the place of routes.
RESET SESSION AUTHORIZATION;
CREATE FUNCTION public.route_to_second(bigint, text, text) RETURNS integer LANGUAGE sql STABLE
    AS $$ SELECT carrier_id FROM portatext.carriers WHERE name = 'second' $$;
SET portatext.route_function = 'public.route_to_second';
SELECT carrier, taken, reason FROM portatext.route_for('+491701234567', account_id => :account);
RESET portatext.route_function;

-- What is refused, and who may.
SET SESSION AUTHORIZATION regress_route_operator;
SELECT portatext.create_route('nobody');
SELECT portatext.create_route(NULL);
SELECT portatext.create_route('first', 'abc');
SELECT portatext.create_route('first', account_id => 999999);
SELECT portatext.create_route('first', weight => -1);
SELECT portatext.create_route('first', valid_from => '2026-01-02 00:00+00', valid_to => '2026-01-01 00:00+00');
SELECT portatext.route_for('+491701234567', account_id => 999999);
SELECT portatext.next_route(1, '', '', '', 1, 1, ARRAY[NULL::int]);
SELECT portatext.disable_carrier('second');
SELECT portatext.drop_carrier('second');
SELECT portatext.enable_carrier('second');
SELECT portatext.drop_route(:own), portatext.drop_route(:own) AS again;
SET SESSION AUTHORIZATION regress_route_app;
SELECT * FROM portatext.route;
SELECT * FROM portatext.route_for('+491701234567');
SELECT portatext.create_route('first');
RESET SESSION AUTHORIZATION;

-- Weights: thousands of recipients in the routes' proportions, each always the same way.
SELECT portatext.create_route('first', '+33', weight => 1) AS r1, portatext.create_route('second', '+33', weight => 3) AS r2,
    portatext.create_route('third', '+33', weight => 0) AS r3 \gset
SELECT c.name, count(*) BETWEEN 700 AND 1300 AS a_quarter, count(*) BETWEEN 2700 AND 3300 AS three_quarters,
    bool_and(portatext.route(:account, '+15550001111', '+336' || n) = portatext.route(:account, '', '+336' || n)) AS same
FROM generate_series(10000001, 10004000) n
JOIN portatext.carriers c ON c.carrier_id = portatext.route(:account, '', '+336' || n)
GROUP BY 1 ORDER BY 1;

-- reroute: what waits goes to the next route, unless that would change the charge (BILL-01).
SET portatext.account_id = :account;
SELECT portatext.send_sms('+491701234567', 'short and simple') AS plain,
    portatext.send_sms('+491701234568', repeat('x', 800)) AS long \gset
RESET portatext.account_id;
SELECT m.to_number, c.name, segments FROM portatext.message m JOIN portatext.carriers c USING (carrier_id) ORDER BY 1;
SELECT portatext.alter_carrier('second', wide_reference => true) IS NOT NULL AS altered;
SELECT portatext.drop_route(:later), portatext.drop_route(:everywhere);
SELECT portatext.send_sms('+491701234569', 'later on', send_at => portatext.now() + '1 day', priority => 'bulk') IS NOT NULL AS sent
FROM set_config('portatext.account_id', :'account', false);
RESET portatext.account_id;
-- 800 characters are 6 segments for both; 918 fill 6 of 153 but not of 152.
SELECT portatext.send_sms('+491701234570', repeat('y', 918)) IS NOT NULL AS sent FROM set_config('portatext.account_id', :'account', false);
RESET portatext.account_id;
SELECT portatext.reroute('third');
SELECT m.to_number, c.name, segments, o.lane = m.carrier_id * 2 + (m.priority = 'bulk')::int AS lane_agrees, m.attempts, m.tried
FROM portatext.message m JOIN portatext.carriers c USING (carrier_id) JOIN portatext.outbox o USING (message_id) ORDER BY 1;
SELECT portatext.reroute('third') AS nothing_more;
SELECT * FROM portatext.check_balances();

-- Parked ones, too; a message of which a part went out stays.
WITH o AS (DELETE FROM portatext.outbox WHERE to_number = '+491701234567' RETURNING *)
INSERT INTO portatext.parked (key, due, message_id, lane, segments, to_number)
SELECT 's:+15550001111', due, message_id, lane, 1, to_number FROM o;
INSERT INTO portatext.message_part (message_id, part, state) VALUES (:'long', 1, 'accepted');
SELECT portatext.reroute('second');
SELECT p.lane = :third * 2 AS lane_moved, m.carrier_id = :third AS carrier_moved
FROM portatext.parked p JOIN portatext.message m USING (message_id);
SELECT c.name FROM portatext.message m JOIN portatext.carriers c USING (carrier_id) WHERE message_id = :'long';

-- The scheduler's part: only from carriers that are stopped or fail.
SELECT portatext.leave_failing_carriers(100);
SELECT portatext.breaker_open(:first);

-- Pools: SMS-14, CAMP-08 by weight, sticky; 0 only when named; the recipient's country first.
SELECT portatext.assign_did('+15550001112', :account, weight => 3) > 0 AS a, portatext.assign_did('+447700900001', :account) > 0 AS b,
    portatext.assign_did('+15550001113', :account, weight => 0) > 0 AS c;
SET portatext.account_id = :account;
CREATE VIEW public.sender_of AS
SELECT n, (portatext.simulate_sms('+1202' || n, 'Hello you')).sender AS "any",
    (portatext.simulate_sms('+1202' || n, 'Hello you', '+15550001111,+447700900001,+15550001113')).sender AS listed
FROM generate_series(5000001, 5002000) n;
SELECT "any", count(*) BETWEEN 400 AND 600 AS a_quarter, count(*) BETWEEN 1400 AND 1600 AS three_quarters FROM public.sender_of GROUP BY 1 ORDER BY 1;
-- CAMP-09: a list is shared out evenly
SELECT listed, count(*) BETWEEN 580 AND 760 AS a_third FROM public.sender_of GROUP BY 1 ORDER BY 1;
SELECT sender FROM portatext.simulate_sms('+447700900999', 'Hello you');
-- CAMP-10: who had a sender that stays keeps it
CREATE TEMP TABLE before AS SELECT * FROM public.sender_of;
SELECT portatext.weigh_did('+15550001112', 6), portatext.weigh_did('+15559999999', 1) AS nobodys;
SELECT count(*) FROM public.sender_of s JOIN before b USING (n) WHERE b."any" = '+15550001112' AND s."any" <> b."any";

-- Health: a query over receipts; the senders whose messages do not arrive are passed over.
RESET portatext.account_id;
INSERT INTO portatext.message (message_id, account_id, carrier_id, segments, cost, from_number, to_number, encoding, body, state, step)
SELECT portatext.uuid7(), :account, :first, 1, 1, s, '+12025550100', 'gsm', 'Hello you',
    CASE WHEN n % 10 < good THEN 'delivered' ELSE 'undelivered' END::portatext.message_state, 'final'
FROM (VALUES ('+15550001112', 2), ('+447700900001', 9)) v(s, good), generate_series(1, 60) n;
SELECT number, delivered, undelivered, share, healthy FROM portatext.sender_health();
SELECT portatext.refresh_sender_health();
SELECT number, delivered, undelivered FROM portatext.unhealthy_sender;
SELECT type, subject, payload FROM portatext.event WHERE type = 'did.unhealthy';
SET portatext.account_id = :account;
SELECT DISTINCT "any" FROM public.sender_of;
RESET portatext.account_id;
-- All are bad: a message is still sent.
SET portatext.sender_min_delivered = 1;
UPDATE portatext.message SET state = 'undelivered' WHERE body = 'Hello you' AND from_number = '+447700900001';
INSERT INTO portatext.message (message_id, account_id, carrier_id, segments, cost, from_number, to_number, encoding, body, state, step)
SELECT portatext.uuid7(), :account, :first, 1, 1, '+15550001111', '+12025550100', 'gsm', 'Hello you', 'undelivered', 'final'
FROM generate_series(1, 60) n;
SELECT portatext.refresh_sender_health();
SET portatext.account_id = :account;
SELECT count(DISTINCT "any") FROM public.sender_of;
RESET portatext.account_id;
-- Switched off, all are well again.
SET portatext.sender_min_delivered = 0;
SELECT portatext.refresh_sender_health();
SELECT count(*) FROM portatext.unhealthy_sender;
RESET portatext.sender_min_delivered;

DROP VIEW public.sender_of;
DROP FUNCTION public.route_to_second(bigint, text, text);
DROP OWNED BY regress_route_operator, regress_route_app;
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
DROP ROLE regress_route_operator, regress_route_app;
