-- Accounts, identity and separation of tenants (GEN-11, design: identity).
SET client_min_messages = warning;
\set SHOW_CONTEXT never

-- As after CREATE EXTENSION.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;

-- An account is usable right after CREATE EXTENSION.
SELECT count(*) FROM portatext.account;
SELECT portatext.known_account() IS NULL AS none_yet, portatext.balance();
SELECT name, kind, sandbox, is_default FROM portatext.account;
SELECT number FROM portatext.did;
SELECT kind, amount FROM portatext.ledger_entry;
SELECT portatext.tariff_for('+12223334444'), portatext.message_cost('+12223334444', repeat('a', 161));

-- Two tenants and an operator.
CREATE ROLE regress_pt_red LOGIN;
CREATE ROLE regress_pt_blue LOGIN;
CREATE ROLE regress_pt_none LOGIN;
CREATE ROLE regress_pt_new LOGIN;
CREATE ROLE regress_pt_op LOGIN IN ROLE portatext_operator;
SELECT portatext.create_account('red') AS red \gset
SELECT portatext.create_account('blue', 'postpaid', 100, timezone => 'Europe/Madrid') AS blue \gset
SELECT portatext.grant_account('regress_pt_red', :red);
SELECT portatext.grant_account('regress_pt_blue', :blue);
GRANT portatext_account TO regress_pt_none;
SELECT portatext.recharge(50, 'paid', :red);
SELECT portatext.set_tariff('1', 2) > 0 AS set, portatext.set_tariff('44', 3, :blue) > 0 AS set;

-- Errors of making accounts.
SELECT portatext.create_account('bad', 'prepaid', 5);
SELECT portatext.create_account('bad', carrier => 'nowhere');
SELECT portatext.create_account('bad', timezone => 'Middle/Earth');
SELECT portatext.grant_account('regress_pt_red', 999);
SELECT portatext.grant_account('regress_pt_missing', :red);
SELECT portatext.suspend_account(999);
SELECT portatext.act_as(999);
SELECT portatext.balance(999);

-- GEN-11: each sees its own.
SET SESSION AUTHORIZATION regress_pt_red;
SELECT portatext.current_account() = :red AS mine, portatext.balance();
SELECT name FROM portatext.account;
SELECT role_name FROM portatext.account_role;
SELECT DISTINCT account_id = :red AS mine FROM portatext.ledger_entry;
SELECT DISTINCT account_id = :red AS mine FROM portatext.event;
-- BILL-15: its tariffs, not another's
SELECT prefix, credits, own FROM portatext.tariffs;
SELECT prefix FROM portatext.tariff;
SELECT portatext.tariff_for('+12223334444'), portatext.message_cost('+12223334444', 'hello'), portatext.tariff_for('+442079460000') IS NULL AS none;
-- No other way in.
SELECT portatext.balance(:blue);
SELECT portatext.act_as(:blue);
SET portatext.account_id = '1';
SELECT set_config('portatext.account_id', '1', true);
SELECT portatext.recharge(1000);
SELECT portatext.grant_bonus(1000);
SELECT portatext.debit(1, NULL, :blue);
SELECT portatext.create_account('more');
SELECT portatext.set_tariff('1', 0);
SELECT portatext.refund_messages('{}');
SELECT portatext.known_account() = :red AS mine;
SELECT portatext.sees_all();
SELECT portatext.make_default_account();
SELECT portatext.book_credit(:red, 'bonus', 1000, NULL);
INSERT INTO portatext.ledger_entry VALUES (:red, portatext.uuid7(), 'bonus', 1000);
UPDATE portatext.account SET credit_limit = 1000;
UPDATE portatext.balance_stripe SET amount = 1000;
SELECT count(*) FROM portatext.balance_stripe;
SELECT count(*) FROM portatext.carrier_secret;
-- What a tenant may change of its account.
SELECT portatext.account_settings('{"alert_when_credit_less_than": 10, "timezone": "America/New_York"}');
SELECT portatext.account_settings('{"alert_when_credit_less_than": null, "message_events": false}');
-- ALERT-23: where mails on inbound messages go; kept for the room that mails.
SELECT portatext.account_settings('{"email_on_inbound_sms": "red@example.com"}') -> 'email_on_inbound_sms';
SELECT portatext.account_settings('{"email_on_inbound_sms": "red"}');
SELECT portatext.account_settings('{"email_on_inbound_sms": null}') -> 'email_on_inbound_sms';
SELECT portatext.account_settings('{"kind": "postpaid"}');
SELECT portatext.account_settings('{"timezone": "Middle/Earth"}');
RESET SESSION AUTHORIZATION;

