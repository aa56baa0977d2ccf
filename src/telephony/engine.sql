-- room: telephony.  What an operator does with engines.

CREATE TABLE portatext.shipped_engine_template (
    name text PRIMARY KEY,
    settings jsonb NOT NULL,
    note text NOT NULL
);
COMMENT ON TABLE portatext.shipped_engine_template IS
    'Settings for engines of the adapter http, read-only: {"template": NAME} in an engine''s settings starts from these, and each further setting replaces the one here (null takes it away).';
COMMENT ON COLUMN portatext.shipped_engine_template.note IS 'What create_engine() is given beside the settings.';
GRANT SELECT ON portatext.shipped_engine_template TO portatext_operator;

INSERT INTO portatext.shipped_engine_template (name, note, settings) VALUES
('twilio',
 'settings: account (the Account SID), callback_url. username and password: Account SID and Auth Token, which also signs callbacks. With an API key as user and password: callback_secret is the Auth Token, and the setting signature_key is callback_secret.',
 $json${
    "documentation": "https://www.twilio.com/docs/voice/api/call-resource",
    "auth": "basic",
    "format": "form",
    "ops": {
        "originate": {"url": "https://api.twilio.com/2010-04-01/Accounts/{account}/Calls.json",
            "body": {"To": "{to}", "From": "{from}", "Twiml": "{twiml}", "Timeout": "{dial_timeout}",
                "TimeLimit": "{max_duration}", "MachineDetection": "{amd_word}",
                "StatusCallback": "{events_url}?call={call_id}", "StatusCallbackMethod": "POST",
                "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"]}},
        "connect": {"url": "https://api.twilio.com/2010-04-01/Accounts/{account}/Calls/{engine_ref}.json",
            "body": {"Twiml": "{twiml}"}},
        "abandon": {"url": "https://api.twilio.com/2010-04-01/Accounts/{account}/Calls/{engine_ref}.json",
            "body": {"Twiml": "{twiml}"}},
        "hang_up": {"url": "https://api.twilio.com/2010-04-01/Accounts/{account}/Calls/{engine_ref}.json",
            "body": {"Status": "completed"}},
        "status": {"url": "https://api.twilio.com/2010-04-01/Accounts/{account}/Calls/{engine_ref}.json"},
        "test": {"url": "https://api.twilio.com/2010-04-01/Accounts/{account}.json"}
    },
    "amd_word": "Enable",
    "id_path": "sid",
    "code_path": "code",
    "text_path": "message",
    "classes": {"20003": "failed", "20005": "failed", "20404": "not_there", "20429": "no_capacity", "21220": "not_there",
        "21211": "refused", "21214": "refused", "21217": "refused"},
    "event_ref": "CallSid",
    "event_kind": "CallStatus",
    "event_kinds": {"queued": "placed", "initiated": "placed", "ringing": "ringing", "in-progress": "answered",
        "completed": "ended", "busy": "ended", "no-answer": "ended", "failed": "ended", "canceled": "ended"},
    "event_causes": {"completed": "16 answered", "busy": "17", "no-answer": "19 alerted", "failed": "sip", "canceled": "16"},
    "event_seq": "SequenceNumber",
    "event_at": "Timestamp",
    "event_sip": "SipResponseCode",
    "event_duration": "CallDuration",
    "event_digits": "Digits",
    "event_dialled": "DialCallStatus",
    "dialled_word": "completed",
    "event_amd": "AnsweredBy",
    "event_amds": {"human": "HUMAN", "machine_start": "MACHINE", "machine_end_beep": "MACHINE",
        "machine_end_silence": "MACHINE", "machine_end_other": "MACHINE", "fax": "MACHINE", "unknown": "NOTSURE"},
    "status_ref": "sid",
    "status_kind": "status",
    "status_at": "end_time",
    "status_duration": "duration",
    "status_amd": "answered_by",
    "signature": "hmac-sha1",
    "signature_key": "password",
    "signature_header": "X-Twilio-Signature",
    "signed": "{url}{form}"
 }$json$);

CREATE VIEW portatext.engines WITH (security_barrier) AS
    SELECT e.engine_id, e.name, e.adapter, e.enabled, e.max_in_flight, e.timeout, e.settings,
        s.username, s.password IS NOT NULL AS has_password, s.callback_secret IS NOT NULL AS has_callback_secret,
        (SELECT count(*) FROM portatext.trunk t WHERE t.engine_id OPERATOR(pg_catalog.=) e.engine_id) AS trunks,
        e.created_at
    FROM portatext.engine e LEFT JOIN portatext.engine_secret s ON s.engine_id OPERATOR(pg_catalog.=) e.engine_id;
