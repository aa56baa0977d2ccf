-- room: service.  What services say by themselves (FLOW), what texts to them
-- mean, and the disclosure that their advertising must carry (LAW-08).

CREATE FUNCTION portatext.parse_keyword_message(body text, keywords text[], OUT action text, OUT keyword text)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_parse_keyword_message_sql';
COMMENT ON FUNCTION portatext.parse_keyword_message(text, text[]) IS
    'What a text asks for on a short code with these keywords: stop, help, yes, alone (the keyword and nothing else) or other, and the keyword it names (FLOW-06, FLOW-07). '
    'null: none, or a stop beside several, which means all.';
GRANT EXECUTE ON FUNCTION portatext.parse_keyword_message(text, text[]) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.render_flow_text(kind text, keyword text, tc_url text, phone text, marketing boolean,
        language text, line_breaks boolean, body text) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_flow_text_sql';
COMMENT ON FUNCTION portatext.render_flow_text(text, text, text, text, boolean, text, boolean, text) IS
    'Internal: an automatic text (FLOW-01 to FLOW-05); body: a template in place of the language''s usual one.';

CREATE FUNCTION portatext.check_flow_text(kind text, body text, language text) RETURNS void
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_check_flow_text_sql';
COMMENT ON FUNCTION portatext.check_flow_text(text, text, text) IS
    'Internal: raises 22023 and says what is missing when a service''s own text lacks a mandatory part.';

CREATE FUNCTION portatext.service_texts(service_id bigint)
    RETURNS TABLE (kind portatext.message_kind, body text, own boolean, encoding text, segments int)
    LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED ROWS 5 SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT k.kind, r.body, t.body IS NOT NULL, a.encoding, a.segments
    FROM portatext.service s
        CROSS JOIN unnest(ARRAY['opt_in', 'welcome', 'help', 'reminder', 'opt_out']::portatext.message_kind[])
            WITH ORDINALITY k (kind, ord)
        LEFT JOIN portatext.service_text t ON t.service_id = s.service_id AND t.kind = k.kind
        CROSS JOIN LATERAL (SELECT portatext.render_flow_text(k.kind::text, s.keyword, s.tc_url, s.phone,
            s.purpose = 'marketing', s.language, s.line_breaks, t.body) AS body) r
        CROSS JOIN LATERAL portatext.sms_analyze(r.body) a
    WHERE s.service_id = service_texts.service_id
    ORDER BY k.ord;
$$;
COMMENT ON FUNCTION portatext.service_texts(bigint) IS
    'The automatic texts of a service as they are sent now, with the segments that each is charged for (FLOW-13). own: set by set_service_text. No rows: there is no such service.';
GRANT EXECUTE ON FUNCTION portatext.service_texts(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.set_service_text(service_id bigint, kind portatext.message_kind, body text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s portatext.service := portatext.lock_service(service_id);
BEGIN
    IF kind IS NULL THEN
        RAISE EXCEPTION 'the kind of a text must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'Use reminder, help, opt_in, opt_out or welcome.';
    END IF;
    PERFORM portatext.check_flow_text(set_service_text.kind::text, set_service_text.body, s.language);
    IF body IS NULL THEN
        DELETE FROM portatext.service_text t
            WHERE t.service_id = s.service_id AND t.kind = set_service_text.kind;
    ELSE
        INSERT INTO portatext.service_text AS t (service_id, account_id, kind, body)
            VALUES (s.service_id, s.account_id, set_service_text.kind, set_service_text.body)
            ON CONFLICT ON CONSTRAINT service_text_pkey DO UPDATE SET body = EXCLUDED.body;
    END IF;
    RETURN portatext.render_flow_text(set_service_text.kind::text, s.keyword, s.tc_url, s.phone, s.purpose = 'marketing',
        s.language, s.line_breaks, set_service_text.body);
END
$$;
COMMENT ON FUNCTION portatext.set_service_text(bigint, portatext.message_kind, text) IS
    'Sets a service''s own automatic text, with {keyword}, {tc_url}, {phone} and {service_type}; null: the usual one of its language again. Stop word, help word and the notice of rates are mandatory where the usual text has them. Returns the text as it is sent now.';
GRANT EXECUTE ON FUNCTION portatext.set_service_text(bigint, portatext.message_kind, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.country_name(country text) RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_country_name_sql';
COMMENT ON FUNCTION portatext.country_name(text) IS
    'The English name of a country by its ISO 3166-1 alpha-2 code; the code itself when it has none.';
GRANT EXECUTE ON FUNCTION portatext.country_name(text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.service_disclosure(service_id bigint) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s record;
    missing text;
BEGIN
    SELECT v.keyword, v.minimum_age, v.frequency, c.* INTO s
        FROM portatext.service v LEFT JOIN portatext.short_code c ON c.short_code_id = v.short_code_id
        WHERE v.service_id = service_disclosure.service_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'service % does not exist', service_id USING ERRCODE = 'undefined_object',
            HINT = 'The view portatext.services lists them.';
    END IF;
    IF s.code IS NULL THEN
        RAISE EXCEPTION 'service "%" has no short code yet', s.keyword USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'It gets one when its request is approved.';
    END IF;
    missing := concat_ws(', ', CASE WHEN s.carriers IS NULL THEN 'carriers' END,
        CASE WHEN s.international_carriers IS NULL THEN 'international_carriers' END,
        CASE WHEN s.contact_email IS NULL THEN 'contact_email' END,
        CASE WHEN s.contact_phone IS NULL THEN 'contact_phone' END);
    IF missing <> '' THEN
        RAISE EXCEPTION 'short code % lacks what the disclosure must say', s.code
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Missing are: ' || missing || '. An operator sets them with alter_short_code().';
    END IF;
    RETURN format('Summary Terms & Conditions: Our mobile text messages are intended for subscribers over the age of %1$s '
        'and are delivered via %2$s short code %3$s. You may receive up to %4$s message(s) per month for text alerts. '
        'Message and data rates may apply. This service is available for subscribers on %5$s. '
        'Many international carriers are also supported. The list of international carriers include %6$s. '
        'The wireless carriers are not liable for delayed or undelivered messages. '
        'For help, text HELP %7$s to %3$s, email %8$s, or call %9$s. '
        'You may stop your mobile subscription at any time by text messaging STOP %7$s to %3$s.',
        s.minimum_age, CASE s.country WHEN 'US' THEN 'USA' ELSE portatext.country_name(s.country) END, s.code, s.frequency,
        s.carriers, s.international_carriers, s.keyword, s.contact_email, s.contact_phone);
END
$$;
COMMENT ON FUNCTION portatext.service_disclosure(bigint) IS
    'The summary of terms that a service''s advertising must carry (LAW-08), from the service''s record and the short code''s carriers and contacts.';
GRANT EXECUTE ON FUNCTION portatext.service_disclosure(bigint) TO portatext_account, portatext_operator;
