-- What a newcomer sees: messages sent by SQL, and what became of each.
\pset footer off
\pset linestyle unicode
\pset border 2
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION portatext;

\echo
\echo 'Balance of the sandbox account before:'
SELECT portatext.balance() AS credits;

-- The last four digits tell the carrier "loopback" what shall happen (docs/carriers.md).
\echo 'Sending six messages in one transaction ...'
\echo
BEGIN;
SELECT count(portatext.send_sms(to_number, body)) AS sent
FROM (VALUES
    (1, '+12223334444', 'Your table is ready, see you at 8.'),
    (2, '+13334445555', 'Ваш столик готов 😀'),
    (3, '+59899123456', 'A long text is cut into parts, where it harms no character, and joined by the telephone: '
        'each of its parts holds 153 characters instead of 160, because every part begins with a header that numbers it.'),
    (4, '+12223330001', 'The carrier refuses this number: the credits come back.'),
    (5, '+12223330002', 'The network cannot deliver this one.'),
    (6, '+12223330010', 'Somebody answers this one. Will you come?')) AS t (n, to_number, body) \gset
COMMIT;

-- Waits until every message has its receipt and the answer has come.
SET statement_timeout = '30s';
DO $$
BEGIN
    WHILE EXISTS (SELECT FROM portatext.message WHERE NOT inbound AND step <> 'final')
        OR NOT EXISTS (SELECT FROM portatext.message WHERE inbound)
    LOOP
        PERFORM pg_sleep(0.05);
    END LOOP;
END
$$;
RESET statement_timeout;

SELECT CASE WHEN m.inbound THEN 'from ' || m.from_number ELSE 'to ' || m.to_number END AS number,
    rtrim(regexp_replace(m.body, '(.{1,34})( |$)', E'\\1\n', 'g'), E'\n') AS text,
    m.encoding, m.segments AS seg, m.cost,
    s.states
FROM portatext.message m
CROSS JOIN LATERAL (
    SELECT string_agg(to_char(x.at, 'HH24:MI:SS.MS') || ' ' || x.state, E'\n' ORDER BY x.at, x.n) AS states
    FROM (SELECT 1 AS n, m.created_at AS at, CASE WHEN m.inbound THEN 'received' ELSE 'queued' END AS state
        UNION ALL
        SELECT 2, m.sent_at, 'sending' WHERE m.sent_at IS NOT NULL
        UNION ALL
        SELECT 3, m.finished_at, m.state::text WHERE m.finished_at IS NOT NULL AND NOT m.inbound) x) s
ORDER BY m.message_id;

\echo 'Every change of the balance:'
SELECT l.kind, count(*) AS entries, sum(l.amount) AS credits
FROM portatext.ledger_entry l GROUP BY l.kind ORDER BY l.kind;

\echo 'Balance after:'
SELECT portatext.balance() AS credits;

\echo
\echo 'A campaign of calls: 20 contacts, 4 agents, two calls to each contact at most,'
\echo 'through the built-in engine, whose calls are as short as the demo is.'
SELECT portatext.create_engine('demo', 'loopback', '{"scenes": "false", "setup": 0.1, "ring_min": 0.3, "ring_max": 1.2,
    "talk_mean": 0.8, "amd_min": 0.1, "amd_max": 0.3, "agent_delay_max": 0.2, "answer": 0.5, "machine": 0.15, "busy": 0.15, "no_answer": 0.15, "invalid": 0.05, "seed": 7}') AS engine \gset
SELECT portatext.create_trunk('demo', engine => 'demo') AS trunk \gset
SELECT portatext.create_team('demo') AS team \gset
SELECT count(portatext.set_agent_state(portatext.create_agent(n, 'sip:' || n || '@192.0.2.9', 'demo'), 'available')) AS agents
    FROM unnest('{Ann,Bob,Cid,Dee}'::text[]) n \gset
SELECT portatext.create_telephony_campaign('demo',
    '[{"amd": {"if_human": [{"forward": {"team": true}}], "if_machine": [], "if_notsure": [{"forward": {"team": true}}]}}]',
    csv => E'number\n' || string_agg(format('+122233355%s', i), E'\n'), trunk => :trunk, team => 'demo', iterations => 2,
    dial_timeout => '2 seconds', post_call_work => '0.5 seconds', method => 'power', ratio => 3,
    retry_delays => '{"BUSY": 0, "NO_ANSWER": 0, "ANSWER": 0, "INVALID_NUMBER": -1}', max_abandonment => 1, min_ner => 0) AS campaign
    FROM generate_series(10, 29) i \gset
SELECT portatext.start_campaign(:campaign) AS state \gset
SET statement_timeout = '15s';
DO $$
BEGIN
    WHILE EXISTS (SELECT FROM portatext.campaign_run r WHERE r.state IN ('building', 'ready', 'running')) LOOP
        PERFORM pg_sleep(0.1);
    END LOOP;
END
$$;
RESET statement_timeout;
SELECT name, state, agents, lost, ner, "left", won, gone FROM portatext.telephony_campaigns;
\echo 'What its calls have come to, by iteration:'
SELECT iteration, calls, contacted, results, amd, credits FROM portatext.call_report(:campaign);
\echo 'What the agents have done:'
SELECT name, calls, missed, utilisation FROM portatext.agent_statistics ORDER BY name;
