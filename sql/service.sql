-- Short codes and the life of a service: request, review, activation, suspension, end (SVC, LAW).
SET client_min_messages = warning;
\set SHOW_CONTEXT never

CREATE ROLE regress_svc_red LOGIN;
CREATE ROLE regress_svc_blue LOGIN;
CREATE ROLE regress_svc_op LOGIN IN ROLE portatext_operator;
SELECT portatext.create_account('service, red') AS red \gset
SELECT portatext.create_account('service, blue') AS blue \gset
SELECT portatext.grant_account('regress_svc_red', :red);
SELECT portatext.grant_account('regress_svc_blue', :blue);
INSERT INTO portatext.carrier (name, adapter) VALUES ('service_a', 'kannel');

-- SVC-01: short codes; the same digits may exist in several countries.
SET SESSION AUTHORIZATION regress_svc_op;
SELECT portatext.create_short_code('us', '12345', '{us,ca}', 'service_a', 30, 'AT&T, Verizon', NULL, 'op@example.com', '1-800-555-0100') AS us \gset
SELECT portatext.create_short_code('ES', '12345') AS es \gset
SELECT portatext.create_short_code('US', '654321') AS us2 \gset
SELECT country, code, countries, segments_per_second, carrier_id IS NOT NULL AS carrier FROM portatext.short_code
    WHERE short_code_id IN (:us, :es, :us2) ORDER BY short_code_id;
SELECT portatext.create_short_code('US', '12345');
SELECT portatext.create_short_code('US', '1234');
SELECT portatext.create_short_code('USA', '12346');
SELECT portatext.create_short_code('US', '12346', '{CA}');
SELECT portatext.create_short_code('US', '12346', '{US,Canada}');
SELECT portatext.create_short_code('US', '12346', carrier => 'nobody');
SELECT portatext.create_short_code('US', '12346', segments_per_second => -1);
SELECT portatext.create_short_code('US', NULL);
SELECT portatext.alter_short_code(:us2, countries => '{US,MX}', carrier => 'service_a', segments_per_second => 5, contact_phone => '1-800-555-0111');
SELECT portatext.alter_short_code(:us2, carrier => '', segments_per_second => 0, carriers => 'T-Mobile');
SELECT country, code, countries, carrier_id, segments_per_second, carriers, contact_phone FROM portatext.short_code WHERE short_code_id = :us2;
SELECT portatext.alter_short_code(:us2, countries => '{MX}');
SELECT portatext.alter_short_code(0);
SELECT portatext.drop_short_code(0);

-- SVC-05: the request.
SET SESSION AUTHORIZATION regress_svc_red;
SELECT portatext.request_service('deals', 'us', 'marketing', true, 18, 4, 'Offers of the week',
    '{DEALS: Half price today}', '{Text DEALS YES to 12345}') AS deals \gset
SELECT portatext.request_service('ALERTS24', 'US', 'notifications', false, 0, 30, 'Delivery times',
    '{Your parcel comes at 8.}', tc_url => 'https://example.com/tc', phone => '1-800-555-0199',
    language => 'es', line_breaks => true, frequency_rule => 'block') AS alerts \gset
SELECT keyword, short_code, country, state, purpose, double_opt_in, minimum_age, frequency, frequency_rule, language, line_breaks, tc_url
    FROM portatext.services ORDER BY service_id;