COMMENT ON VIEW portatext.engines IS 'The telephony engines, without their secrets.';
COMMENT ON COLUMN portatext.engines.trunks IS 'Trunks that dial through it: all accounts'' for an operator who speaks for none.';
GRANT SELECT ON portatext.engines TO portatext_operator;

CREATE FUNCTION portatext.check_engine(
        name text, adapter text, settings jsonb, username text DEFAULT NULL, password text DEFAULT NULL,
        callback_secret text DEFAULT NULL)
    RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_check_engine';
COMMENT ON FUNCTION portatext.check_engine(text, text, jsonb, text, text, text) IS
    'Lets the adapter check what an engine is to be set up with; raises an error that says what is wrong. Takes the running statement out of pg_stat_activity and the log.';
GRANT EXECUTE ON FUNCTION portatext.check_engine(text, text, jsonb, text, text, text) TO portatext_operator;

CREATE FUNCTION portatext.create_engine(
        name text, adapter text, settings jsonb DEFAULT '{}', username text DEFAULT NULL, password text DEFAULT NULL,
        callback_secret text DEFAULT NULL, max_in_flight int DEFAULT 32, timeout interval DEFAULT '5 s')
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    id integer;
    secret text := COALESCE(callback_secret, replace(gen_random_uuid()::text, '-', ''));
BEGIN
    PERFORM portatext.check_engine(name, adapter, settings, username, password, secret);
    INSERT INTO portatext.engine (name, adapter, settings, max_in_flight, timeout)
        VALUES (create_engine.name, create_engine.adapter, create_engine.settings,
            create_engine.max_in_flight, create_engine.timeout)
        ON CONFLICT (name) DO NOTHING
        RETURNING engine_id INTO id;
    IF id IS NULL THEN
        RAISE EXCEPTION 'engine "%" already exists', create_engine.name
            USING ERRCODE = 'duplicate_object', HINT = 'alter_engine() changes it.';
    END IF;
    INSERT INTO portatext.engine_secret (engine_id, username, password, callback_secret)
        VALUES (id, create_engine.username, create_engine.password, secret);
    RETURN id;
END
$$;
COMMENT ON FUNCTION portatext.create_engine(text, text, jsonb, text, text, text, int, interval) IS
    'Sets up a telephony engine and returns its id; docs/engines.md lists the settings of each adapter. '
    'Without callback_secret a random one is made, which engine_secret shows to operators.';
GRANT EXECUTE ON FUNCTION portatext.create_engine(text, text, jsonb, text, text, text, int, interval) TO portatext_operator;

CREATE FUNCTION portatext.engine_number(engine text) RETURNS integer
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    id integer := (SELECT e.engine_id FROM portatext.engine e WHERE e.name = engine);
BEGIN
    IF id IS NULL THEN
        RAISE EXCEPTION 'engine "%" does not exist', engine
            USING ERRCODE = 'undefined_object', HINT = 'portatext.engines lists them.';
    END IF;
    RETURN id;
END
$$;
COMMENT ON FUNCTION portatext.engine_number(text) IS 'The id of an engine; raises 42704 when there is none of that name.';
GRANT EXECUTE ON FUNCTION portatext.engine_number(text) TO portatext_operator;

CREATE FUNCTION portatext.loopback_engine() RETURNS integer
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO portatext.engine (name, adapter, max_in_flight) VALUES ('loopback', 'loopback', 256)
        ON CONFLICT (name) DO NOTHING;
    SELECT e.engine_id FROM portatext.engine e WHERE e.name = 'loopback';
$$;
COMMENT ON FUNCTION portatext.loopback_engine() IS
    'The id of the built-in engine, which takes its place among the operator''s when it is wanted first: by a trunk without another engine.';
GRANT EXECUTE ON FUNCTION portatext.loopback_engine() TO portatext_operator;

CREATE FUNCTION portatext.alter_engine(
        name text, settings jsonb DEFAULT NULL, username text DEFAULT NULL, password text DEFAULT NULL,
        callback_secret text DEFAULT NULL, enabled boolean DEFAULT NULL, max_in_flight int DEFAULT NULL,
        timeout interval DEFAULT NULL)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    id integer := portatext.engine_number(alter_engine.name);
    e portatext.engine;
    s portatext.engine_secret;
