-- Tariffs, balance, ledger, alerts.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
SELECT portatext.create_account('bill') AS acct \gset
SELECT portatext.create_account('owes', 'postpaid', 100) AS owes \gset
SELECT portatext.create_account('open', 'postpaid') AS open \gset

-- Tariffs: longest prefix, own row before the general one, validity.
SELECT portatext.set_tariff('1', 1) > 0 AS set, portatext.set_tariff('+44', 2.5) > 0 AS set, portatext.set_tariff('447', 3) > 0 AS set;
SELECT portatext.set_tariff('44', 2, :acct) > 0 AS set;
BEGIN;
SELECT portatext.act_as(:acct);
SELECT portatext.tariff_for('+12223334444') AS us, portatext.tariff_for('+442079460000') AS own, portatext.tariff_for('+447700900123') AS longer;
-- BILL-14: no tariff
SELECT portatext.tariff_for('+34600000000') IS NULL AS no_tariff, portatext.message_cost('+34600000000', 'hello') IS NULL AS no_cost;
-- BILL-01, BILL-02: segments times tariff, GSM and Unicode alike
SELECT portatext.message_cost('+447700900123', 'hello') AS one,
       portatext.message_cost('+447700900123', repeat('a', 161)) AS two_gsm,
       portatext.message_cost('+447700900123', repeat('ж', 71)) AS two_unicode;
-- BILL-16: a price of its own; a new rate begins, an old one ends
UPDATE portatext.account SET credit_price = 0.05 WHERE account_id = :acct;
SELECT prefix, credits, price, own FROM portatext.tariffs ORDER BY prefix;
SELECT portatext.set_tariff('1', 7, NULL, portatext.now() + interval '1 hour') > 0 AS set;
SELECT portatext.tariff_for('+12223334444') AS not_yet;
SELECT portatext.set_tariff('1', 5, NULL, portatext.now() - interval '1 hour', portatext.now() + interval '1 hour') > 0 AS set;
SELECT portatext.tariff_for('+12223334444') AS since_an_hour;
SELECT portatext.act_as(:owes);
SELECT portatext.tariff_for('+442079460000') AS general;
ROLLBACK;
\set VERBOSITY terse
SELECT portatext.set_tariff('x', 1);
SELECT portatext.set_tariff('1', -1);
SELECT portatext.set_tariff('1', 0.0000001);
SELECT portatext.set_tariff('1', 'NaN');
SELECT portatext.set_tariff('1', 'Infinity');
\set VERBOSITY default

-- Booking.
SELECT portatext.recharge(0);
SELECT portatext.recharge(-1);
SELECT portatext.recharge(0.0000001);
SELECT portatext.recharge('NaN');
SELECT portatext.recharge(1e12);
SELECT portatext.recharge(100, 'paid', :acct);
SELECT portatext.grant_bonus(10.5, 'sorry', :acct);
SELECT type, payload FROM portatext.event WHERE account_id = :acct ORDER BY event_id;

-- BILL-07, BILL-11: what is not there cannot be spent, and nothing is taken.
SELECT portatext.debit(110.500001, 'too much', :acct, false), portatext.balance(:acct);
SELECT portatext.debit(110.5, 'all', :acct, false), portatext.balance(:acct) IS NOT NULL AS known;
SELECT portatext.balance(:acct);
SELECT portatext.debit(0.000001, 'more', :acct, false);
-- BILL-10: a forced debit goes below zero; then outbound is refused, and a
-- recharge must first fill the hole.
SELECT portatext.debit(5, 'inbound', :acct);
SELECT portatext.balance(:acct);
SELECT portatext.debit(1, 'x', :acct, false);
SELECT portatext.recharge(5.5, NULL, :acct);
SELECT portatext.debit(1, 'x', :acct, false), portatext.debit(0.5, 'x', :acct, false);
SELECT portatext.balance(:acct);

-- ALERT-03 fired once for each crossing, ALERT-02 likewise, and rearmed (ALERT-25).
SELECT type, payload FROM portatext.event WHERE account_id = :acct AND type IN ('balance.low', 'balance.zero') ORDER BY event_id;
BEGIN;
SELECT portatext.act_as(:acct);
SELECT portatext.account_settings('{"alert_when_credit_less_than": 50}') IS NOT NULL AS set;
COMMIT;
SELECT portatext.recharge(60, NULL, :acct);
SELECT portatext.debit(10, 'still 50', :acct);
SELECT portatext.debit(1, 'now below', :acct);
SELECT portatext.debit(1, 'still below', :acct);
SELECT portatext.balance_alerts() AS nothing_missed;
SELECT portatext.recharge(2, NULL, :acct);
SELECT portatext.debit(1, 'below again', :acct);
SELECT type, payload -> 'balance' AS balance FROM portatext.event WHERE account_id = :acct AND type = 'balance.low' ORDER BY event_id;
-- ALERT-02: a threshold raised above the balance is noticed by the scheduler.
BEGIN;
UPDATE portatext.balance_alert SET low = false WHERE account_id = :acct;
SELECT portatext.balance_alerts() AS fired, portatext.balance_alerts() AS again;
COMMIT;
-- New accounts have crossed nothing.
SELECT count(*) FROM portatext.event WHERE account_id IN (:owes, :open);

