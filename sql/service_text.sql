-- What services say by themselves, what texts to them mean, and the disclosure.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

-- FLOW-06, FLOW-07, FLOW-11: test/unit/keyword.c has all cases.
SELECT t, p.action, p.keyword
    FROM unnest(ARRAY['DEALS', 'yes deals', 'Deals, HELP?', 'stop sending me DEALS', '¡BAJA!', 'end of DEALS season?',
                      'YES STOP DEALS', 'STOP deals news', 'hello', '']) WITH ORDINALITY u (t, n),
         portatext.parse_keyword_message(t, '{news,Deals,NULL}') p ORDER BY n;
SELECT portatext.parse_keyword_message('STOP', '{}'), portatext.parse_keyword_message(NULL, '{}') IS NULL;

-- A service of account text_a on a short code without the operator's data.
INSERT INTO portatext.account (name) VALUES ('text_a'), ('text_b');
CREATE ROLE text_login_a LOGIN IN ROLE portatext_account;
CREATE ROLE text_login_b LOGIN IN ROLE portatext_account;
CREATE ROLE text_operator LOGIN IN ROLE portatext_operator;
SELECT portatext.grant_account('text_login_a', account_id) FROM portatext.account WHERE name = 'text_a';
SELECT portatext.grant_account('text_login_b', account_id) FROM portatext.account WHERE name = 'text_b';
SELECT portatext.create_short_code('US', '54321') AS us, portatext.create_short_code('CA', '54321') AS ca \gset
INSERT INTO portatext.service (account_id, keyword, short_code_id, country, state, purpose, double_opt_in, minimum_age,
        frequency, intended_use, message_examples, advertising_examples, tc_url, phone)
    SELECT a.account_id, v.keyword, CASE v.country WHEN 'US' THEN :us WHEN 'CA' THEN :ca END, v.country,
        v.state::portatext.service_state, v.purpose::portatext.service_purpose,
        true, 18, 4, 'offers', '{Buy}', '{Join}', v.tc_url, v.phone
    FROM portatext.account a, (VALUES
        ('DEALS', 'US', 'active', 'marketing', 'https://example.com/t', '+1 555 0100'),
        ('OFERTAS', 'CA', 'approved', 'notifications', NULL, NULL),
        ('LATER', 'GB', 'requested', 'marketing', NULL, NULL)) v (keyword, country, state, purpose, tc_url, phone)
    WHERE a.name = 'text_a';
SELECT account_id AS mine FROM portatext.account WHERE name = 'text_a' \gset
SELECT service_id AS deals FROM portatext.service WHERE account_id = :mine AND keyword = 'DEALS' \gset
SELECT service_id AS ofertas FROM portatext.service WHERE account_id = :mine AND keyword = 'OFERTAS' \gset
SELECT service_id AS later FROM portatext.service WHERE account_id = :mine AND keyword = 'LATER' \gset

-- FLOW-01 to FLOW-05, joined by one blank (FLOW-09), with what they cost (FLOW-13).
SET SESSION AUTHORIZATION text_login_a;
SELECT kind, own, encoding, segments, body FROM portatext.service_texts(:deals);
SELECT portatext.alter_service(:deals, '{"line_breaks": true}');
SELECT body FROM portatext.service_texts(:deals) WHERE kind = 'welcome';
-- Spanish; what is not known yet stays empty.
SELECT portatext.alter_service(:ofertas, '{"language": "es"}');
SELECT kind, encoding, segments, body FROM portatext.service_texts(:ofertas);

