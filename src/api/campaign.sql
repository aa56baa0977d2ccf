-- room: api.  Campaigns.

CREATE VIEW portatext_api.campaigns WITH (security_invoker) AS
    SELECT c.campaign_id AS id, c.name, c.description, n.state, n.reason, n.ord AS run,
           replace(c.from_number, '+', '') AS "from", c.service,
           (SELECT jsonb_agg(jsonb_build_object('label', v.label, 'weight', v.weight, 'text', v.body) ORDER BY v.variant)
            FROM portatext.campaign_variant v WHERE v.campaign_id = c.campaign_id) AS texts,
           c.variables,
           ARRAY(SELECT s.list_id FROM portatext.campaign_source s
                 WHERE s.campaign_id = c.campaign_id AND s.list_id IS NOT NULL ORDER BY s.ord) AS list_ids,
           c.all_subscribers,
           (SELECT h.definition FROM portatext.schedule h WHERE h.schedule_id = c.schedule_id) AS schedule,
           c.priority, c.segments_per_second, c.repeatable, c.max_error_rate, c.max_opt_out_rate, c.minimum_sample,
           n.job_id, n.recipients, c.created_at, n.started_at, n.finished_at, c.kind,
           (SELECT k.flow FROM portatext.call_campaign k WHERE k.campaign_id = c.campaign_id) AS flow
    FROM portatext.campaign c
    JOIN portatext.campaign_run n ON n.campaign_id = c.campaign_id
    WHERE NOT EXISTS (SELECT FROM portatext.campaign_run o WHERE o.campaign_id = c.campaign_id AND o.ord > n.ord);
COMMENT ON VIEW portatext_api.campaigns IS
'Campaigns, with the state of their newest run

campaign_progress has the counts of those that write, telephony_campaigns of those that call, campaign_contacts their recipients.';
COMMENT ON COLUMN portatext_api.campaigns.kind IS 'sms or telephony.';
COMMENT ON COLUMN portatext_api.campaigns.flow IS 'What happens in its calls; null: it writes.';
COMMENT ON COLUMN portatext_api.campaigns.state IS 'building: a job writes its recipients; ready: start_campaign may start it; running; paused; stopped: a campaign of calls, by its network effectiveness ratio; finished: everything was handed to carriers, or called; cancelled; failed: the recipients could not be written.';
COMMENT ON COLUMN portatext_api.campaigns.reason IS 'Why it is paused, cancelled or failed: requested, no_credits, error_rate, opt_out_rate and others.';
COMMENT ON COLUMN portatext_api.campaigns.run IS 'How many times it was built; repeatable campaigns have several runs.';
COMMENT ON COLUMN portatext_api.campaigns."from" IS 'The sender, several with commas between them, or any; null: any.';
COMMENT ON COLUMN portatext_api.campaigns.service IS 'The service that it is sent from.';
COMMENT ON COLUMN portatext_api.campaigns.texts IS 'Its text, or those that are compared: [{"label", "weight", "text"}].';
COMMENT ON COLUMN portatext_api.campaigns.variables IS 'Values for {{placeholders}} where a contact has none.';
COMMENT ON COLUMN portatext_api.campaigns.list_ids IS 'The contact lists that its recipients come from.';
COMMENT ON COLUMN portatext_api.campaigns.all_subscribers IS 'Its recipients are the subscribers of its service.';
COMMENT ON COLUMN portatext_api.campaigns.schedule IS 'When its messages may arrive, in the recipients'' local time; null: at any time.';
COMMENT ON COLUMN portatext_api.campaigns.segments_per_second IS 'At most so many go out in a second; null: as fast as the carriers take them.';
COMMENT ON COLUMN portatext_api.campaigns.repeatable IS 'May be started again when it has finished.';
COMMENT ON COLUMN portatext_api.campaigns.max_error_rate IS 'It is paused when more than this share of its messages is not delivered; null: never.';
COMMENT ON COLUMN portatext_api.campaigns.max_opt_out_rate IS 'It is paused when more than this share of its recipients opts out; null: never.';
COMMENT ON COLUMN portatext_api.campaigns.minimum_sample IS 'The two rates count from so many messages on.';
COMMENT ON COLUMN portatext_api.campaigns.job_id IS 'The job that writes its recipients.';
COMMENT ON COLUMN portatext_api.campaigns.recipients IS 'How many recipients the run has, without those that were skipped when it was built.';
GRANT SELECT ON portatext_api.campaigns TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.campaign_runs WITH (security_invoker) AS
    SELECT n.campaign_id, n.ord AS run, n.state, n.reason, n.recipients, n.skipped, n.job_id, n.created_at, n.started_at, n.finished_at
    FROM portatext.campaign_run n;