-- Postpaid: down to the limit; without a limit, any.
SELECT portatext.debit(100, 'limit', :owes, false), portatext.debit(0.01, 'over', :owes, false);
SELECT portatext.balance(:owes);
SELECT portatext.debit(1000000, 'no limit', :open, false);
SELECT portatext.balance(:open);
-- Terms change with a balance.
SELECT portatext.set_account_terms(:owes, 'postpaid', 150);
SELECT portatext.debit(51, 'over', :owes, false), portatext.debit(50, 'limit', :owes, false);
SELECT portatext.set_account_terms(:owes, 'prepaid');
SELECT portatext.balance(:owes), portatext.debit(1, 'x', :owes, false);
SELECT portatext.recharge(151, NULL, :owes);
SELECT portatext.debit(1, 'x', :owes, false), portatext.debit(1, 'x', :owes, false);
SELECT portatext.set_account_terms(:open, 'postpaid', 10);
SELECT portatext.debit(1, 'x', :open, false);
SELECT portatext.set_account_terms(:open, 'prepaid', 10);
BEGIN;
SELECT portatext.recharge(10, NULL, :owes);
SELECT portatext.debit(1, 'x', :owes);
\set VERBOSITY terse
SELECT portatext.set_account_terms(:owes, 'postpaid');
\set VERBOSITY default
ROLLBACK;

-- BILL-20: balance = sum of the ledger; nobody rewrites the ledger.
SELECT * FROM portatext.check_balances();
UPDATE portatext.ledger_entry SET amount = 0;
DELETE FROM portatext.ledger_entry;
TRUNCATE portatext.ledger_entry;

