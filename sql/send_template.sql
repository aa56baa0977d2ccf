-- Sending texts with variables: templates, values, what is counted and paid (TPL-01 to TPL-04).
SET client_min_messages = error;
\set SHOW_CONTEXT never

-- No worker that takes what waits.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

SELECT portatext.balance();
SELECT portatext.create_template('welcome', 'Hello {{name}}, your table {{ table }} is ready.') AS welcome \gset
SELECT portatext.create_template('closed', 'We are closed on Monday.') > 0 AS made;
-- The account's own contacts.
SELECT portatext.set_contact(v.number, v.variables)
    FROM (VALUES ('+12025550101', '{"name": "Ann", "table": 4}'::jsonb), ('+12025550102', '{"name": "Bob"}'),
        ('+12025550103', NULL), ('+12025550104', '{"name": "Zoë", "table": "ñandú"}'),
        ('+12025550105', jsonb_build_object('name', repeat('long ', 40), 'table', 1))) v (number, variables);
PREPARE told AS SELECT body, encoding, segments, cost, group_id IS NULL AS alone FROM portatext.message WHERE message_id = $1;

-- TPL-01: a template by name, and by id; TPL-02: values from the request go before the contact's.
SELECT portatext.send_sms('+12025550101', NULL, template => 'welcome') AS id \gset
EXECUTE told(:'id');
SELECT portatext.send_sms('1 (202) 555-0101', NULL, template => :'welcome', variables => '{"table": "{{name}}"}') AS id \gset
-- TPL-04: inserted literally
EXECUTE told(:'id');
-- A text without variables needs no values.
SELECT portatext.send_sms('+12025550103', NULL, template => 'closed') AS id \gset
EXECUTE told(:'id');
-- A body with variables is rendered; without, it is the text itself.
SELECT portatext.send_sms('+12025550102', 'Dear {{name}}, {{what}}!', variables => '{"what": "come"}') AS id \gset
EXECUTE told(:'id');
SELECT portatext.send_sms('+12025550102', 'Dear {{name}}, literally') AS id \gset
EXECUTE told(:'id');

-- TPL-04: length and cost are those of the rendered text.
SELECT recipient, CASE WHEN sqlstate IS NULL THEN
        final_body = portatext.render_template('Hello {{name}}, your table {{ table }} is ready.', c.variables) END AS same,
    encoding, units, segments, cost, sqlstate
    FROM portatext.contact c, LATERAL portatext.simulate_sms(c.number, NULL, template => 'welcome') s
    ORDER BY recipient;
SELECT sqlstate, reason FROM portatext.simulate_sms('+12025550101', 'Hi {{n}}', variables => '{"n": ""}');
SELECT reason FROM portatext.simulate_sms(NULL, 'Hello {{n}}', country => 'UY', variables => '{}');
SELECT final_body FROM portatext.simulate_sms('+12025550199', 'Hello {{n}}', variables => '{"n": "x"}');

-- TPL-03: a missing variable is an error; nothing is charged.
SELECT portatext.balance() AS before \gset
SELECT portatext.send_sms('+12025550102', NULL, template => 'welcome');
SELECT portatext.send_sms('+12025550199', NULL, template => 'welcome', variables => '{"name": null, "table": 1}');
SELECT portatext.send_sms('+12025550101', NULL, template => 'nowhere');
SELECT sqlstate, reason FROM portatext.simulate_sms('+12025550101', NULL, template => 'nowhere');
SELECT portatext.send_sms('+12025550101', 'Hello there', template => 'welcome');
SELECT portatext.send_sms('+12025550101', 'Hello there', variables => '["x"]');
SELECT portatext.send_sms('+12025550101', 'Hello {{there', variables => '{}');
SELECT portatext.send_sms('+12025550101', NULL, variables => '{}');
SELECT portatext.balance() = :before AS unchanged;
\set VERBOSITY sqlstate
SELECT portatext.send_sms('+12025550102', NULL, template => 'welcome');
SELECT portatext.send_sms('+12025550101', NULL, template => 'nowhere');
SELECT portatext.send_sms('+12025550101', 'Hello there', template => 'welcome');
SELECT portatext.send_sms('+12025550101', 'Hello there', variables => '"x"');
\set VERBOSITY default

-- A template is the account's own.
SELECT portatext.create_account('other', sandbox => true) AS other \gset
BEGIN;
SELECT portatext.act_as(:other);
SELECT sqlstate FROM portatext.simulate_sms('+12025550101', NULL, template => 'welcome');
SELECT sqlstate FROM portatext.simulate_sms('+12025550101', NULL, template => :'welcome');
ROLLBACK;

-- A batch: each recipient has a text, a length and a price of its own; a missing variable is a row.
SELECT * FROM portatext.send_sms_batch(ARRAY['+12025550102', 'nobody', '12025550103', NULL], NULL, template => 'welcome');
CREATE TEMP TABLE sent AS SELECT * FROM portatext.send_sms_batch(
    ARRAY['+12025550101', '+12025550102', '+1 202 555 0104', '+12025550105', '+12025550101'], NULL, template => 'welcome', client_ref => 'r');
SELECT s.ord, s.to_number, s.sqlstate, m.body, m.encoding, m.segments, m.cost, m.client_ref
    FROM sent s LEFT JOIN portatext.message m USING (message_id) ORDER BY s.ord;
SELECT l.amount = - m.cost AS paid, count(*) FROM portatext.message m JOIN portatext.ledger_entry l ON l.reference = m.message_id GROUP BY 1;
SELECT * FROM portatext.check_balances();
SELECT sqlstate, count(*) FROM portatext.send_sms_batch(ARRAY['+12025550101', '+12025550102'], NULL, template => 'nowhere') GROUP BY 1;
SELECT count(*) FROM portatext.send_sms_batch(ARRAY['+12025550101', '+12025550102'], NULL, template => 'welcome', on_error => 'raise');
SELECT portatext.recharge(2000) > 0 AS recharged;
-- More than one chunk; a template without variables is one text for all.
SELECT count(message_id), count(DISTINCT message_id) FROM portatext.send_sms_batch(
    ARRAY(SELECT '+1202556' || lpad(n::text, 4, '0') FROM generate_series(1, 1100) n), '{{a}} {{b}}', variables => '{"a": "both", "b": 2}');
SELECT count(message_id) FROM portatext.send_sms_batch(
    ARRAY(SELECT '+1202557' || lpad(n::text, 4, '0') FROM generate_series(1, 1100) n), NULL, template => 'closed');
SELECT body, count(*) FROM portatext.message WHERE to_number::text ~ '^\+120255[67]' GROUP BY 1 ORDER BY 1;
