-- What calls cost: reserved before they are placed, paid minute by minute, exact at the end (BILL-11, BILL-14, BILL-20, BILL-24).
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\pset null -

-- No worker: nobody asks an engine here.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

SELECT portatext.create_account('pays', sandbox => true) AS account \gset
INSERT INTO portatext.engine (name, adapter) VALUES ('one', 'gateway');
INSERT INTO portatext.trunk (account_id, engine_id, name) VALUES (:account, 1, 'trunk');
-- Calls to +1 202: 0.5 a call and 2 a minute; to +1 212: 3 a minute.
INSERT INTO portatext.call_tariff (account_id, prefix, per_call, per_minute) VALUES (:account, '1202', 0.5, 2), (:account, '1212', 1, 3);
CREATE TEMP TABLE start AS SELECT portatext.now() - interval '10 minutes' AS at;
CREATE FUNCTION pg_temp.id(n int) RETURNS uuid LANGUAGE sql AS $$ SELECT ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid $$;
-- A single call, placed ten minutes ago; whether it is paid for.
CREATE FUNCTION pg_temp.place(n int, number text DEFAULT '+12025550100') RETURNS boolean LANGUAGE sql AS $$
    INSERT INTO portatext.call (call_id, account_id, engine_id, trunk_id, to_number, flow, state, placed_at)
        SELECT pg_temp.id(n), (SELECT account_id FROM portatext.account WHERE name = 'pays'), 1, 1, number, '[]', 'placing', at FROM start;
    SELECT portatext.reserve_call(pg_temp.id(n));
$$;
CREATE FUNCTION pg_temp.leg(facts jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_object_agg(k, CASE WHEN k LIKE '%\_at' THEN to_jsonb(EXTRACT(epoch FROM s.at) + v::text::numeric) ELSE v END)
        FROM jsonb_each(facts) x (k, v), start s
$$;
-- One event with what it says of the legs, in seconds after the start.
CREATE FUNCTION pg_temp.tell(n int, leg text, kind text, a jsonb DEFAULT NULL, b jsonb DEFAULT NULL) RETURNS int LANGUAGE sql AS $$
    SELECT portatext.receive_call_events('one', jsonb_strip_nulls(jsonb_build_object('call_id', pg_temp.id(n), 'leg', leg, 'event', kind,
        'seq', (SELECT count(*) FROM portatext.call_event e WHERE e.call_id = pg_temp.id(n)),
        'at', EXTRACT(epoch FROM s.at) + COALESCE(b ->> 'answered_at', b ->> 'ended_at', a ->> 'ended_at', a ->> 'answered_at', '600')::numeric, 'a', pg_temp.leg(a), 'b', pg_temp.leg(b)))) FROM start s
$$;
CREATE FUNCTION pg_temp.money(n int) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', c.state, 'reserved=' || trim_scale(c.reserved::numeric), 'cost=' || trim_scale(c.cost::numeric),
        'until=' || round(EXTRACT(epoch FROM c.paid_until - s.at)::numeric), c.hang_up_reason,
        'ledger=' || (SELECT string_agg(l.kind || ' ' || trim_scale(l.amount::numeric), ',' ORDER BY l.created_at, l.kind) FROM portatext.ledger_entry l
            WHERE l.reference = c.call_id OR l.note = 'call ' || c.call_id),
        'balance=' || trim_scale(portatext.balance(c.account_id)))
    FROM portatext.call c, start s WHERE c.call_id = pg_temp.id(n)
$$;
SET portatext.account_id = :account;
SELECT portatext.recharge(100);
RESET portatext.account_id;

-- Before it is placed: the call and its first minute.  A number without a tariff is not called (BILL-14).
SELECT pg_temp.place(1), pg_temp.place(2, '+442079460000');
SELECT pg_temp.money(1);
-- Who is not answered pays nothing.
SELECT pg_temp.tell(1, 'A', 'ended', a => '{"q850":17}');
SELECT pg_temp.money(1);
-- Each minute begun of leg A, none of an agent's SIP address.
SELECT count(pg_temp.place(n)) FROM generate_series(10, 16) n;
SELECT pg_temp.tell(10, 'A', 'ended', a => '{"q850":16,"answered_at":10,"ended_at":10}'), pg_temp.tell(11, 'A', 'ended', a => '{"q850":16,"answered_at":10,"ended_at":70}'),
    pg_temp.tell(12, 'A', 'ended', a => '{"q850":16,"answered_at":10,"ended_at":70.001}'), pg_temp.tell(13, 'A', 'ended', a => '{"q850":16,"answered_at":10,"ended_at":189}', b => '{"to":"sip:agent@example.com","answered_at":20,"ended_at":189,"q850":16}');
SELECT pg_temp.money(n) FROM generate_series(10, 13) n;
-- A number as leg B: its minutes by its own tariff, from its answer to its end.
SELECT pg_temp.tell(14, 'A', 'ended', a => '{"q850":16,"answered_at":10,"ended_at":200}', b => '{"to":"+12125550100","answered_at":30,"ended_at":95,"q850":16}');
SELECT pg_temp.money(14);
SELECT pg_temp.tell(15, 'A', 'ended', a => '{"q850":16,"answered_at":10,"ended_at":20}', b => '{"to":"+12125550100","q850":17,"ended_at":15}');
SELECT pg_temp.money(15);

