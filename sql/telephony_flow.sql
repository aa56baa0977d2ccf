-- Call flows, the decision about "contacted", causes of ends (TEL-05, TEL-10, TEL-20 to TEL-32, NER-03).
SET client_min_messages = error;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT portatext.create_account('flow, one') AS one, portatext.create_account('flow, two') AS two \gset
-- An empty frame of MPEG audio layer III: 128 kbit/s, 44.1 kHz.
SELECT decode('fffb9000' || repeat('00', 413), 'hex') AS mp3 \gset
SET portatext.account_id = :two;
SELECT portatext.create_sound('theirs', :'mp3') AS theirs \gset
SET portatext.account_id = :one;
SELECT portatext.create_sound('hello', :'mp3') AS hello, portatext.create_trunk('main') AS trunk \gset

-- The canonical form: defaults, the order of the sub-flows, the SDKs' spelling.
SELECT portatext.check_flow(format('[{"play": {"sound_id": %s}}, {"gather": {"digits": 1}}, {"hangup": {}}]', :hello)::jsonb)
    = format('[{"play": {"sound_id": %s}}, {"gather": {"digits": 1, "timeout": 5}}, {"hangup": {}}]', :hello)::jsonb;
SELECT portatext.check_flow(format('[{"forward": {"to": "+15550100", "outbound_trunk_id": %s}}]', :trunk)::jsonb)
    = format('[{"forward": {"to": "+15550100", "trunk_id": %s}}]', :trunk)::jsonb;
SELECT portatext.check_flow('[{"amd": {"if_human": [{"forward": {"team": true}}]}}]');
SELECT portatext.check_flow(f) = f FROM portatext.check_flow('[{"say": {"text": "¡Hola {{ name }}!", "language": "es-419"}}, {"wait": {"seconds": 2}}]') f;

-- Errors have the path in the JSON.
SELECT portatext.check_flow('{"play": {"sound_id": 1}}');
SELECT portatext.check_flow('[{"wait": {"seconds": 0}}]');
SELECT portatext.check_flow('[{"wait": {"seconds": 1}}, {"amd": {"if_human": [{"play": {}}]}}]');
SELECT portatext.check_flow('[{"amd": {"if_human": [{"amd": {}}]}}]');
SELECT portatext.check_flow('[{"forward": {"to": "+15550100"}}, {"hangup": {}}]');
SELECT portatext.check_flow('[{"record": {}}]');
SELECT portatext.check_flow(NULL) IS NULL;
\set VERBOSITY sqlstate
SELECT portatext.check_flow('[]');
\set VERBOSITY terse

-- TEL-10: sounds and trunks are the account's; those of others do not exist.
SELECT portatext.check_flow('[{"wait": {"seconds": 1}}, {"amd": {"if_human": [{"play": {"sound_id": 999}}]}}]');
SELECT portatext.check_flow('[{"gather": {"digits": 1, "sound_id": 999}}]');
SELECT portatext.check_flow('[{"forward": {"to": "+15550100", "trunk_id": 999}}]');
SELECT set_config('test.theirs', :'theirs', false) = '' AS nothing;
DO $$
BEGIN
    PERFORM portatext.check_flow(format('[{"play": {"sound_id": %s}}]', current_setting('test.theirs'))::jsonb);
    RAISE EXCEPTION 'the sound of another account was found';
EXCEPTION WHEN invalid_parameter_value THEN
    RAISE EXCEPTION '%', replace(SQLERRM, current_setting('test.theirs'), 'theirs');
END $$;

-- Texts and destinations with variables.
SELECT portatext.render_flow('[{"say": {"text": "Hi {{name}}, {{ n }} \"new\""}}, {"forward": {"to": "{{office}}"}}]',
    '{"name": "Zoë", "n": 3, "office": "sip:desk@example.com"}');