COMMENT ON VIEW portatext_api.campaign_runs IS
'Each time a campaign was built and sent

campaigns and campaign_progress show the newest run alone; repeatable campaigns have several. campaign_report takes a run.';
COMMENT ON COLUMN portatext_api.campaign_runs.run IS 'From 1.';
COMMENT ON COLUMN portatext_api.campaign_runs.reason IS 'Why it is paused, cancelled or failed.';
COMMENT ON COLUMN portatext_api.campaign_runs.recipients IS 'Without those that were skipped when it was built.';
COMMENT ON COLUMN portatext_api.campaign_runs.skipped IS 'Contacts that were skipped when it was built.';
COMMENT ON COLUMN portatext_api.campaign_runs.job_id IS 'The job that wrote its recipients.';
GRANT SELECT ON portatext_api.campaign_runs TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.campaign_progress WITH (security_invoker) AS
    SELECT p.campaign_id AS id, p.name, p.run, p.state, p.reason, p.recipients, p.pending, p.queued, p.sending, p.delivered,
           p.undelivered, p.rejected, p.expired, p.skipped, p.cancelled, p.replies, p.opt_outs, p.credits,
           p.per_second, p.eta, p.opens_at, p.started_at, p.finished_at
    FROM portatext.campaign_progress p;
COMMENT ON VIEW portatext_api.campaign_progress IS
'How far the campaigns are

Exact counts of the newest run of each campaign, from counters: cheap enough to ask every second for one campaign (id=eq.7). pending, queued, sending, delivered, undelivered, rejected, expired, skipped and cancelled are the states of its contacts.';
COMMENT ON COLUMN portatext_api.campaign_progress.id IS 'The campaign.';
COMMENT ON COLUMN portatext_api.campaign_progress.recipients IS 'Without those that were skipped when it was built; they are in skipped.';
COMMENT ON COLUMN portatext_api.campaign_progress.pending IS 'Nothing was charged for them yet.';
COMMENT ON COLUMN portatext_api.campaign_progress.credits IS 'What its messages cost, refunds taken off.';
COMMENT ON COLUMN portatext_api.campaign_progress.per_second IS 'Messages handed over in a second, lately; null: not known, or it does not run.';
COMMENT ON COLUMN portatext_api.campaign_progress.eta IS 'When all is handed over, at that rate.';
COMMENT ON COLUMN portatext_api.campaign_progress.opens_at IS 'When its schedule lets the last recipients be written to; null: all may be now.';
GRANT SELECT ON portatext_api.campaign_progress TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.campaign_contacts WITH (security_invoker) AS
    SELECT c.campaign_id, c.run, portatext.digits(c.number) AS number, c.state, c.reason, c.message_id, c.variant,
           c.segments, c.cost, portatext.digits(c.sender) AS "from", c.attempts, c.due_at, c.call_id
    FROM portatext.campaign_contact c;
COMMENT ON VIEW portatext_api.campaign_contacts IS
'Recipients of campaigns, with what became of them