-- SVC-02, SVC-03: the keyword.
SELECT portatext.request_service('ABC', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service('ABCDEFGHIJKLMNOPQ', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service(NULL, 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service('DE ALS', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service('OFERTAÑ', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service(word, 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}') FROM unnest('{stop}'::text[]) word;
SELECT portatext.request_service('Help', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service('Cancel', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service('Quit', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service('Unsubscribe', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service('Baja', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}');
-- SVC-05: what it must carry.
SELECT portatext.request_service('SHOP', NULL, 'marketing', true, 18, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service('SHOP', 'US', NULL, true, 18, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service('SHOP', 'US', 'marketing', NULL, 18, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service('SHOP', 'US', 'marketing', true, NULL, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service('SHOP', 'US', 'marketing', true, 18, NULL, 'u', '{m}', '{a}');
SELECT portatext.request_service('SHOP', 'US', 'marketing', true, 18, 4, ' ', '{m}', '{a}');
SELECT portatext.request_service('SHOP', 'US', 'marketing', true, 18, 4, 'u', '{}', '{a}');
SELECT portatext.request_service('SHOP', 'US', 'marketing', true, 18, 4, 'u', '{m,NULL}', '{a}');
SELECT portatext.request_service('SHOP', 'US', 'marketing', true, 18, 4, 'u', '{m}');
SELECT portatext.request_service('SHOP', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{""}');
SELECT portatext.request_service('SHOP', 'USA', 'marketing', true, 18, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service('SHOP', 'US', 'marketing', true, 151, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service('SHOP', 'US', 'marketing', true, 18, 0, 'u', '{m}', '{a}');
SELECT portatext.request_service('SHOP', 'US', 'advertising', true, 18, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service('SHOP', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}', tc_url => 'example.com');
SELECT portatext.request_service('SHOP', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}', phone => '{phone}');
SELECT portatext.request_service('SHOP', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}', language => 'fr');
-- SVC-04: one of two purposes
SELECT portatext.request_service('SHOP', 'US', 'gifts', true, 18, 4, 'u', '{m}', '{a}');
SELECT portatext.request_service('SHOP', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}', language => NULL);
SELECT portatext.request_service('SHOP', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}', line_breaks => NULL);
SELECT portatext.request_service('SHOP', 'US', 'marketing', true, 18, 4, 'u', '{m}', '{a}', frequency_rule => NULL);
-- Nothing of a review is the account's.
SELECT portatext.approve_service(:deals, '12345', true);
SELECT portatext.reject_service(:deals, 'no');
SELECT portatext.suspend_service(:deals);
SELECT portatext.resume_service(:deals);
SELECT portatext.review_revision(:deals, true, true);
SELECT portatext.create_short_code('US', '99999');
-- Before its approval.
SELECT portatext.activate_service(:deals);
SELECT portatext.activate_service(0);

-- Review.
SET SESSION AUTHORIZATION regress_svc_op;
-- LAW-07: not without the list.
SELECT portatext.approve_service(:deals, '12345');
SELECT portatext.approve_service(:deals, '99999', true);
SELECT portatext.approve_service(0, '12345', true);
SELECT portatext.reject_service(:deals, ' ');
SELECT portatext.resume_service(:deals);
SELECT portatext.suspend_service(:deals);
SELECT portatext.review_revision(:deals, true, true);
SELECT portatext.reject_service(:deals, 'What is half price?');
SELECT portatext.reject_service(:deals, 'Again');
SELECT portatext.approve_service(:deals, '12345', true);
-- A rejected one that is changed is requested again.
SET SESSION AUTHORIZATION regress_svc_red;
SELECT state, review_note FROM portatext.services WHERE service_id = :deals;
SELECT portatext.alter_service(:deals, '{"message_examples": ["DEALS: All shoes half price today"], "frequency": 8}');
SELECT state, message_examples, frequency, revision FROM portatext.services WHERE service_id = :deals;
SET SESSION AUTHORIZATION regress_svc_op;
SELECT portatext.approve_service(:deals, '12345', true, 'Fine');
SELECT portatext.approve_service(:deals, '12345', true);

-- SVC-03: the keyword is unique on its short code, not beyond.
SET SESSION AUTHORIZATION regress_svc_blue;
SELECT portatext.request_service('Deals', 'US', 'marketing', false, 0, 2, 'u', '{m}', '{a}', 'https://example.com/b', '+34 900 100 100') AS rival \gset
SELECT portatext.request_service('DEALS', 'ES', 'marketing', false, 0, 2, 'u', '{m}', '{a}', 'https://example.com/b', '+34 900 100 100') AS spain \gset
SET SESSION AUTHORIZATION regress_svc_op;
SELECT portatext.approve_service(:rival, '12345', true);
SELECT portatext.approve_service(:rival, '654321', true);
SELECT portatext.approve_service(:spain, '654321', true);
SELECT portatext.approve_service(:spain, '12345', true);
SELECT portatext.drop_short_code(:us);

-- SVC-17: not active without both.
SET SESSION AUTHORIZATION regress_svc_red;
SELECT portatext.activate_service(:deals);
SELECT portatext.alter_service(:deals, '{"tc_url": "https://example.com/deals"}');
SELECT portatext.activate_service(:deals);
SELECT portatext.alter_service(:deals, '{"phone": "1-800-555-0100", "line_breaks": true}');
SELECT portatext.activate_service(:deals);
SELECT portatext.activate_service(:deals);
SELECT keyword, short_code, state, tc_url, phone, line_breaks FROM portatext.services WHERE service_id = :deals;
SELECT portatext.alter_service(:deals, '{"phone": null}');
SELECT portatext.alter_service(:deals, '{"tc_url": "ftp://example.com"}');
SELECT portatext.alter_service(:deals, '{"keyword": "OTHER"}');
SELECT portatext.alter_service(:deals, '{"state": "active"}');
SELECT portatext.alter_service(:deals, '{"content_checked": true}');

-- What was reviewed changes by a review only; the service goes on.
SELECT portatext.alter_service(:deals, '{"frequency": 20, "language": "es"}');
SELECT portatext.alter_service(:deals, '{"minimum_age": 21}');
SELECT portatext.alter_service(:deals, '{"minimum_age": 200}');
SELECT state, frequency, minimum_age, language, revision FROM portatext.services WHERE service_id = :deals;
SET SESSION AUTHORIZATION regress_svc_op;
SELECT portatext.review_revision(:deals, true);
SELECT portatext.review_revision(:deals, true, true, 'Not more than daily');
SELECT portatext.review_revision(:deals, true, true);
SELECT state, frequency, minimum_age, revision, review_note FROM portatext.services WHERE service_id = :deals;
SET SESSION AUTHORIZATION regress_svc_red;
SELECT portatext.alter_service(:deals, '{"frequency": 100}');
SET SESSION AUTHORIZATION regress_svc_op;
SELECT portatext.review_revision(:deals, false, note => 'Too many');
SELECT state, frequency, revision, review_note FROM portatext.services WHERE service_id = :deals;

-- LAW-09: suspension without warning; the account cannot end it.
SELECT portatext.suspend_service(:deals, 'Complaints');
SELECT portatext.suspend_service(:deals);
SET SESSION AUTHORIZATION regress_svc_red;
SELECT portatext.activate_service(:deals);
SET SESSION AUTHORIZATION regress_svc_op;
SELECT portatext.resume_service(:deals);
SELECT portatext.resume_service(:deals);
-- One that has not been active yet is not active afterwards.
SET SESSION AUTHORIZATION regress_svc_red;
SELECT portatext.request_service('LATER', 'US', 'notifications', false, 0, 2, 'u', '{m}') AS later \gset
SET SESSION AUTHORIZATION regress_svc_op;
SELECT portatext.approve_service(:later, '12345', true);
SELECT portatext.suspend_service(:later);
SELECT portatext.resume_service(:later);
SELECT keyword, state FROM portatext.services WHERE service_id IN (:deals, :later) ORDER BY service_id;

-- GEN-11: nobody else's.
SET SESSION AUTHORIZATION regress_svc_blue;
SELECT keyword, short_code, country FROM portatext.services ORDER BY service_id;
SELECT code, country, contact_email FROM portatext.short_codes ORDER BY short_code_id;
SELECT count(*) FROM portatext.short_code;
\set VERBOSITY sqlstate
SELECT portatext.alter_service(:deals, '{"frequency": 1}');
SELECT portatext.close_service(:deals);
SELECT portatext.activate_service(:deals);
RESET SESSION AUTHORIZATION;
BEGIN;
SELECT portatext.act_as(:blue);
SELECT portatext.suspend_service(:deals);
ROLLBACK;
\set VERBOSITY default
BEGIN;
SELECT portatext.act_as(:blue);
SELECT portatext.drop_short_code(:us2);
ROLLBACK;

-- The end; the keyword is free again.
SET SESSION AUTHORIZATION regress_svc_red;
SELECT portatext.close_service(:later);
SELECT portatext.close_service(:later);
SELECT portatext.alter_service(:later, '{"frequency": 1}');
SELECT portatext.activate_service(:later);
SELECT portatext.close_service(:alerts);
SELECT portatext.request_service('LATER', 'US', 'notifications', false, 0, 2, 'u', '{m}') AS again \gset
SET SESSION AUTHORIZATION regress_svc_op;
SELECT portatext.approve_service(:again, '12345', true);

-- Every change was told (SVC-06, ALERT-14).
RESET SESSION AUTHORIZATION;
SELECT e.type, e.subject, e.payload - 'service_id' AS payload
    FROM portatext.event e WHERE e.account_id IN (:red, :blue) AND e.type LIKE 'service.%' ORDER BY e.event_id;

-- DID-01, DID-06, CNAM-02: the settings of a number; DID-08: its texts can be sent.
SELECT portatext.assign_did('+15557730001', :red) > 0 AS assigned;
SET SESSION AUTHORIZATION regress_svc_red;
SELECT portatext.did_settings('+15557730001');
SELECT portatext.did_settings('1 555 773 0001', '{"stop_detection": true, "auto_reply": "We call you back.", "cnam_enabled": true}');
SELECT portatext.did_settings('+15557730001', '{"stop_text": "Good bye.", "stop_detection": null}') ->> 'stop_text';
SELECT portatext.did_settings('+15557730001', '{"auto_reply": null}') -> 'auto_reply';
SELECT portatext.did_settings('+15557730001', '{"auto_reply": "Hi"}');
SELECT portatext.did_settings('+15557730001', '{"stop_text": "Bye!"}');
SELECT portatext.did_settings('+15557730001', jsonb_build_object('auto_reply', repeat('x', 40000)));
SELECT portatext.did_settings('+15557730001', '{"weight": 5}');
SET SESSION AUTHORIZATION regress_svc_blue;
SELECT portatext.did_settings('+15557730001', '{"auto_reply": "Buy here!"}');
RESET SESSION AUTHORIZATION;
SELECT portatext.did_settings('+15557730001') ->> 'stop_detection';

-- LAW-07: the operator's words.
SET SESSION AUTHORIZATION regress_svc_op;
SELECT portatext.add_review_word('  Casino '), portatext.add_review_word('free   MONEY');
SELECT portatext.add_review_word('casino');
SELECT word FROM portatext.review_word ORDER BY word;
SELECT portatext.add_review_word(' !! ');
SELECT portatext.add_review_word(NULL);
SELECT portatext.remove_review_word('Free Money'), portatext.remove_review_word('free money'), portatext.remove_review_word('CASINO');
SET SESSION AUTHORIZATION regress_svc_red;
SELECT portatext.add_review_word('rival');

RESET SESSION AUTHORIZATION;
DELETE FROM portatext.account_role WHERE role_name LIKE 'regress_svc%';
DROP ROLE regress_svc_red, regress_svc_blue, regress_svc_op;