SELECT portatext.render_flow('[{"wait": {"seconds": 1}}, {"forward": {"to": "101"}}]', '{}');
SELECT portatext.render_flow('[{"amd": {"if_human": [{"say": {"text": "Hi {{name}}"}}]}}]', '{"other": 1}');
SELECT portatext.render_flow('[{"forward": {"to": "{{office}}"}}]', '{"office": "sip:a@b?Replaces=x"}');
SELECT portatext.render_flow('[{"forward": {"to": "{{office}}"}}]', '{"office": {"a": 1}}');
SELECT portatext.render_flow('[{"say": {"text": "Hi {{name}}"}}]', '{"name": "{{office}}"}');
SELECT portatext.render_flow('[{"say": {"text": "Hi {{name}}"}}]', jsonb_build_object('name', repeat('x', 3000)));
SELECT portatext.render_flow('[{"sing": {}}]', '{}');

-- TEL-20 to TEL-28, TEL-31: the table, each row with every value of what does not matter.
WITH rule (rule, leg_a, has_amd, amd, empty, forward, leg_b, contacted) AS (VALUES
    ('TEL-20', false, NULL::boolean, NULL::text[], NULL::boolean, NULL::boolean, NULL::boolean, false),
    ('TEL-21', true, false, NULL, NULL, false, NULL, true),
    ('TEL-22', true, false, NULL, NULL, true, true, true),
    ('TEL-23', true, false, NULL, NULL, true, false, false),
    ('TEL-24', true, true, '{HANGUP}', NULL, NULL, NULL, false),
    ('TEL-31', true, true, '{""}', NULL, NULL, NULL, false),
    ('TEL-25', true, true, '{MACHINE,HUMAN,NOTSURE}', true, NULL, NULL, false),
    ('TEL-26', true, true, '{MACHINE,HUMAN,NOTSURE}', false, false, NULL, true),
    ('TEL-27', true, true, '{MACHINE,HUMAN,NOTSURE}', false, true, false, false),
    ('TEL-28', true, true, '{MACHINE,HUMAN,NOTSURE}', false, true, true, true)
), bool (v) AS (VALUES (false), (true)), input AS (
    SELECT a.v AS leg_a, d.v AS has_amd, r.v AS amd, e.v AS empty, f.v AS forward, b.v AS leg_b
        FROM bool a, bool d, (VALUES (''), ('HUMAN'), ('MACHINE'), ('NOTSURE'), ('HANGUP')) r (v), bool e, bool f, bool b
)
SELECT r.rule, count(*), bool_and(portatext.is_contacted(i.leg_a, i.has_amd, NULLIF(i.amd, ''), i.empty, i.forward, i.leg_b) = r.contacted)
    FROM input i JOIN rule r ON r.leg_a = i.leg_a AND COALESCE(r.has_amd, i.has_amd) = i.has_amd AND COALESCE(i.amd = ANY (r.amd), true)
        AND COALESCE(r.empty, i.empty) = i.empty AND COALESCE(r.forward, i.forward) = i.forward AND COALESCE(r.leg_b, i.leg_b) = i.leg_b
    GROUP BY 1 ORDER BY 1;
-- Null is "no".
SELECT portatext.is_contacted(NULL, NULL, NULL, NULL, NULL, NULL), portatext.is_contacted(true, NULL, NULL, NULL, NULL, NULL);
SELECT portatext.is_contacted(true, true, 'NOANSWER', false, false, false);
SELECT portatext.amd_word('machine_end_beep'), portatext.amd_word('silence'), portatext.amd_word('HANGUP');
SELECT portatext.amd_word('voicemail');

-- Causes: unique, with results of the enum; what the results of NER-03 are.
SELECT count(*) > 30, count(DISTINCT (q850, alerted)) = count(*) FROM portatext.call_causes WHERE q850 IS NOT NULL;
SELECT string_agg(r.v::text, ' ' ORDER BY r.v) AS results_without_rule FROM unnest(enum_range(NULL::portatext.call_result)) r (v)
    WHERE r.v NOT IN (SELECT c.result FROM portatext.call_causes c);
SELECT DISTINCT result, issued, ner_failed, retry_after, stops, slows_trunk FROM portatext.call_causes ORDER BY result;
SELECT q850, alerted, result FROM portatext.call_causes WHERE q850 IN (17, 18, 19, 21) ORDER BY 1, 2;
RESET portatext.account_id;
