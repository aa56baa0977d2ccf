-- room: service.  A service's life: request, review, activation, suspension, end.

CREATE VIEW portatext.services WITH (security_invoker) AS
    SELECT s.service_id, s.account_id, s.keyword, c.code AS short_code, s.country, s.state, s.purpose,
           s.double_opt_in, s.minimum_age, s.frequency, s.frequency_rule, s.intended_use, s.message_examples,
           s.advertising_examples, s.tc_url, s.phone, s.language, s.line_breaks, s.review_note, s.revision,
           s.created_at, s.changed_at
        FROM portatext.service s LEFT JOIN portatext.short_codes c ON c.short_code_id = s.short_code_id;
COMMENT ON VIEW portatext.services IS
    'The caller''s services with the digits of their short codes (SVC-14); for operators all.';
COMMENT ON COLUMN portatext.services.revision IS 'What the account wants to change of what was reviewed; waits for an operator.';
GRANT SELECT ON portatext.services TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.check_keyword(keyword text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    keyword := upper(keyword);
    IF keyword IS NULL OR char_length(keyword) NOT BETWEEN 4 AND 16 THEN
        RAISE EXCEPTION 'keyword "%" does not have 4 to 16 characters', keyword USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Choose a longer or a shorter one.';
    END IF;
    IF keyword !~ '^[A-Z0-9]+$' THEN
        RAISE EXCEPTION 'keyword "%" has characters other than A to Z and 0 to 9', keyword
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Blanks, accents and punctuation are not possible.';
    END IF;
    IF keyword IN ('HELP', 'STOP', 'CANCEL', 'QUIT', 'UNSUBSCRIBE', 'BAJA') THEN
        RAISE EXCEPTION 'keyword "%" is reserved', keyword USING ERRCODE = 'reserved_name',
            HINT = 'Subscribers write this word for help or to leave.';
    END IF;
    RETURN keyword;
END
$$;
COMMENT ON FUNCTION portatext.check_keyword(text) IS
    'Internal: the keyword in upper case; raises when it has not 4 to 16 characters (SVC-02), others than A-Z and 0-9, or is a reserved word (SVC-03).';

CREATE FUNCTION portatext.check_service(s portatext.service) RETURNS portatext.service
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    missing text := CASE WHEN s.country IS NULL THEN 'country' WHEN s.purpose IS NULL THEN 'purpose'
        WHEN s.double_opt_in IS NULL THEN 'double_opt_in' WHEN s.minimum_age IS NULL THEN 'minimum_age'
        WHEN s.frequency IS NULL THEN 'frequency' WHEN btrim(COALESCE(s.intended_use, '')) = '' THEN 'intended_use'
        WHEN COALESCE(cardinality(s.message_examples), 0) = 0 OR '' = ANY (s.message_examples)
            OR array_position(s.message_examples, NULL) IS NOT NULL THEN 'message_examples'
        WHEN s.advertising_examples IS NULL OR array_position(s.advertising_examples, NULL) IS NOT NULL
            OR '' = ANY (s.advertising_examples)
            OR s.purpose = 'marketing' AND cardinality(s.advertising_examples) = 0 THEN 'advertising_examples'
        WHEN s.language IS NULL THEN 'language' WHEN s.line_breaks IS NULL THEN 'line_breaks'
        WHEN s.frequency_rule IS NULL THEN 'frequency_rule' END;
BEGIN
    s.country := upper(s.country);
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'a service needs %', missing USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Say what it is for and how often it writes, with an example of every kind of message and, for marketing, of its advertising.';
    END IF;
    IF s.country !~ '^[A-Z]{2}$' THEN
        RAISE EXCEPTION 'country "%" is not a code of two letters', s.country
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Countries are named by ISO 3166, such as US.';
    END IF;
    IF s.minimum_age NOT BETWEEN 0 AND 150 THEN
        RAISE EXCEPTION 'minimum_age % is not between 0 and 150', s.minimum_age USING ERRCODE = 'invalid_parameter_value',
            HINT = 'It is in years; 0: any age.';
    END IF;
    IF s.frequency < 1 THEN
        RAISE EXCEPTION 'frequency % is less than one message a month', s.frequency USING ERRCODE = 'invalid_parameter_value',
            HINT = 'It is the greatest number of messages a month; four at most are recommended.';
    END IF;
    IF s.tc_url !~* '^https?://[^[:space:]]{3}' OR s.tc_url ~ '[[:space:][:cntrl:]]' OR char_length(s.tc_url) > 300 THEN
        RAISE EXCEPTION 'tc_url "%" is not a web address', s.tc_url USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give it with https://, in at most 300 characters.';
    END IF;
    IF s.phone !~ '^[+(]?[0-9A-Za-z][0-9A-Za-z ()./-]{2,40}$' THEN
        RAISE EXCEPTION 'phone "%" is not a telephone number', s.phone USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Write it as your subscribers are to read it.';
    END IF;
    IF s.language NOT IN ('en', 'es') THEN
        RAISE EXCEPTION 'there are no texts in language "%"', s.language USING ERRCODE = 'invalid_parameter_value',
            HINT = 'There are en and es.';
    END IF;
    RETURN s;
END
$$;
COMMENT ON FUNCTION portatext.check_service(portatext.service) IS
    'Internal: the service with its country in upper case; raises what is wrong with what an account may write into it (SVC-05, SVC-17).';

CREATE FUNCTION portatext.lock_service(id bigint) RETURNS portatext.service
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    s portatext.service;
BEGIN
    SELECT * INTO s FROM portatext.service x WHERE x.service_id = id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'service % does not exist', id USING ERRCODE = 'undefined_object',
            HINT = 'The view portatext.services lists them.';
    END IF;
    RETURN s;
END
$$;
COMMENT ON FUNCTION portatext.lock_service(bigint) IS
    'Internal: a service that the caller may see, locked against other changes; raises when there is none.';

CREATE FUNCTION portatext.move_service(s portatext.service, new_state portatext.service_state, note text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT (s.state, new_state) IN (('requested', 'approved'), ('requested', 'rejected'), ('requested', 'closed'),
            ('rejected', 'requested'), ('rejected', 'closed'),
            ('approved', 'active'), ('approved', 'suspended'), ('approved', 'closed'),
            ('active', 'suspended'), ('active', 'closed'),
            ('suspended', 'active'), ('suspended', 'approved'), ('suspended', 'closed')) THEN
        RAISE EXCEPTION 'service % is % and cannot become %', s.keyword, s.state, new_state
            USING ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'The state follows requested, approved, active; a suspended service is resumed by an operator, and a closed one is requested anew.';
    END IF;
    UPDATE portatext.service x SET state = new_state, changed_at = portatext.now(),
            review_note = COALESCE(note, x.review_note)
        WHERE x.service_id = s.service_id;
    IF new_state = 'active' THEN        -- what came due meanwhile
        UPDATE portatext.subscriber x SET reminder_due = portatext.now()
            WHERE x.service_id = s.service_id AND x.reminder_due = 'infinity';
    END IF;
    INSERT INTO portatext.event (account_id, type, subject, payload)
        VALUES (s.account_id, 'service.' || CASE WHEN s.state = 'suspended' AND new_state <> 'closed' THEN 'resumed'
                                                ELSE new_state::text END, s.keyword,
                jsonb_strip_nulls(jsonb_build_object('service_id', s.service_id, 'before', s.state, 'note', note)));
END
$$;
COMMENT ON FUNCTION portatext.move_service(portatext.service, portatext.service_state, text) IS
    'Internal: changes the state where that is possible, and writes the event service.<state>, service.resumed after a suspension.';

CREATE FUNCTION portatext.drop_service_messages(id bigint, code text) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH o AS (
        DELETE FROM portatext.outbox x USING portatext.message m
            WHERE m.message_id = x.message_id AND m.service_id = id AND m.kind <> 'opt_out'
            RETURNING x.message_id),
    p AS (
        DELETE FROM portatext.parked x USING portatext.message m
            WHERE m.message_id = x.message_id AND m.service_id = id AND m.kind <> 'opt_out'
            RETURNING x.message_id)
    SELECT portatext.end_unsent(ARRAY(SELECT message_id FROM o UNION ALL SELECT message_id FROM p), 'skipped', code);
$$;
COMMENT ON FUNCTION portatext.drop_service_messages(bigint, text) IS
    'Internal: ends, with a refund, everything of a service that waits, but confirmations of an opt-out (LAW-09). Reads all that waits of all accounts.';

CREATE FUNCTION portatext.request_service(
        keyword text, country text, purpose portatext.service_purpose, double_opt_in boolean, minimum_age int,
        frequency int, intended_use text, message_examples text[], advertising_examples text[] DEFAULT '{}',
        tc_url text DEFAULT NULL, phone text DEFAULT NULL, language text DEFAULT 'en',
        line_breaks boolean DEFAULT false, frequency_rule portatext.frequency_rule DEFAULT 'warn')
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    s portatext.service;
BEGIN
    s.account_id := portatext.current_account();
    s.keyword := portatext.check_keyword(request_service.keyword);
    s.country := request_service.country;
    s.purpose := request_service.purpose;
    s.double_opt_in := request_service.double_opt_in;
    s.minimum_age := request_service.minimum_age;
    s.frequency := request_service.frequency;
    s.intended_use := request_service.intended_use;
    s.message_examples := request_service.message_examples;
    s.advertising_examples := request_service.advertising_examples;
    s.tc_url := request_service.tc_url;
    s.phone := request_service.phone;
    s.language := request_service.language;
    s.line_breaks := request_service.line_breaks;
    s.frequency_rule := request_service.frequency_rule;
    s := portatext.check_service(s);
    INSERT INTO portatext.service AS x (account_id, keyword, country, purpose, double_opt_in, minimum_age, frequency,
            frequency_rule, intended_use, message_examples, advertising_examples, tc_url, phone, language, line_breaks)
        VALUES (s.account_id, s.keyword, s.country, s.purpose, s.double_opt_in, s.minimum_age, s.frequency,
            s.frequency_rule, s.intended_use, s.message_examples, s.advertising_examples, s.tc_url, s.phone,
            s.language, s.line_breaks)
        RETURNING x.service_id INTO s.service_id;
    INSERT INTO portatext.event (account_id, type, subject, payload)
        VALUES (s.account_id, 'service.requested', s.keyword, jsonb_build_object('service_id', s.service_id));
    RETURN s.service_id;
END
$$;
COMMENT ON FUNCTION portatext.request_service(text, text, portatext.service_purpose, boolean, int, int, text, text[], text[], text, text, text, boolean, portatext.frequency_rule) IS
    'Asks for a service with this keyword on a short code of the country (SVC-05) and returns its id; an operator reviews it. frequency: messages a month at most (LAW-02). tc_url and phone may follow with alter_service() before activate_service().';
GRANT EXECUTE ON FUNCTION portatext.request_service(text, text, portatext.service_purpose, boolean, int, int, text, text[], text[], text, text, text, boolean, portatext.frequency_rule) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.approve_service(service_id bigint, short_code text, content_checked boolean DEFAULT false, note text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    s portatext.service := portatext.lock_service(approve_service.service_id);
    code_id bigint;
BEGIN
    IF approve_service.content_checked IS NOT TRUE THEN
        RAISE EXCEPTION 'service % cannot be approved before its content is checked', s.keyword
            USING ERRCODE = 'object_not_in_prerequisite_state',
                DETAIL = 'Prohibited: adult; illegal drugs; alcohol, tobacco, firearms; gambling; violence, hatred, profanity; anything related to death; naming or parodying a wireless carrier; criminal behaviour.',
                HINT = 'Go through the list and say content_checked => true.';
    END IF;
    SELECT c.short_code_id INTO code_id FROM portatext.short_code c
        WHERE c.code::text = approve_service.short_code AND c.country = s.country FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'short code % does not exist in %', approve_service.short_code, s.country
            USING ERRCODE = 'undefined_object', HINT = 'create_short_code() enters one; a service''s code is of its own country.';
    END IF;
    IF EXISTS (SELECT FROM portatext.service x WHERE x.short_code_id = code_id AND x.keyword = s.keyword
               AND x.state <> 'closed' AND x.service_id <> s.service_id) THEN
        RAISE EXCEPTION 'keyword % is already in use on short code %', s.keyword, approve_service.short_code
            USING ERRCODE = 'duplicate_object', HINT = 'Approve it on another short code, or reject it.';
    END IF;
    UPDATE portatext.service x SET short_code_id = code_id, content_checked = true WHERE x.service_id = s.service_id;
    PERFORM portatext.move_service(s, 'approved', approve_service.note);
END
$$;
COMMENT ON FUNCTION portatext.approve_service(bigint, text, boolean, text) IS
    'Operators: gives a requested service its short code, which is of the service''s country, where no other service has the keyword (SVC-03). content_checked says that the list of prohibited content has been gone through (LAW-06, LAW-07). The event service.approved tells it (SVC-06, ALERT-14).';
GRANT EXECUTE ON FUNCTION portatext.approve_service(bigint, text, boolean, text) TO portatext_operator;

CREATE FUNCTION portatext.reject_service(service_id bigint, note text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF btrim(COALESCE(note, '')) = '' THEN
        RAISE EXCEPTION 'a rejection needs a note' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Say what is to be changed.';
    END IF;
    PERFORM portatext.move_service(portatext.lock_service(service_id), 'rejected', note);
END
$$;
COMMENT ON FUNCTION portatext.reject_service(bigint, text) IS
    'Operators: rejects a requested service; note tells the account why. alter_service() requests it again.';
GRANT EXECUTE ON FUNCTION portatext.reject_service(bigint, text) TO portatext_operator;

CREATE FUNCTION portatext.activate_service(service_id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    s portatext.service := portatext.lock_service(service_id);
BEGIN
    IF s.state = 'suspended' THEN
        RAISE EXCEPTION 'service % is suspended', s.keyword USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Only an operator can end that, with resume_service().';
    END IF;
    IF s.state = 'approved' AND (s.tc_url IS NULL OR s.phone IS NULL) THEN
        RAISE EXCEPTION 'service % has no %', s.keyword, CASE WHEN s.tc_url IS NULL THEN 'tc_url' ELSE 'phone' END
            USING ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'Its messages name the address of its terms and conditions and its telephone number: set both with alter_service().';
    END IF;
    PERFORM portatext.move_service(s, 'active');
END
$$;
COMMENT ON FUNCTION portatext.activate_service(bigint) IS
    'Lets an approved service that has its tc_url and phone (SVC-17) take subscribers and send.';
GRANT EXECUTE ON FUNCTION portatext.activate_service(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.suspend_service(service_id bigint, note text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM portatext.move_service(portatext.lock_service(service_id), 'suspended', note);
    RETURN portatext.drop_service_messages(service_id, 'service_suspended');
END
$$;
COMMENT ON FUNCTION portatext.suspend_service(bigint, text) IS
    'Operators: from now on the service sends nothing but confirmations of opt-outs (LAW-09). What waits ends with a refund; returns how many messages those were.';
GRANT EXECUTE ON FUNCTION portatext.suspend_service(bigint, text) TO portatext_operator;

CREATE FUNCTION portatext.resume_service(service_id bigint, note text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    s portatext.service := portatext.lock_service(service_id);
BEGIN
    IF s.state <> 'suspended' THEN
        RAISE EXCEPTION 'service % is not suspended', s.keyword USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Its state is ' || s.state::text || '.';
    END IF;
    PERFORM portatext.move_service(s, CASE WHEN s.tc_url IS NULL OR s.phone IS NULL THEN 'approved'
                                           ELSE 'active' END::portatext.service_state, note);
END
$$;
COMMENT ON FUNCTION portatext.resume_service(bigint, text) IS
    'Operators: ends a suspension; a service that has never had its tc_url and phone is approved again, not active.';
GRANT EXECUTE ON FUNCTION portatext.resume_service(bigint, text) TO portatext_operator;

CREATE FUNCTION portatext.close_service(service_id bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM portatext.move_service(portatext.lock_service(service_id), 'closed');
    RETURN portatext.drop_service_messages(service_id, 'service_closed');
END
$$;
COMMENT ON FUNCTION portatext.close_service(bigint) IS
    'Ends a service for good; its keyword is free again, its subscribers and their evidence are kept. What waits ends with a refund; returns how many messages those were.';
GRANT EXECUTE ON FUNCTION portatext.close_service(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.alter_service(service_id bigint, settings jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    free constant text[] := '{tc_url,phone,language,line_breaks,frequency_rule}';
    reviewed constant text[] := '{purpose,double_opt_in,minimum_age,frequency,intended_use,message_examples,advertising_examples}';
    s portatext.service := portatext.lock_service(alter_service.service_id);
    wanted jsonb;
    unknown text;
BEGIN
    SELECT k INTO unknown FROM jsonb_object_keys(settings) k WHERE k <> ALL (free || reviewed);
    IF FOUND THEN
        RAISE EXCEPTION 'service setting "%" does not exist or cannot be changed', unknown
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'There are ' || array_to_string(free || reviewed, ', ') || '.';
    END IF;
    IF s.state = 'closed' THEN
        RAISE EXCEPTION 'service % is closed', s.keyword USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Request a new one.';
    END IF;
    wanted := settings - free;
    PERFORM portatext.check_service(jsonb_populate_record(s, settings));
    IF s.state IN ('requested', 'rejected') THEN
        s := jsonb_populate_record(s, settings);
        wanted := '{}';
    ELSE
        s := jsonb_populate_record(s, settings - reviewed);
    END IF;
    IF s.state = 'active' AND (s.tc_url IS NULL OR s.phone IS NULL) THEN
        RAISE EXCEPTION 'an active service needs tc_url and phone' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Its messages name both.';
    END IF;
    PERFORM portatext.check_flow_text(t.kind::text, t.body, s.language)
        FROM portatext.service_text t WHERE t.service_id = s.service_id;
    UPDATE portatext.service x SET (tc_url, phone, language, line_breaks, frequency_rule, purpose, double_opt_in,
            minimum_age, frequency, intended_use, message_examples, advertising_examples) =
        (s.tc_url, s.phone, s.language, s.line_breaks, s.frequency_rule, s.purpose, s.double_opt_in,
            s.minimum_age, s.frequency, s.intended_use, s.message_examples, s.advertising_examples),
        changed_at = portatext.now(),
        revision = NULLIF(COALESCE(x.revision, '{}') || wanted, '{}')
        WHERE x.service_id = s.service_id;
    IF s.state = 'rejected' THEN
        PERFORM portatext.move_service(s, 'requested');
    ELSIF wanted <> '{}' THEN
        INSERT INTO portatext.event (account_id, type, subject, payload)
            VALUES (s.account_id, 'service.revision_requested', s.keyword,
                    jsonb_build_object('service_id', s.service_id, 'revision', wanted));
    END IF;
END
$$;
COMMENT ON FUNCTION portatext.alter_service(bigint, jsonb) IS
    'Changes the named settings. tc_url, phone, language, line_breaks and frequency_rule change at once; the service''s own texts must have the mandatory parts in its language. What is reviewed (purpose, double_opt_in, minimum_age, frequency, intended_use, message_examples, advertising_examples) changes at once while the service is requested; a rejected one is requested again; '
    'of an approved one it is kept in revision until an operator''s review_revision(). Keyword and country never change.';
GRANT EXECUTE ON FUNCTION portatext.alter_service(bigint, jsonb) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.review_revision(service_id bigint, approve boolean, content_checked boolean DEFAULT false, note text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    s portatext.service := portatext.lock_service(review_revision.service_id);
    wanted jsonb := s.revision;
BEGIN
    IF wanted IS NULL OR s.state = 'closed' THEN
        RAISE EXCEPTION 'service % has no revision to review', s.keyword
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'alter_service() asks for one.';
    END IF;
    IF review_revision.approve AND review_revision.content_checked IS NOT TRUE THEN
        RAISE EXCEPTION 'the revision of service % cannot be approved before its content is checked', s.keyword
            USING ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'Go through the list of prohibited content and say content_checked => true.';
    END IF;
    IF review_revision.approve THEN
        s := portatext.check_service(jsonb_populate_record(s, wanted));
    END IF;
    UPDATE portatext.service x SET (purpose, double_opt_in, minimum_age, frequency, intended_use, message_examples,
            advertising_examples) = (s.purpose, s.double_opt_in, s.minimum_age, s.frequency, s.intended_use,
            s.message_examples, s.advertising_examples),
        revision = NULL, changed_at = portatext.now(), review_note = COALESCE(review_revision.note, x.review_note)
        WHERE x.service_id = s.service_id;
    INSERT INTO portatext.event (account_id, type, subject, payload)
        VALUES (s.account_id, CASE WHEN review_revision.approve THEN 'service.revised' ELSE 'service.revision_rejected' END,
                s.keyword, jsonb_strip_nulls(jsonb_build_object('service_id', s.service_id, 'revision', wanted, 'note', review_revision.note)));
END
$$;
COMMENT ON FUNCTION portatext.review_revision(bigint, boolean, boolean, text) IS
    'Operators: takes over, or drops, what an account wants to change of an approved service; the service goes on as it was until then. Taking over needs content_checked (LAW-07).';
GRANT EXECUTE ON FUNCTION portatext.review_revision(bigint, boolean, boolean, text) TO portatext_operator;