Of one campaign: campaign_id=eq.7&run=eq.1, and state=eq.skipped for what was not sent. Through campaigns of many thousands campaign_contacts_page is quicker; export_campaign_contacts gives all as a file.';
COMMENT ON COLUMN portatext_api.campaign_contacts.run IS 'Which run of the campaign, from 1.';
COMMENT ON COLUMN portatext_api.campaign_contacts.number IS 'Digits without +; as it was given, if it is no number.';
COMMENT ON COLUMN portatext_api.campaign_contacts.state IS 'pending; the states of messages; of those who are called calling, waiting (for their next call), contacted, given_up; skipped with the reason; cancelled; gone: its message is older than what is kept.';
COMMENT ON COLUMN portatext_api.campaign_contacts.reason IS 'Why it was skipped, such as blacklisted or no_tariff; of a message that failed, the carrier''s code; of a call, its result.';
COMMENT ON COLUMN portatext_api.campaign_contacts.attempts IS 'Calls so far; due_at: of the next one; call_id: the last one.';
COMMENT ON COLUMN portatext_api.campaign_contacts.message_id IS 'Its message; null: there is none (yet).';
COMMENT ON COLUMN portatext_api.campaign_contacts.variant IS 'The label of the text that it gets.';
COMMENT ON COLUMN portatext_api.campaign_contacts.cost IS 'Credits; of pending ones by the tariff at the time of the build.';
GRANT SELECT ON portatext_api.campaign_contacts TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.api_campaign(campaign bigint) RETURNS jsonb
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT jsonb_build_object('id', n.campaign_id, 'state', n.state, 'reason', n.reason, 'run', n.ord, 'job_id', n.job_id)
    FROM portatext.campaign_run n WHERE n.campaign_id = campaign ORDER BY n.ord DESC LIMIT 1