-- Transactions: savepoints, PL/pgSQL exceptions, loops, commits within a procedure.
SELECT portatext.create_account('sub') AS sub \gset
SELECT portatext.recharge(32, NULL, :sub);
BEGIN;
SELECT portatext.debit(1, 'a', :sub, false);
SAVEPOINT a;
SELECT portatext.debit(20, 'b', :sub, false), portatext.balance(:sub);
SAVEPOINT b;
SELECT portatext.debit(11, 'c', :sub, false);
SELECT portatext.balance(:sub);
ROLLBACK TO b;
SELECT portatext.debit(10, 'd', :sub, false);
RELEASE b;
SELECT portatext.balance(:sub);
ROLLBACK TO a;
SELECT portatext.balance(:sub);
SELECT portatext.debit(31, 'e', :sub, false), portatext.debit(1, 'f', :sub, false);
ROLLBACK TO a;
SELECT portatext.debit(2, 'g', :sub, false);
COMMIT;
SELECT portatext.balance(:sub);
CREATE FUNCTION pg_temp.try_spend(account bigint, n int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    kept int := 0;
BEGIN
    FOR i IN 1..n LOOP
        BEGIN
            IF portatext.debit(0.25, 'loop', account, false) THEN
                kept := kept + 1;
            END IF;
            IF i % 2 = 0 THEN
                kept := kept - 1;
                RAISE EXCEPTION 'undone';
            END IF;
        EXCEPTION WHEN raise_exception THEN NULL;
        END;
    END LOOP;
    RETURN kept;
END $$;
SELECT pg_temp.try_spend(:sub, 20);
SELECT portatext.balance(:sub);
CREATE PROCEDURE public.spend_and_commit(account bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..3 LOOP
        PERFORM portatext.debit(1, 'procedure', account, false);
        IF i = 2 THEN ROLLBACK; ELSE COMMIT; END IF;
    END LOOP;
END $$;
CALL public.spend_and_commit(:sub);
DROP PROCEDURE public.spend_and_commit;
SELECT portatext.balance(:sub);
-- A failing statement takes its charges with it; so does a failing transaction.
SELECT portatext.debit(1, 'x', :sub, false), 1 / 0;
BEGIN;
SELECT portatext.debit(1, 'x', :sub, false);
SELECT 1 / 0;
COMMIT;
SELECT portatext.balance(:sub);
-- REPEATABLE READ and SERIALIZABLE
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT portatext.debit(1, 'rr', :sub, false), portatext.debit(100, 'rr', :sub, false);
SELECT portatext.balance(:sub);
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT portatext.debit(1, 's', :sub, false);
COMMIT;
-- a read-only transaction cannot spend
BEGIN READ ONLY;
SELECT portatext.debit(1, 'ro', :sub, false);
ROLLBACK;
SELECT portatext.balance(:sub);
-- a cursor and a trigger
CREATE TABLE public.bill_trigger (n int);
CREATE FUNCTION public.bill_charge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM portatext.debit(1, 'trigger', a.account_id, false) FROM portatext.account a WHERE a.name = 'sub';
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER t AFTER INSERT ON public.bill_trigger
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.bill_charge();
INSERT INTO public.bill_trigger VALUES (1), (2);
SELECT portatext.balance(:sub);
DROP TABLE public.bill_trigger;
DROP FUNCTION public.bill_charge;
BEGIN;
DECLARE c CURSOR FOR SELECT portatext.debit(1, 'cursor', :sub, false) FROM generate_series(1, 1000);
FETCH 2 FROM c;
COMMIT;
SELECT portatext.balance(:sub);
SELECT * FROM portatext.check_balances();

-- A charge under a savepoint is written at once; it counts, comes back and alarms like any other.
SELECT portatext.create_account('inner') AS inner \gset
SELECT portatext.recharge(1600, NULL, :inner) AS before, portatext.absorb_pending(:inner) AS absorbed;
UPDATE portatext.account SET alert_when_credit_less_than = 1588 WHERE account_id = :inner;
BEGIN;
SAVEPOINT a;
SELECT portatext.debit(10, 'a', :inner, false), portatext.balance(:inner);
SAVEPOINT b;
SELECT portatext.debit(5, 'b', :inner, false), portatext.balance(:inner);
ROLLBACK TO b;
SELECT portatext.balance(:inner);
RELEASE a;
SELECT portatext.debit(1, 'c', :inner, false), portatext.balance(:inner);
SAVEPOINT d;
SELECT portatext.debit(3, 'd', :inner, false), portatext.balance(:inner);
ROLLBACK TO d;
COMMIT;
SELECT portatext.balance(:inner);
BEGIN;
SAVEPOINT a;
SELECT portatext.debit(10, 'e', :inner, false), portatext.balance(:inner);
ROLLBACK TO a;
SELECT portatext.balance(:inner);
SELECT portatext.debit(2, 'f', :inner, false), portatext.balance(:inner);
RELEASE a;
COMMIT;
SELECT portatext.balance(:inner), (SELECT count(*) FROM portatext.check_balances()) AS wrong;
SELECT type, payload -> 'balance' AS balance FROM portatext.event WHERE account_id = :inner ORDER BY event_id;

-- One statement of many charges writes each stripe at most once: the work is linear.
SELECT portatext.recharge(100000, NULL, :sub) > 0 AS ok;
SELECT portatext.absorb_pending(:sub) IS NOT NULL AS done;
SELECT pg_stat_force_next_flush();
SELECT n_tup_upd AS before FROM pg_stat_user_tables WHERE relname = 'balance_stripe' \gset
SELECT count(*) FILTER (WHERE ok) FROM (SELECT portatext.debit(1, 'many', :sub, false) AS ok FROM generate_series(1, 20000)) x;
SELECT pg_stat_force_next_flush();
SELECT n_tup_upd - :before BETWEEN 1 AND 100 AS few_updates FROM pg_stat_user_tables WHERE relname = 'balance_stripe';
SELECT * FROM portatext.check_balances();
-- Absorbing moves booked credits, nothing else.
BEGIN;
SELECT portatext.recharge(5, NULL, :sub) AS before;
SELECT portatext.absorb_balances() > 0 AS absorbed;
SELECT count(*) FROM portatext.balance_pending;
COMMIT;
SELECT portatext.balance(:sub) AS after;
-- BILL-21: refunded once, in full, only what was charged.
BEGIN;
INSERT INTO portatext.message (message_id, account_id, inbound, carrier_id, segments, cost, from_number, to_number, encoding, body, created_at)
    SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, :sub, n = 4, 0, 1, 2, '+12025550100',
           CASE n WHEN 3 THEN '+34600000000' ELSE '+12025550123' END, 'gsm', 'hello',
           timestamptz '2026-01-31 23:30+00' + n * interval '20 min'
        FROM generate_series(1, 4) n;
INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount, created_at)
    SELECT account_id, message_id, CASE WHEN inbound THEN 'inbound' ELSE 'charge' END::portatext.ledger_kind, -cost, created_at
        FROM portatext.message WHERE account_id = :sub AND message_id <> '00000000-0000-7000-8000-000000000002';
SELECT portatext.refund_messages(ARRAY['00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002',
    '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000004', '00000000-0000-7000-8000-000000000009']::uuid[], 'test') AS one;
SELECT portatext.refund_messages(ARRAY['00000000-0000-7000-8000-000000000001']::uuid[]) AS none;
SELECT kind, amount, note FROM portatext.ledger_entry WHERE reference = '00000000-0000-7000-8000-000000000001' ORDER BY kind;
SELECT amount FROM portatext.balance_pending WHERE reference = '00000000-0000-7000-8000-000000000001';
-- BILL-19: per country and day, week or month of the account's zone, refunds taken off
SELECT portatext.act_as(:sub);
SELECT * FROM portatext.message_summary('2026-01-01', '2026-03-01');
SELECT * FROM portatext.message_summary('2026-01-01', '2026-03-01', 'month');
SELECT portatext.account_settings('{"timezone": "America/New_York"}') IS NOT NULL AS set;
SELECT * FROM portatext.message_summary('2026-01-01', '2026-03-01', 'week');
SAVEPOINT s;
SELECT * FROM portatext.message_summary('2026-01-01', '2026-03-01', 'year');
ROLLBACK;

-- An account that is no account.
SELECT portatext.debit(1, 'x', 999);
DELETE FROM portatext.tariff WHERE account_id IS NULL OR account_id = :acct;
