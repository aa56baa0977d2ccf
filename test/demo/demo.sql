-- What a newcomer sees: messages sent by SQL, and what became of each.
\pset footer off
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION portatext;

\echo
\echo 'Balance before:'
SELECT portatext.balance() AS credits;

\echo 'Sending ...'
BEGIN;
SELECT portatext.send_sms('+12223334444', 'Your table is ready, see you at 8.') AS gsm \gset
SELECT portatext.send_sms('+13334445555', 'Ваш столик готов 😀') AS unicode \gset
SELECT portatext.send_sms('+59899123456', repeat('A text of more than one part is cut where no character is harmed. ', 4)) AS long \gset
COMMIT;