-- A role without an account sees nothing and can do nothing.
SET SESSION AUTHORIZATION regress_pt_none;
SELECT count(*) FROM portatext.account;
SELECT portatext.known_account() IS NULL AS none;
SELECT portatext.balance();
RESET SESSION AUTHORIZATION;

-- A superuser's SET ROLE speaks for that role; a tenant cannot.
SET ROLE regress_pt_blue;
SELECT portatext.current_account() = :blue AS blue;
SELECT name FROM portatext.account;
RESET ROLE;

-- An operator sees all, has the default account, and may act for another
-- account until the transaction's end.
SET SESSION AUTHORIZATION regress_pt_op;
SELECT count(*) FROM portatext.account;
SELECT portatext.sees_all();
SELECT portatext.balance(), portatext.balance(:red);
BEGIN;
SELECT portatext.act_as(:red);
SELECT portatext.current_account() = :red AS red, portatext.balance();
SAVEPOINT s;
SELECT portatext.act_as(:blue);
SELECT portatext.current_account() = :blue AS blue;
ROLLBACK TO s;
SELECT portatext.current_account() = :red AS red;
SELECT portatext.act_as(NULL);
SELECT portatext.current_account();
SELECT portatext.act_as(:blue);
COMMIT;
SELECT portatext.current_account();
-- Operators make accounts, but need a right that belongs to superusers to make members.
SELECT portatext.create_account('green') > 0 AS made;
\set VERBOSITY terse
SELECT portatext.grant_account('regress_pt_new', :red);
\set VERBOSITY default
SELECT portatext.grant_account('regress_pt_none', :red);
SELECT portatext.grant_account('regress_pt_blue', :red);
SELECT portatext.grant_account('regress_pt_blue', :blue);
SELECT portatext.revoke_account('regress_pt_none');
RESET SESSION AUTHORIZATION;

-- The setting: anything that is no account is no account, and never falls
-- through to the login role or the default.
SET portatext.account_id = '';
SELECT portatext.known_account() IS NULL AS none;
-- The message would name the superuser that runs the test.
\set VERBOSITY sqlstate
SELECT portatext.current_account();
\set VERBOSITY default
SET portatext.account_id = 'x1';
SELECT portatext.known_account() IS NULL AS none;
SET portatext.account_id = '-1';
SELECT portatext.known_account() IS NULL AS none;
SET portatext.account_id = '99999999999999999999';
SELECT portatext.known_account() IS NULL AS none;
SET portatext.account_id = '2';
SELECT portatext.known_account();
SET ROLE regress_pt_blue;
SELECT name FROM portatext.account;
RESET portatext.account_id;
DISCARD ALL;
SELECT portatext.known_account();
BEGIN;
SET LOCAL portatext.account_id = '2';
SELECT portatext.known_account();
ROLLBACK;
SELECT portatext.known_account();

-- Caches follow changes, also those rolled back.
SET ROLE regress_pt_red;
SELECT portatext.balance();
RESET ROLE;
BEGIN;
SELECT portatext.revoke_account('regress_pt_red');
SET LOCAL ROLE regress_pt_red;
SELECT portatext.known_account();
ROLLBACK;
SET ROLE regress_pt_red;
SELECT portatext.known_account() = (SELECT account_id FROM portatext.account) AS red_again;
RESET ROLE;

-- Clean up: roles outlive the database.
DELETE FROM portatext.tariff WHERE account_id IS NULL;
SELECT portatext.revoke_account('regress_pt_red'), portatext.revoke_account('regress_pt_red') AS twice;
SELECT portatext.revoke_account('regress_pt_blue');
DROP ROLE regress_pt_red, regress_pt_blue, regress_pt_none, regress_pt_new, regress_pt_op;