-- The service's own text, and what is mandatory in it.
SELECT portatext.set_service_text(:deals, 'help', '{keyword} by Example. Call {phone}, STOP {keyword} ends it.
Msg & data rates may apply.');
SELECT kind, own, segments FROM portatext.service_texts(:deals) WHERE own;
SELECT portatext.set_service_text(:deals, 'help', '{keyword}: END {keyword}. Rates may apply.');
SELECT portatext.set_service_text(:ofertas, 'opt_in', '{keyword}: mensajes de {service_type}. BAJA {keyword}, HELP {keyword}. Hay tarifas.');
\set VERBOSITY default
SELECT portatext.set_service_text(:deals, 'help', '{keyword}: call {phone}. Rates may apply.');
SELECT portatext.set_service_text(:deals, 'reminder', '{keyword}: STOP {keyword}. Rates may apply.');
SELECT portatext.set_service_text(:deals, 'welcome', '{keyword}: YES {keyword}, HELP {keyword}.');
SELECT portatext.set_service_text(:deals, 'opt_out', 'Bye.');
SELECT portatext.set_service_text(:deals, 'opt_out', '{keyword}: bye, {name}.');
SELECT portatext.set_service_text(:deals, 'ordinary', '{keyword}: bye.');
SELECT portatext.set_service_text(:deals, 'auto_reply', NULL);
SELECT portatext.set_service_text(:deals, NULL, 'Bye.');
SELECT portatext.alter_service(:deals, '{"language": "es"}');
SELECT portatext.set_service_text(0, 'opt_out', '{keyword}: bye.');
\set VERBOSITY terse
SELECT body FROM portatext.service_texts(:deals) WHERE own;
-- Back to the usual one.
SELECT portatext.set_service_text(:deals, 'help', NULL);
SELECT count(*) FILTER (WHERE own) FROM portatext.service_texts(:deals);

-- Nobody else's.
SET SESSION AUTHORIZATION text_login_b;
SELECT count(*) FROM portatext.service_texts(:deals);
\set VERBOSITY sqlstate
SELECT portatext.set_service_text(:deals, 'opt_out', '{keyword}: bye.');
SELECT portatext.service_disclosure(:deals);
\set VERBOSITY terse
SELECT portatext.render_flow_text('help', 'DEALS', '', '', true, 'en', false, NULL);
RESET SESSION AUTHORIZATION;
SELECT portatext.render_flow_text('help', 'DEALS', '', '', true, 'fr', false, NULL);
SELECT portatext.render_flow_text('help', 'DEALS', '', '', true, 'en', NULL, NULL) IS NULL;
-- Values are inserted as they are, however long.
SELECT length(portatext.render_flow_text('help', 'DEALS', repeat('{phone}', 1000), '', true, 'en', false, '{tc_url}'));

-- LAW-08: the disclosure, word for word.
SET SESSION AUTHORIZATION text_login_a;
\set VERBOSITY default
SELECT portatext.service_disclosure(:deals);
SELECT portatext.service_disclosure(:later);
SELECT portatext.service_disclosure(0);
\set VERBOSITY terse
SET SESSION AUTHORIZATION text_operator;
SELECT portatext.alter_short_code(:us, carriers => 'AT&T, Verizon Wireless and others in the US', contact_email => 'ops@example.com');
\set VERBOSITY default
SELECT portatext.service_disclosure(:deals);
\set VERBOSITY terse
SELECT portatext.alter_short_code(c, carriers => 'AT&T, Verizon Wireless and others in the US', contact_email => 'ops@example.com',
        international_carriers => 'SaskTel, Telus, and Rogers', contact_phone => '+1 (555) 010-0199')
    FROM unnest(ARRAY[:us, :ca]) c;
SET SESSION AUTHORIZATION text_login_a;
SELECT portatext.service_disclosure(:deals);
SELECT portatext.service_disclosure(:deals) = 'Summary Terms & Conditions: Our mobile text messages are intended for subscribers over the age of 18 and are delivered via USA short code 54321. You may receive up to 4 message(s) per month for text alerts. Message and data rates may apply. This service is available for subscribers on AT&T, Verizon Wireless and others in the US. Many international carriers are also supported. The list of international carriers include SaskTel, Telus, and Rogers. The wireless carriers are not liable for delayed or undelivered messages. For help, text HELP DEALS to 54321, email ops@example.com, or call +1 (555) 010-0199. You may stop your mobile subscription at any time by text messaging STOP DEALS to 54321.';
SELECT substring(portatext.service_disclosure(:ofertas) FROM 'delivered via [^.]*');
SELECT portatext.country_name('GB'), portatext.country_name('??'), portatext.country_name('USA'), portatext.country_name('');
RESET SESSION AUTHORIZATION;
DROP ROLE text_operator;
DELETE FROM portatext.service_text WHERE account_id = :mine;
DELETE FROM portatext.service WHERE account_id = :mine;
SELECT portatext.drop_short_code(c) FROM unnest(ARRAY[:us, :ca]) c;
SELECT portatext.revoke_account('text_login_a'), portatext.revoke_account('text_login_b');
DROP ROLE text_login_a, text_login_b;
