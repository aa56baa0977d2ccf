-- room: service.  Subscribers: opt-in and opt-out, by message, web page or paper.

CREATE FUNCTION portatext.service_opt_in(service_id bigint, number text, message_id uuid, source text,
        evidence jsonb, shown_text text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_service_opt_in_sql';
COMMENT ON FUNCTION portatext.service_opt_in(bigint, text, uuid, text, jsonb, text) IS
    'Internal: subscribes a canonical number and keeps the evidence; one that is paused stays so. True: it was not subscribed, and an event tells it (SUB-02).';

CREATE FUNCTION portatext.service_opt_out(service_id bigint, number text, message_id uuid, source text,
        evidence jsonb, shown_text text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_service_opt_out_sql';
COMMENT ON FUNCTION portatext.service_opt_out(bigint, text, uuid, text, jsonb, text) IS
    'Internal: ends a subscription, also a paused one (SUB-11), keeps the evidence and ends, with a refund, what the service has waiting for the number (SUB-12), but confirmations of an opt-out. True: it was subscribed, and an event tells it.';

CREATE FUNCTION portatext.drop_waiting_service(service_id bigint, recipient text, code text) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_drop_waiting_service_sql';
COMMENT ON FUNCTION portatext.drop_waiting_service(bigint, text, text) IS
    'Internal: ends, with a refund, every message of the service to the recipient that still waits, but confirmations of an opt-out; returns how many.';

CREATE FUNCTION portatext.service_greet(service_id bigint, recipient text) RETURNS text
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_service_greet_sql';
COMMENT ON FUNCTION portatext.service_greet(bigint, text) IS
    'Internal: queues the text that follows an opt-in (FLOW-03); what cannot be sent is kept as skipped (FLOW-14). Returns why, null: it is queued.';

-- Accounts name a service by its keyword, or by its id.

CREATE FUNCTION portatext.service_named(service text) RETURNS portatext.service
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    mine constant bigint := portatext.current_account();
    s portatext.service;
    other portatext.service;
BEGIN
    SELECT * INTO s FROM portatext.service x
        WHERE x.account_id = mine AND x.keyword = upper(service) AND x.state IN ('approved', 'active', 'suspended')
        ORDER BY x.service_id LIMIT 1;
    IF NOT FOUND THEN
        SELECT * INTO s FROM portatext.service x
            WHERE service ~ '^[0-9]{1,18}$' AND x.service_id = CASE WHEN service ~ '^[0-9]{1,18}$' THEN service::bigint END;
    ELSE
        SELECT * INTO other FROM portatext.service x
            WHERE x.account_id = mine AND x.keyword = s.keyword AND x.state IN ('approved', 'active', 'suspended')
              AND x.service_id <> s.service_id LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'service "%" is not unique', service USING ERRCODE = 'ambiguous_parameter',
                DETAIL = format('Its keyword is in use on several short codes, by services %s and %s.', s.service_id, other.service_id),
                HINT = 'Give its id in place of its keyword.';
        END IF;
    END IF;
    IF s.service_id IS NULL THEN
        RAISE EXCEPTION 'service "%" does not exist', service USING ERRCODE = 'undefined_object',
            HINT = 'The view portatext.services lists them.';
    END IF;
    RETURN s;
END
$$;
COMMENT ON FUNCTION portatext.service_named(text) IS
    'Internal: the caller''s service with this keyword that has its short code, else the one with this id; raises when there is none, or when several have the keyword.';

CREATE FUNCTION portatext.is_served(countries text[], number text) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT COALESCE(portatext.number_country(number::portatext.e164) = ANY (countries)
                    AND portatext.number_type(number::portatext.e164) IS DISTINCT FROM 'fixed', false);
$$;
COMMENT ON FUNCTION portatext.is_served(text[], text) IS
    'Internal: is the canonical number one of these countries'' and not known to be a fixed line (SVC-11)?';

CREATE FUNCTION portatext.add_subscriber(service text, number text, source text, evidence jsonb, shown_text text DEFAULT NULL,
        confirm boolean DEFAULT true)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    s constant portatext.service := portatext.service_named(service);
    person constant text := portatext.to_e164(number)::text;
    joined boolean;
BEGIN
    IF s.state NOT IN ('approved', 'active') THEN
        RAISE EXCEPTION 'service % takes no subscribers', s.keyword USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Its state is ' || s.state::text || '.';
    END IF;
    IF source IS NULL OR source NOT IN ('web', 'paper') THEN
        RAISE EXCEPTION 'source of consent "%" does not exist', source USING ERRCODE = 'invalid_parameter_value',
            HINT = 'There are web and paper; a subscriber''s own message is noticed without this function.';
    END IF;
    IF evidence IS NULL OR jsonb_typeof(evidence) <> 'object' OR evidence = '{}' THEN
        RAISE EXCEPTION 'a subscription needs evidence of consent' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Say where and when it was given, such as {"url": "https://...", "ip": "...", "at": "..."} or {"scan": "..."}. A purchase is no consent.';
    END IF;
    IF person IS NULL OR NOT portatext.is_served(
            (SELECT c.countries FROM portatext.short_code c WHERE c.short_code_id = s.short_code_id), person) THEN
        RAISE EXCEPTION 'service % does not serve %', s.keyword, COALESCE(person, 'a number that is null')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'A short code reaches mobile numbers of its own countries only.';
    END IF;
    joined := portatext.service_opt_in(s.service_id, person, NULL, source, evidence, shown_text);
    IF s.state = 'active' AND confirm THEN
        PERFORM portatext.service_greet(s.service_id, person);
    END IF;
    RETURN joined;
END
$$;
COMMENT ON FUNCTION portatext.add_subscriber(text, text, text, jsonb, text, boolean) IS
    'Subscribes a number to a service (keyword or id) by prior written consent: source web or paper, evidence, and the text that was shown (SVC-16, LAW-04). An active service sends its text for an opt-in (FLOW-03), unless confirm is false: for those to whom another system has sent one. False: it was subscribed already; the evidence is kept all the same.';
GRANT EXECUTE ON FUNCTION portatext.add_subscriber(text, text, text, jsonb, text, boolean) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.change_subscriber(s portatext.service, recipient text, new_state portatext.subscriber_state,
        action text, source text, evidence jsonb) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    UPDATE portatext.subscriber x SET state = new_state, changed_at = portatext.now(), reminder_unpaid = false
        WHERE x.service_id = s.service_id AND x.number::text = recipient;
    INSERT INTO portatext.consent (account_id, service_id, number, action, source, evidence)
        VALUES (s.account_id, s.service_id, recipient, action, source, evidence);
    INSERT INTO portatext.event (account_id, type, subject, payload)
        VALUES (s.account_id, 'subscriber.' || action, s.keyword,
                jsonb_build_object('service_id', s.service_id, 'number', recipient, 'source', source) || evidence);
$$;
COMMENT ON FUNCTION portatext.change_subscriber(portatext.service, text, portatext.subscriber_state, text, text, jsonb) IS
    'Internal: gives a subscriber another state, with its row in consent and the event subscriber.<action>.';

CREATE FUNCTION portatext.remove_subscriber(service text, number text, reason text DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    s constant portatext.service := portatext.service_named(service);
    person constant text := portatext.to_e164(number)::text;
BEGIN
    PERFORM FROM portatext.subscriber x WHERE x.service_id = s.service_id AND x.number::text = person
        AND x.state IN ('active', 'paused') FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM portatext.change_subscriber(s, person, 'cancelled', 'cancelled', 'account',
        jsonb_strip_nulls(jsonb_build_object('reason', reason)));
    PERFORM portatext.drop_waiting_service(s.service_id, person, 'not_subscribed');
    RETURN true;
END
$$;
COMMENT ON FUNCTION portatext.remove_subscriber(text, text, text) IS
    'Ends a subscription to a service (keyword or id) by the account''s own will, without a message to the number; what waits for it ends with a refund. False: it was not subscribed.';
GRANT EXECUTE ON FUNCTION portatext.remove_subscriber(text, text, text) TO portatext_account, portatext_operator;

CREATE VIEW portatext.subscribers WITH (security_invoker) AS
    SELECT x.service_id, x.number, s.keyword, x.state, x.since, x.changed_at, x.reminder_due, x.account_id
        FROM portatext.subscriber x JOIN portatext.service s ON s.service_id = x.service_id;
COMMENT ON VIEW portatext.subscribers IS
    'Who subscribes to the caller''s services, and who has left (SVC-14). A page: WHERE service_id = 1 AND number > (the last one''s) ORDER BY number LIMIT 1000. An export: COPY (SELECT number FROM portatext.subscribers WHERE keyword = ''DEALS'' AND state = ''active'') TO STDOUT (FORMAT csv, HEADER).';
GRANT SELECT ON portatext.subscribers TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.subscriber_history(service text, number text,
        OUT at timestamptz, OUT action text, OUT source text, OUT message_id uuid, OUT evidence jsonb,
        OUT shown_text text, OUT actor name)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    s constant portatext.service := portatext.service_named(subscriber_history.service);
BEGIN
    RETURN QUERY SELECT c.created_at, c.action, c.source, c.message_id, c.evidence, c.shown_text, c.actor
        FROM portatext.consent c
        WHERE c.service_id = s.service_id AND c.number = portatext.to_e164(subscriber_history.number)::text
        ORDER BY c.consent_id;
END
$$;
COMMENT ON FUNCTION portatext.subscriber_history(text, text) IS
    'What a number has consented to with a service (keyword or id), when it left, and the carriers'' notices, with the evidence; oldest first.';
GRANT EXECUTE ON FUNCTION portatext.subscriber_history(text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.send_reminders(most int DEFAULT 100) RETURNS integer
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_send_reminders';
COMMENT ON FUNCTION portatext.send_reminders(int) IS
    'Operators: one batch of what the scheduler does: reminds, of the subscribers that are due, at most so many (FLOW-01) and returns how many. Others get their own time of the day, within their waking hours. To catch up faster than portatext.reminder_rate.';
GRANT EXECUTE ON FUNCTION portatext.send_reminders(int) TO portatext_operator;