-- While it is up it is paid in advance; what comes late is taken at once.
SELECT pg_temp.tell(16, 'A', 'answered', a => '{"answered_at":480}');
SELECT pg_temp.money(16);
SELECT pg_temp.tell(16, 'B', 'answered', b => '{"to":"+12125550100","answered_at":500}');
SELECT pg_temp.money(16);
SELECT portatext.pay_calls(at + interval '621 s') FROM start;
SELECT pg_temp.money(16);
SELECT portatext.pay_calls(at + interval '621 s') FROM start;
SELECT pg_temp.tell(16, 'A', 'ended', a => '{"q850":16,"ended_at":590}');
SELECT pg_temp.money(16);
-- What was paid too early, because the end was told late, comes back: more than the first payment was.
SELECT pg_temp.place(17);
SELECT pg_temp.tell(17, 'A', 'answered', a => '{"answered_at":10}');
SELECT portatext.pay_calls(at + interval '400 s') FROM start;
SELECT pg_temp.money(17);
SELECT pg_temp.tell(17, 'A', 'ended', a => '{"q850":16,"ended_at":20}');
SELECT pg_temp.money(17);
SELECT * FROM portatext.check_balances();
-- Leg B is paid as the flow has it, whatever the engine calls it: a number, also within an address.
SELECT pg_temp.place(40), pg_temp.place(41), pg_temp.place(42);
UPDATE portatext.call SET flow = '[{"forward":{"to":"+12125550100"}}]' WHERE call_id = pg_temp.id(40);
UPDATE portatext.call SET flow = '[{"forward":{"to":"sip:+12125550100@192.0.2.1"}}]' WHERE call_id = pg_temp.id(41);
UPDATE portatext.call SET flow = '[{"amd":{"if_human":[{"forward":{"to":"sip:agent@192.0.2.1"}}],"if_machine":[{"forward":{"to":"+12125550100"}}]}}]' WHERE call_id = pg_temp.id(42);
SELECT pg_temp.tell(n, 'A', 'ended', a => '{"q850":16,"answered_at":10,"ended_at":60}', b => '{"to":"12125550100","answered_at":20,"ended_at":60,"q850":16}') FROM generate_series(40, 41) n;
SELECT pg_temp.tell(42, 'A', 'answered', a => '{"answered_at":10}'), portatext.receive_call_events('one', jsonb_build_object('call_id', pg_temp.id(42), 'seq', 7, 'event', 'amd', 'amd', 'MACHINE'));
SELECT pg_temp.tell(42, 'A', 'ended', a => '{"q850":16,"ended_at":60}', b => '{"answered_at":20,"ended_at":60,"q850":16}');
SELECT pg_temp.money(n) FROM generate_series(40, 42) n;
SELECT * FROM portatext.check_balances();

-- BILL-11: never below zero.  Who cannot pay on is hung up, and pays what there is.
SET portatext.account_id = :account;
SELECT portatext.debit(portatext.balance() - 5);
RESET portatext.account_id;
SELECT pg_temp.place(20), pg_temp.place(21), pg_temp.place(22);
SELECT pg_temp.money(20);
SELECT portatext.balance_alerts() >= 0;
SELECT type, payload -> 'balance' FROM portatext.event WHERE type LIKE 'balance.%' ORDER BY event_id;
SELECT pg_temp.tell(20, 'A', 'answered', a => '{"answered_at":590}');
SELECT portatext.pay_calls(at + interval '655 s') FROM start;
SELECT pg_temp.money(20);
SELECT portatext.pay_calls(at + interval '655 s') FROM start;
SELECT pg_temp.tell(20, 'A', 'ended', a => '{"q850":16}');
SELECT pg_temp.money(20);
SELECT pg_temp.tell(21, 'A', 'ended', a => '{"q850":16,"answered_at":10,"ended_at":300}');
SELECT pg_temp.money(21);
SELECT portatext.balance(:account);
-- A call that has ended is neither paid for nor ended again.
SELECT portatext.reserve_call(pg_temp.id(20)), portatext.settle_call(pg_temp.id(20), 'ANSWER'), portatext.pay_calls();
-- The balance is the sum of the ledger (BILL-20).
SELECT * FROM portatext.check_balances();
SELECT kind, count(*), sum(amount) FROM portatext.ledger_entry GROUP BY 1 ORDER BY 1;

-- Undone with the transaction.
SET portatext.account_id = :account;
SELECT portatext.recharge(10);
RESET portatext.account_id;
BEGIN;
SELECT pg_temp.place(30);
ROLLBACK;
SELECT portatext.balance(:account);
SELECT * FROM portatext.check_balances();

-- A tariff beyond all reason: no sum runs over, the call is hung up and costs what there was.
INSERT INTO portatext.call_tariff (account_id, prefix, per_minute) VALUES (:account, '1305', 900000000000);
SET portatext.account_id = :account;
SELECT portatext.recharge(950000000000) > 0;
RESET portatext.account_id;
SELECT pg_temp.place(50, '+13055550100');
SELECT pg_temp.tell(50, 'A', 'answered', a => '{"answered_at":0}');
SELECT c.hang_up_reason, c.reserved::numeric FROM portatext.call c WHERE c.call_id = pg_temp.id(50);
SELECT pg_temp.tell(50, 'A', 'ended', a => '{"q850":16}');
SELECT c.cost::numeric FROM portatext.call c WHERE c.call_id = pg_temp.id(50);
SELECT * FROM portatext.check_balances();
