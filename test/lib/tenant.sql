-- Fills one account with rows of its own, all of them marked: psql variables
-- tag (a word that occurs nowhere else), role (its login role), n (three digits
-- of its numbers).  Run by a superuser; leaves the account in :account.
SELECT portatext.create_account(:'tag', sandbox => true) AS account \gset
SELECT portatext.grant_account(:'role', :account);
SELECT portatext.recharge(1000, :'tag' || ' recharge', :account);
SELECT portatext.set_tariff('+1', 1, :account), portatext.set_call_tariff('+1', 1, 1, :account);
SELECT portatext.assign_did('+1' || :'n' || '5550100', :account), portatext.assign_did('+1' || :'n' || '5550101', :account);

SET portatext.account_id = :account;
SELECT portatext.account_settings(jsonb_build_object('email_on_inbound_sms', :'tag' || '@example.com', 'alert_when_credit_less_than', 5));
SELECT portatext.did_settings('+1' || :'n' || '5550100', jsonb_build_object('auto_reply', :'tag' || ' answers'));

-- trunks, sounds, agents
SELECT portatext.create_trunk(:'tag' || ' trunk', :'tag' || '.example.com');
SELECT portatext.create_sound(:'tag' || ' sound', decode('fffb9000' || repeat('00', 413), 'hex') || convert_to('TAG' || :'tag', 'UTF8'), :'tag' || ' sings');
SELECT portatext.set_amd(jsonb_build_object('max_words', 100 + length(:'tag')));
SELECT portatext.create_team(:'tag' || ' team'), portatext.create_agent(:'tag' || ' agent', 'sip:' || :'tag' || '@example.com', :'tag' || ' team');

-- contacts, lists, templates
SELECT portatext.create_contact_list(:'tag' || ' list', :'tag' || ' friends');
SELECT count(portatext.set_contact('+1' || :'n' || '555020' || i, jsonb_build_object('name', :'tag' || i), :'tag' || ' list'))
    FROM generate_series(1, 5) i;
SELECT portatext.create_contact_list(:'tag' || ' file');
SELECT portatext.import_contacts(:'tag' || ' file', E'number,name\n+1' || :'n' || '5550210,' || :'tag' || E'\nnonsense,' || :'tag', true);
SELECT portatext.create_query_list(:'tag' || ' query', 'SELECT number, variables FROM portatext.contacts_of(' || quote_literal(:'tag' || ' list') || ')');
SELECT portatext.create_template(:'tag' || ' template', 'Hello {{name}}, ' || :'tag' || ' speaking');

-- messages and what belongs to them
SELECT portatext.send_sms('+1' || :'n' || '5550201', :'tag' || ' says hello', client_ref => :'tag' || '-ref', idempotency_key => :'tag' || '-key');
SELECT portatext.send_sms('+1' || :'n' || '5550202', :'tag' || ' says later',
    schedule => '{"any_day": {"from": "09:00", "to": "18:00"}}', send_at => clock_timestamp() + interval '3 days');
SELECT count(*) FROM portatext.send_sms_to_lists(ARRAY[:'tag' || ' list'], :'tag' || ' greets all');
SELECT portatext.blacklist_add('+1' || :'n' || '5550299', :'tag' || ' was asked to');
RESET portatext.account_id;
SELECT portatext.receive_sms('loopback', '+1' || :'n' || '5550205', '+1' || :'n' || '5550100', 'Dear ' || :'tag');
SELECT portatext.receive_sms('loopback', '+1' || :'n' || '5550206', '+1' || :'n' || '5550100', 'STOP');

-- a service on the short code that both share
SET portatext.account_id = :account;
SELECT portatext.request_service(upper(:'tag'), 'US', 'marketing', false, 18, 30, :'tag' || ' news', ARRAY[:'tag' || ' example'],
    ARRAY[:'tag' || ' advertises'], 'https://' || :'tag' || '.example.com', '+1' || :'n' || '5550100') AS service \gset
RESET portatext.account_id;
SELECT portatext.approve_service(:service, '55512', true);
SET portatext.account_id = :account;
SELECT portatext.activate_service(:service);
SELECT portatext.set_service_text(:service, 'help', '{keyword}: ' || :'tag' || ' helps. STOP {keyword} to cancel. HELP {keyword} for help. Msg freq varies. Msg & data rates may apply. {tc_url} {phone}');
SELECT portatext.add_subscriber(upper(:'tag'), '+1' || :'n' || '5550203', 'web', jsonb_build_object('page', :'tag'), :'tag' || ' shown', false);
RESET portatext.account_id;
SELECT portatext.receive_sms('loopback', '+1' || :'n' || '5550207', '55512', upper(:'tag'));
SET portatext.account_id = :account;

-- one campaign that is done, one that waits
SELECT portatext.create_campaign(:'tag' || ' campaign', body => :'tag' || ' campaigns', lists => ARRAY[:'tag' || ' list']) AS campaign,
    portatext.create_campaign(:'tag' || ' second', template => :'tag' || ' template', lists => ARRAY[:'tag' || ' list']) AS waiting \gset
RESET portatext.account_id;
