-- Messages that are sent together and counted together.  SMS-13: the contacts of lists.
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
SELECT portatext.recharge(5000) > 0 AS recharged;
SELECT account_id AS mine FROM portatext.account \gset
SELECT portatext.create_contact_list(name) > 0 AS made FROM unnest('{north,south,empty}'::text[]) name;
SELECT portatext.set_contact(v.number, v.variables, v.list)
    FROM (VALUES
        (NULL, '+12025550101', '{"name": "Ann", "where": "home"}'::jsonb), (NULL, '+12025550103', '{"where": "home"}'),
        ('north', '+12025550101', '{"where": "north"}'), ('north', '+12025550102', '{"name": "Bob", "where": "north"}'),
        ('south', '+12025550102', '{"name": "Bob", "where": "south"}'), ('south', '+12025550103', NULL),
        ('south', '+12025550104', '{"name": "Dan"}')) v (list, number, variables);

-- Are the counts those of the messages?  Nothing is shown if so.
CREATE FUNCTION pg_temp.wrong_counts() RETURNS SETOF record LANGUAGE sql AS $$
    SELECT group_id, state, messages, credits FROM portatext.message_group_count WHERE messages <> 0 OR credits <> 0
    EXCEPT
    SELECT group_id, state, count(*), sum(CASE WHEN state IN ('queued', 'sending', 'delivered', 'undelivered') THEN cost ELSE 0 END)
        FROM portatext.message WHERE group_id IS NOT NULL GROUP BY 1, 2
    UNION ALL
    (SELECT group_id, state, count(*), sum(CASE WHEN state IN ('queued', 'sending', 'delivered', 'undelivered') THEN cost ELSE 0 END)
        FROM portatext.message WHERE group_id IS NOT NULL GROUP BY 1, 2
    EXCEPT
    SELECT group_id, state, messages, credits FROM portatext.message_group_count)
$$;
CREATE VIEW pg_temp.counts AS
    SELECT state, messages, credits FROM portatext.message_group_count c
    WHERE group_id = (SELECT max(group_id) FROM portatext.message_group) AND messages <> 0 ORDER BY state;

-- SMS-15: who is in two lists gets it once; the first list's variables, before the own contacts'.
CREATE TEMP TABLE sent AS
    SELECT * FROM portatext.send_sms_to_lists('{north,south}', 'Hello {{name}} from {{where}}', variables => '{}', client_ref => 'r');
SELECT s.ord, s.to_number, s.sqlstate, s.reason, m.body, m.priority, m.client_ref
    FROM sent s LEFT JOIN portatext.message m USING (message_id) ORDER BY s.ord;
SELECT count(DISTINCT group_id), count(*) FROM portatext.message;
TABLE pg_temp.counts;
-- What is given goes before both.
DROP TABLE sent;
CREATE TEMP TABLE sent AS SELECT * FROM portatext.send_sms_to_lists('{south,north}', 'Hello {{name}} from {{where}}',
    variables => '{"name": "all"}', priority => 'transactional');
SELECT s.to_number, s.sqlstate, m.body, m.priority FROM sent s LEFT JOIN portatext.message m USING (message_id) ORDER BY s.ord;
TABLE pg_temp.counts;
-- The same text for all.
SELECT to_number, sqlstate FROM portatext.send_sms_to_lists('{north}', 'Hello north');
SELECT count(*), count(DISTINCT group_id) FROM portatext.message WHERE body = 'Hello north';
-- A list that is a query, with another list.
SELECT portatext.create_query_list('asked', 'SELECT n AS number, n AS what FROM unnest(''{12025550102,1 202 555 0109}''::text[]) n') > 0 AS made;
DROP TABLE sent;
CREATE TEMP TABLE sent AS SELECT * FROM portatext.send_sms_to_lists('{asked,north}', 'We asked {{what}}', variables => '{}');
SELECT s.to_number, s.sqlstate, m.body FROM sent s LEFT JOIN portatext.message m USING (message_id) ORDER BY s.ord;
-- Blacklisted ones are refused, and repeated calls with a key send nothing twice.
SELECT portatext.blacklist_add('+12025550104');
SELECT to_number, sqlstate FROM portatext.send_sms_to_lists('{south}', 'Hello south', idempotency_key => 'k');
SELECT count(*) FROM portatext.message WHERE body = 'Hello south';
SELECT count(message_id) FROM portatext.send_sms_to_lists('{south,north}', 'Hello south', idempotency_key => 'k');
SELECT count(*) FROM portatext.message WHERE body = 'Hello south';
SELECT count(*) FROM portatext.send_sms_to_lists('{empty}', 'Hello empty');
SELECT count(*) FROM portatext.send_sms_to_lists('{}', 'Hello empty');
SELECT count(*) FROM portatext.send_sms_to_lists(NULL, 'Hello empty');
SELECT count(*) FROM portatext.send_sms_to_lists('{north,nowhere}', 'Hello north');
SELECT count(*) FROM portatext.send_sms_to_lists('{north,NULL}', 'Hello north');
SELECT count(*) FROM portatext.send_sms_to_lists('{north,south}', 'Hello again', on_error => 'raise');
SELECT count(*) FROM portatext.message WHERE body = 'Hello again';
SELECT * FROM pg_temp.wrong_counts() AS (group_id bigint, state portatext.message_state, messages bigint, credits numeric);