$$;
COMMENT ON FUNCTION portatext.api_campaign(bigint) IS 'Internal: the state of a campaign, as the API answers it after a change.';
GRANT EXECUTE ON FUNCTION portatext.api_campaign(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.api_variants(variants jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN jsonb_typeof(variants) <> 'array' THEN variants ELSE (
        SELECT jsonb_agg(CASE WHEN v.member ? 'text' THEN v.member - 'text' || jsonb_build_object('body', v.member -> 'text')
                              ELSE v.member END ORDER BY v.ord)
        FROM jsonb_array_elements(variants) WITH ORDINALITY v (member, ord)) END
$$;
COMMENT ON FUNCTION portatext.api_variants(jsonb) IS
    'Internal: variants of a campaign, whose text the API calls text, for create_campaign().';
GRANT EXECUTE ON FUNCTION portatext.api_variants(jsonb) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.create_campaign(
    name text, text text DEFAULT NULL, template text DEFAULT NULL, variables jsonb DEFAULT NULL,
    "from" text DEFAULT NULL, service text DEFAULT NULL, lists text[] DEFAULT NULL, csv text DEFAULT NULL,
    all_subscribers boolean DEFAULT false, schedule jsonb DEFAULT NULL, description text DEFAULT NULL,
    priority portatext.message_priority DEFAULT 'bulk', segments_per_second numeric DEFAULT NULL,
    repeatable boolean DEFAULT false, variants jsonb DEFAULT NULL, max_error_rate numeric DEFAULT NULL,
    max_opt_out_rate numeric DEFAULT NULL, minimum_sample integer DEFAULT 100) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
#once
    SELECT portatext.api_campaign(portatext.create_campaign(name, text, template, variables, portatext.api_senders("from"),
        service, lists, csv, all_subscribers, schedule, description, priority, segments_per_second, repeatable,
        portatext.api_variants(variants), max_error_rate, max_opt_out_rate, minimum_sample))
$$;
COMMENT ON FUNCTION portatext_api.create_campaign(text, text, text, jsonb, text, text, text[], text, boolean, jsonb, text, portatext.message_priority, numeric, boolean, jsonb, numeric, numeric, integer) IS
'Make a campaign

Answers {"id", "state": "building", "run", "job_id", "reason"}. A job writes its recipients; when the state is ready, campaign_preview tells what it will cost and start_campaign starts it. It does not start by itself.

One of text, template (name or id) and variants ([{"label": "a", "weight": 1, "text": "…"}, …], which are compared). variables: values for {{placeholders}} where a contact has none of its own. from: one of the account''s numbers, several (an array, or with commas between them: the messages are spread over them evenly), or any. service: a keyword or id, instead of from.
The recipients are one of lists (names or ids of contact lists), csv (a file as for import_contacts) and all_subscribers (of the service). A number that occurs in several lists gets one message.
schedule: when the messages may arrive, in the recipients'' local time: {"any_day": {"from": "09:30", "to": "18:00"}}. segments_per_second: no faster than that. repeatable: start_campaign may start it again when it has finished, with recipients written afresh. max_error_rate, max_opt_out_rate (0 to 1): it is paused when, of minimum_sample messages at least, more were not delivered or opted out.';

CREATE FUNCTION portatext_api.campaign_preview(campaign bigint) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT pg_catalog.to_jsonb(p) FROM portatext.campaign_preview(campaign) p
$$;
COMMENT ON FUNCTION portatext_api.campaign_preview(bigint) IS
'What a campaign will send and cost

Answers {"recipients", "segments", "total", "minimum", "maximum", "histogram", "skipped", "cohorts"}: total in credits, the cheapest and the dearest message, how many messages have 1, 2, … segments, how many contacts are skipped by reason, and in how many groups of time zones the recipients are. 409 while it is being built.';

CREATE FUNCTION portatext_api.start_campaign(campaign bigint) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right send
#once
    WITH done AS MATERIALIZED (SELECT portatext.start_campaign(campaign) AS state)
    SELECT portatext.api_campaign(campaign) FROM done WHERE done.state IS NOT NULL
$$;
COMMENT ON FUNCTION portatext_api.start_campaign(bigint) IS
'Start a campaign

One that is still being built starts when it is ready; a repeatable one that has finished gets a new run. Answers {"id", "state", "run", "job_id", "reason"}, as pause_campaign, resume_campaign and cancel_campaign do. 409 wrong_state: it is cancelled or paused, or it has finished.';

CREATE FUNCTION portatext_api.pause_campaign(campaign bigint) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    WITH done AS MATERIALIZED (SELECT portatext.pause_campaign(campaign) AS state)
    SELECT portatext.api_campaign(campaign) FROM done WHERE done.state IS NOT NULL
$$;
COMMENT ON FUNCTION portatext_api.pause_campaign(bigint) IS
'Pause a campaign

From now on nothing more of it goes out; what a carrier has already is not recalled.';

CREATE FUNCTION portatext_api.resume_campaign(campaign bigint) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right send
#once
    WITH done AS MATERIALIZED (SELECT portatext.resume_campaign(campaign) AS state)
    SELECT portatext.api_campaign(campaign) FROM done WHERE done.state IS NOT NULL
$$;
COMMENT ON FUNCTION portatext_api.resume_campaign(bigint) IS
'Let a paused campaign go on

It goes on where it stopped. One that was paused for lack of credits needs this too, when there are credits again: nobody is left out, and nobody gets a message twice.';

CREATE FUNCTION portatext_api.cancel_campaign(campaign bigint) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    WITH done AS MATERIALIZED (SELECT portatext.cancel_campaign(campaign) AS state)
    SELECT portatext.api_campaign(campaign) FROM done WHERE done.state IS NOT NULL
$$;
COMMENT ON FUNCTION portatext_api.cancel_campaign(bigint) IS
'End a campaign for good

What waits is cancelled and refunded; what a carrier has already is not recalled.';

CREATE FUNCTION portatext_api.cancel_campaign_contact(campaign bigint, number text) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT pg_catalog.jsonb_build_object('cancelled', portatext.cancel_campaign_contact(campaign, number))
$$;
COMMENT ON FUNCTION portatext_api.cancel_campaign_contact(bigint, text) IS
'Take one contact out of a campaign

cancelled is true: it will certainly get no message; false: it has got it, or is just getting it.';

CREATE FUNCTION portatext_api.delete_campaign(campaign bigint) RETURNS void
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.delete_campaign(campaign)
$$;
COMMENT ON FUNCTION portatext_api.delete_campaign(bigint) IS
'Delete a campaign with its recipients and reports

The messages that it has sent stay. 409 wrong_state while it is being built, runs or is paused: cancel it before.';

CREATE FUNCTION portatext_api.test_campaign(campaign bigint, numbers text[]) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right send
#once
    SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('to', portatext.digits(t.to_number), 'variant', t.variant,
            'id', t.message_id, 'code', r.name, 'message', t.reason) ORDER BY t.ord, t.variant), '[]')
    FROM portatext.test_campaign(campaign, numbers) t
    LEFT JOIN portatext.refusals() r ON r.sqlstate OPERATOR(pg_catalog.=) t.sqlstate