BEGIN
    SELECT * INTO e FROM portatext.engine WHERE engine_id = id FOR UPDATE;
    SELECT * INTO s FROM portatext.engine_secret WHERE engine_id = id;
    s.username := COALESCE(alter_engine.username, s.username);
    s.password := COALESCE(alter_engine.password, s.password);
    s.callback_secret := COALESCE(alter_engine.callback_secret, s.callback_secret);
    e.settings := COALESCE(alter_engine.settings, e.settings);
    PERFORM portatext.check_engine(e.name, e.adapter, e.settings, s.username, s.password, s.callback_secret);
    UPDATE portatext.engine SET settings = e.settings,
            enabled = COALESCE(alter_engine.enabled, engine.enabled),
            max_in_flight = COALESCE(alter_engine.max_in_flight, engine.max_in_flight),
            timeout = COALESCE(alter_engine.timeout, engine.timeout)
        WHERE engine_id = id;
    INSERT INTO portatext.engine_secret (engine_id, username, password, callback_secret)
        VALUES (id, s.username, s.password, s.callback_secret)
        ON CONFLICT (engine_id) DO UPDATE SET username = excluded.username,
            password = excluded.password, callback_secret = excluded.callback_secret;
    RETURN id;
END
$$;
COMMENT ON FUNCTION portatext.alter_engine(text, jsonb, text, text, text, boolean, int, interval) IS
    'Changes what is not null; settings are replaced as a whole. A disabled engine gets no new calls; those that it has go on.';
GRANT EXECUTE ON FUNCTION portatext.alter_engine(text, jsonb, text, text, text, boolean, int, interval) TO portatext_operator;

CREATE FUNCTION portatext.enable_engine(name text) RETURNS void
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT portatext.alter_engine(name, enabled => true) $$;
COMMENT ON FUNCTION portatext.enable_engine(text) IS 'Lets the engine have new calls.';
GRANT EXECUTE ON FUNCTION portatext.enable_engine(text) TO portatext_operator;

CREATE FUNCTION portatext.disable_engine(name text) RETURNS void
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT portatext.alter_engine(name, enabled => false) $$;
COMMENT ON FUNCTION portatext.disable_engine(text) IS 'Gives the engine no new calls; those that it has go on.';
GRANT EXECUTE ON FUNCTION portatext.disable_engine(text) TO portatext_operator;

CREATE FUNCTION portatext.drop_engine(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    id integer := portatext.engine_number(name);
BEGIN
    IF NOT portatext.sees_all() THEN
        RAISE EXCEPTION 'engines cannot be dropped on behalf of one account'
            USING ERRCODE = 'insufficient_privilege', HINT = 'RESET portatext.account_id as an operator.';
    END IF;
    PERFORM FROM portatext.engine e WHERE e.engine_id = id FOR UPDATE;
    IF EXISTS (SELECT FROM portatext.trunk t WHERE t.engine_id = id) THEN
        RAISE EXCEPTION 'engine "%" has trunks', name
            USING ERRCODE = 'object_in_use', HINT = 'disable_engine() gives it no new calls.';
    END IF;
    IF EXISTS (SELECT FROM portatext.call c WHERE c.engine_id = id AND c.ended_at IS NULL) THEN
        RAISE EXCEPTION 'engine "%" has calls', name
            USING ERRCODE = 'object_in_use', HINT = 'Let them end first.';
    END IF;
    DELETE FROM portatext.engine e WHERE e.engine_id = id;
END
$$;
COMMENT ON FUNCTION portatext.drop_engine(text) IS 'Removes an engine that no trunk dials through.';
GRANT EXECUTE ON FUNCTION portatext.drop_engine(text) TO portatext_operator;

CREATE FUNCTION portatext.receive_call_events(engine text, events jsonb) RETURNS integer
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_receive_call_events';
COMMENT ON FUNCTION portatext.receive_call_events(text, jsonb) IS
    'Applies what an engine tells of its calls: an array of events, or one, in the form of docs/engines.md. Returns how many were new. The receiver does the same for what engines post.';
GRANT EXECUTE ON FUNCTION portatext.receive_call_events(text, jsonb) TO portatext_operator;