-- More contacts than a chunk.
INSERT INTO portatext.contact (version, number, account_id)
    SELECT l.version, '+1202556' || lpad(n::text, 4, '0'), l.account_id FROM portatext.contact_list l, generate_series(1, 2100) n WHERE l.name = 'empty';
SELECT count(message_id), max(ord), count(DISTINCT to_number) FROM portatext.send_sms_to_lists('{empty}', 'Hello everybody');
TABLE pg_temp.counts;

-- Every change of state is counted: cancelled, blacklisted, expired, settled, receipts.
SELECT portatext.cancel_sms(message_id) FROM portatext.message WHERE body = 'Hello everybody' AND to_number::text = '+12025560001';
SELECT portatext.blacklist_add('+12025560002');
TABLE pg_temp.counts;
SELECT * FROM pg_temp.wrong_counts() AS (group_id bigint, state portatext.message_state, messages bigint, credits numeric);
CREATE FUNCTION pg_temp.one(n int) RETURNS uuid LANGUAGE sql AS $$
    SELECT message_id FROM portatext.message WHERE body = 'Hello everybody' AND to_number::text = '+1202556' || lpad(n::text, 4, '0') $$;
SELECT carrier_id AS carrier FROM portatext.message WHERE message_id = pg_temp.one(3) \gset
SELECT portatext.apply_receipts(:carrier, '{NULL,NULL,NULL,NULL}', ARRAY[pg_temp.one(3), pg_temp.one(4), pg_temp.one(5), pg_temp.one(6)],
    '{NULL,NULL,NULL,NULL}', '{accepted,delivered,undelivered,rejected}', '{NULL,NULL,1,2}') AS found;
TABLE pg_temp.counts;
-- What has gone on stays; what was accepted goes on.
SELECT portatext.apply_receipts(:carrier, '{NULL,NULL,NULL,NULL}', ARRAY[pg_temp.one(3), pg_temp.one(4), pg_temp.one(5), pg_temp.one(6)],
    '{NULL,NULL,NULL,NULL}', '{delivered,undelivered,delivered,accepted}', '{NULL,1,NULL,NULL}') AS found;
TABLE pg_temp.counts;
SELECT * FROM pg_temp.wrong_counts() AS (group_id bigint, state portatext.message_state, messages bigint, credits numeric);
-- Settled as failed, as sent, and sent again.
DELETE FROM portatext.outbox WHERE message_id IN (pg_temp.one(7), pg_temp.one(8), pg_temp.one(9));
INSERT INTO portatext.attention (account_id, kind, message_id) SELECT :mine, 'failed', pg_temp.one(n) FROM generate_series(7, 9) n;
SELECT portatext.settle_message(pg_temp.one(7), 'failed'), portatext.settle_message(pg_temp.one(8), 'sent'),
    portatext.settle_message(pg_temp.one(9), 'resend');
TABLE pg_temp.counts;
SELECT * FROM pg_temp.wrong_counts() AS (group_id bigint, state portatext.message_state, messages bigint, credits numeric);
SELECT * FROM portatext.check_balances();