$$;
COMMENT ON FUNCTION portatext_api.test_campaign(bigint, text[]) IS
'Send a campaign''s texts to some numbers, to look at them

100 numbers at most, at once and whatever its schedule is; charged as any message. Answers [{"to", "variant", "id", "code", "message"}]: id of the message, or code and message, why it was refused.';

CREATE FUNCTION portatext_api.campaign_report(campaign bigint, run integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT pg_catalog.jsonb_agg(r ORDER BY r.variant NULLS LAST) FROM portatext.campaign_report(campaign, run) r
$$;
COMMENT ON FUNCTION portatext_api.campaign_report(bigint, integer) IS
'What a campaign has come to

An array with an object for each text, and with variant null for all: recipients, pending, queued, sending, delivered, undelivered, rejected, expired, cancelled, skipped, skipped_by (reason), replies, opt_outs, credits. run: which run, by default the newest. It reads all contacts: to watch a campaign, campaign_progress is cheaper.';

CREATE FUNCTION portatext.api_campaign_after(campaign bigint, after text) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN EXISTS (SELECT FROM portatext.campaign_recipient r
                             WHERE r.run_id = (SELECT portatext.campaign_run_of(campaign)) AND r.number = after)
                THEN after ELSE '+' || ltrim(after, '+') END
$$;
COMMENT ON FUNCTION portatext.api_campaign_after(bigint, text) IS
    'Internal: a recipient as it is stored, by the number that the API shows; what is no number is stored as it was given.';
GRANT EXECUTE ON FUNCTION portatext.api_campaign_after(bigint, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.campaign_contacts_page(campaign bigint, after text DEFAULT NULL, page_size integer DEFAULT 100) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('number', portatext.digits(c.number), 'state', c.state, 'reason', c.reason,
            'message_id', c.message_id, 'variant', c.variant, 'segments', c.segments, 'cost', c.cost)
            || CASE WHEN c.variant IS NULL THEN pg_catalog.jsonb_build_object('attempts', c.attempts, 'due_at', c.due_at, 'call_id', c.call_id)
                    ELSE '{}' END ORDER BY c.number COLLATE "C"), '[]')
    FROM portatext.campaign_contacts(campaign, portatext.api_campaign_after(campaign, after), page_size) c
$$;
COMMENT ON FUNCTION portatext_api.campaign_contacts_page(bigint, text, integer) IS
'A page of the contacts of a campaign, however many it has

Answers [{"number", "state", "reason", "message_id", "variant", "segments", "cost"}], of a campaign of calls also "attempts", "due_at" and "call_id", of the newest run in the order of the numbers: page_size of those behind the number after, by default the first. The next page begins after the last number; an empty one is the end. What they mean is said at campaign_contacts.';

CREATE FUNCTION portatext_api.export_campaign_contacts(campaign bigint) RETURNS portatext_api."text/csv"
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT portatext.api_file(ARRAY(SELECT portatext.digits(e.line) FROM portatext.export_campaign_contacts(campaign) e (line)))
$$;
COMMENT ON FUNCTION portatext_api.export_campaign_contacts(bigint) IS
'The contacts of a campaign as a CSV file

With Accept: text/csv. Of the newest run: number, state, reason, message_id, variant, segments, cost. The number is in front, so that import_contacts takes the file.';
GRANT EXECUTE ON FUNCTION portatext_api.create_campaign(text, text, text, jsonb, text, text, text[], text, boolean, jsonb, text, portatext.message_priority, numeric, boolean, jsonb, numeric, numeric, integer),
    portatext_api.campaign_preview(bigint), portatext_api.start_campaign(bigint), portatext_api.pause_campaign(bigint),
    portatext_api.resume_campaign(bigint), portatext_api.cancel_campaign(bigint), portatext_api.cancel_campaign_contact(bigint, text),
    portatext_api.delete_campaign(bigint), portatext_api.test_campaign(bigint, text[]), portatext_api.campaign_report(bigint, integer),
    portatext_api.campaign_contacts_page(bigint, text, integer), portatext_api.export_campaign_contacts(bigint) TO portatext_account, portatext_operator;
