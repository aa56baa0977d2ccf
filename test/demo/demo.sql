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
