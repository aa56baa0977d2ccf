-- Accounts, who speaks for them, and what an account's own settings are.

CREATE TYPE portatext.account_kind AS ENUM ('prepaid', 'postpaid');
COMMENT ON TYPE portatext.account_kind IS
    'prepaid: outbound messages need credits; postpaid: the balance may go below zero, down to the credit limit.';

CREATE TABLE portatext.account (
    account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    kind portatext.account_kind NOT NULL DEFAULT 'prepaid',
    credit_limit portatext.credits CHECK (credit_limit >= 0),
    sandbox boolean NOT NULL DEFAULT false,
    is_default boolean NOT NULL DEFAULT false,
    suspended boolean NOT NULL DEFAULT false,
    carrier_id integer,
    timezone text NOT NULL DEFAULT 'UTC',
    inbound_cost portatext.credits NOT NULL DEFAULT 1 CHECK (inbound_cost >= 0),
    credit_price numeric CHECK (credit_price >= 0),
    alert_when_credit_less_than portatext.credits,
    max_agents integer CHECK (max_agents >= 0),
    message_events boolean NOT NULL DEFAULT true,
    email_on_inbound_sms text CHECK (email_on_inbound_sms ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    CHECK (kind = 'postpaid' OR credit_limit IS NULL)
);
CREATE UNIQUE INDEX account_default ON portatext.account (is_default) WHERE is_default;
COMMENT ON TABLE portatext.account IS
    'One customer of the installation: its own balance, numbers, blacklist and messages.';
COMMENT ON COLUMN portatext.account.credit_limit IS
    'Credits a postpaid account may owe; null: no limit. Prepaid accounts have none.';
COMMENT ON COLUMN portatext.account.sandbox IS
    'A sandbox account''s credits are honoured by the carrier loopback only.';
COMMENT ON COLUMN portatext.account.is_default IS
    'The account of superusers and operators who have chosen no other.';
COMMENT ON COLUMN portatext.account.carrier_id IS
    'The carrier that takes this account''s messages; null: the installation''s choice.';
COMMENT ON COLUMN portatext.account.inbound_cost IS
    'Credits charged for each inbound message (BILL-08).';
COMMENT ON COLUMN portatext.account.max_agents IS
    'Agents of all its telephony campaigns that run, together (PACE-10); null: no limit.';
COMMENT ON COLUMN portatext.account.credit_price IS
    'Money that one credit costs this account, in the installation''s currency (BILL-15).';
COMMENT ON COLUMN portatext.account.alert_when_credit_less_than IS
    'An event is written when the balance falls below so many credits (ALERT-02); null: off.';
COMMENT ON COLUMN portatext.account.message_events IS
    'Whether each state change of a message, and the end of each call, writes an event row.';
COMMENT ON COLUMN portatext.account.email_on_inbound_sms IS
    'Address for a mail on every inbound message (ALERT-23); null: off. Kept for the room that mails.';
SELECT pg_catalog.pg_extension_config_dump('portatext.account', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.account_account_id_seq', '');

CREATE TABLE portatext.account_role (
    role_name name PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account
);
COMMENT ON TABLE portatext.account_role IS
    'Which account a login role speaks for; written by grant_account().';
SELECT pg_catalog.pg_extension_config_dump('portatext.account_role', '');

CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.account
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.account_role
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();

-- Who is speaking.

CREATE FUNCTION portatext.current_account() RETURNS bigint
    LANGUAGE c STABLE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_current_account_sql';
COMMENT ON FUNCTION portatext.current_account() IS
    'The caller''s account: the setting portatext.account_id, else the account of the login role, else, for superusers and operators, the default account, which is made at its first use. Raises insufficient_privilege when there is none.';
GRANT EXECUTE ON FUNCTION portatext.current_account() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.known_account() RETURNS bigint
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_known_account_sql';
COMMENT ON FUNCTION portatext.known_account() IS
    'The same without making or raising anything: null when the caller has no account. For policies.';
GRANT EXECUTE ON FUNCTION portatext.known_account() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.sees_all() RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_sees_all_sql';
COMMENT ON FUNCTION portatext.sees_all() IS
    'Is the caller a worker, or an operator who has chosen no account? For policies.';
-- The policies behind a view call it in the name of the view's reader.
GRANT EXECUTE ON FUNCTION portatext.sees_all() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.is_operator() RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_is_operator_sql';
COMMENT ON FUNCTION portatext.is_operator() IS
    'Is the caller, after SET ROLE, a superuser or a member of portatext_operator?';
GRANT EXECUTE ON FUNCTION portatext.is_operator() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.act_as(account_id bigint) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_act_as';
COMMENT ON FUNCTION portatext.act_as(bigint) IS
    'For operators: until the end of the transaction everything is done for this account; null takes that back.';
GRANT EXECUTE ON FUNCTION portatext.act_as(bigint) TO portatext_operator;

-- Accounts are made and changed by operators.

GRANT SELECT ON portatext.account, portatext.account_role TO portatext_account;
GRANT SELECT, INSERT, UPDATE ON portatext.account TO portatext_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON portatext.account_role TO portatext_operator;

CREATE FUNCTION portatext.note_installation() RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_note_installation';
COMMENT ON FUNCTION portatext.note_installation() IS
    'Writes down the place that the data belongs to, unless it is known or messages wait. Called when an account is made; for operators.';
GRANT EXECUTE ON FUNCTION portatext.note_installation() TO portatext_operator;

CREATE FUNCTION portatext.create_account(
        name text,
        kind portatext.account_kind DEFAULT 'prepaid',
        credit_limit numeric DEFAULT NULL,
        sandbox boolean DEFAULT false,
        carrier text DEFAULT NULL,
        timezone text DEFAULT 'UTC')
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    made bigint;
    pinned integer;
BEGIN
    IF kind = 'prepaid' AND credit_limit IS NOT NULL THEN
        RAISE EXCEPTION 'a prepaid account has no credit limit'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Make it a postpaid account, or leave the limit out.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_timezone_names z WHERE z.name = timezone) THEN
        RAISE EXCEPTION 'time zone "%" is not known', timezone USING ERRCODE = 'invalid_parameter_value',
            HINT = 'The view pg_timezone_names lists them.';
    END IF;
    IF carrier IS NOT NULL THEN
        SELECT c.carrier_id INTO pinned FROM portatext.carriers c WHERE c.name = carrier;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'carrier "%" does not exist', carrier USING ERRCODE = 'undefined_object';
        END IF;
    END IF;
    PERFORM portatext.note_installation();
    INSERT INTO portatext.account (name, kind, credit_limit, sandbox, carrier_id, timezone)
        VALUES (name, kind, credit_limit, sandbox, pinned, timezone)
        RETURNING account_id INTO made;
    PERFORM portatext.open_balance(made);
    RETURN made;
END
$$;
COMMENT ON FUNCTION portatext.create_account(text, portatext.account_kind, numeric, boolean, text, text) IS
    'Opens an account with a balance of zero and returns its number. carrier pins the account to one carrier; a sandbox account''s credits are honoured by loopback only. For operators.';
GRANT EXECUTE ON FUNCTION portatext.create_account(text, portatext.account_kind, numeric, boolean, text, text) TO portatext_operator;

CREATE FUNCTION portatext.grant_account(role name, account_id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM portatext.account a WHERE a.account_id = grant_account.account_id) THEN
        RAISE EXCEPTION 'account % does not exist', account_id USING ERRCODE = 'undefined_object';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = role) THEN
        RAISE EXCEPTION 'role "%" does not exist', role USING ERRCODE = 'undefined_object';
    END IF;
    INSERT INTO portatext.account_role AS r (role_name, account_id) VALUES (role, grant_account.account_id)
        ON CONFLICT (role_name) DO UPDATE SET account_id = EXCLUDED.account_id;
    IF NOT pg_catalog.pg_has_role(role, 'portatext_account', 'MEMBER') THEN
        EXECUTE pg_catalog.format('GRANT portatext_account TO %I', role);
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'only a role that may grant portatext_account can give "%" an account', role
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = SQLERRM,
                  HINT = pg_catalog.format('Have a superuser run GRANT portatext_account TO %I first, or grant_account() itself.', role);
END
$$;
COMMENT ON FUNCTION portatext.grant_account(name, bigint) IS
    'Lets a login role speak for an account and makes it a member of portatext_account. For operators who may grant that role.';
GRANT EXECUTE ON FUNCTION portatext.grant_account(name, bigint) TO portatext_operator;

CREATE FUNCTION portatext.revoke_account(role name) RETURNS boolean
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH gone AS (DELETE FROM portatext.account_role r WHERE r.role_name = role RETURNING 1)
    SELECT EXISTS (SELECT FROM gone)
$$;
COMMENT ON FUNCTION portatext.revoke_account(name) IS
    'Ends what grant_account() began, but for the membership, which gives nothing without an account. False: the role had none. For operators.';
GRANT EXECUTE ON FUNCTION portatext.revoke_account(name) TO portatext_operator;

CREATE FUNCTION portatext.suspend_account(account_id bigint, suspended boolean DEFAULT true) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    UPDATE portatext.account a SET suspended = suspend_account.suspended
        WHERE a.account_id = suspend_account.account_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'account % does not exist', account_id USING ERRCODE = 'undefined_object';
    END IF;
END
$$;
COMMENT ON FUNCTION portatext.suspend_account(bigint, boolean) IS
    'A suspended account sends nothing; false ends the suspension. For operators.';
GRANT EXECUTE ON FUNCTION portatext.suspend_account(bigint, boolean) TO portatext_operator;

CREATE FUNCTION portatext.set_account_terms(account_id bigint, kind portatext.account_kind, credit_limit numeric DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF kind = 'prepaid' AND credit_limit IS NOT NULL THEN
        RAISE EXCEPTION 'a prepaid account has no credit limit' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Make it a postpaid account, or leave the limit out.';
    END IF;
    UPDATE portatext.account a SET kind = set_account_terms.kind, credit_limit = set_account_terms.credit_limit
        WHERE a.account_id = set_account_terms.account_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'account % does not exist', account_id USING ERRCODE = 'undefined_object';
    END IF;
    PERFORM portatext.open_balance(account_id);
END
$$;
COMMENT ON FUNCTION portatext.set_account_terms(bigint, portatext.account_kind, numeric) IS
    'Makes an account prepaid, or postpaid with a credit limit (null: none). Waits for transactions that are spending. For operators.';
GRANT EXECUTE ON FUNCTION portatext.set_account_terms(bigint, portatext.account_kind, numeric) TO portatext_operator;

CREATE FUNCTION portatext.account_settings(settings jsonb DEFAULT '{}') RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    mine constant bigint := portatext.current_account();
    unknown text;
    answer jsonb;
BEGIN
    IF jsonb_typeof(settings) <> 'object' THEN
        RAISE EXCEPTION 'settings are an object' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Such as {"timezone": "Europe/Madrid"}.';
    END IF;
    SELECT k INTO unknown FROM jsonb_object_keys(settings) k
        WHERE k NOT IN ('alert_when_credit_less_than', 'timezone', 'message_events', 'email_on_inbound_sms', 'max_agents');
    IF FOUND THEN
        RAISE EXCEPTION 'account setting "%" does not exist', unknown USING ERRCODE = 'invalid_parameter_value',
            HINT = 'There are alert_when_credit_less_than, timezone, message_events, email_on_inbound_sms and, for operators, max_agents.';
    END IF;
    IF settings ? 'timezone' AND NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = settings ->> 'timezone') THEN
        RAISE EXCEPTION 'time zone "%" is not known', settings ->> 'timezone' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'The view pg_timezone_names lists them.';
    END IF;
    IF settings ->> 'email_on_inbound_sms' !~ '^[^@[:space:]]+@[^@[:space:]]+$' THEN
        RAISE EXCEPTION '"%" is not an e-mail address', settings ->> 'email_on_inbound_sms'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Null turns these mails off.';
    END IF;
    IF settings ? 'max_agents' AND NOT portatext.is_operator() THEN
        RAISE EXCEPTION 'only an operator may set "max_agents"' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (settings ->> 'max_agents')::integer < 0 THEN
        RAISE EXCEPTION '"max_agents" cannot be %', settings ->> 'max_agents' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'It is 0 or above, or null for no limit.';
    END IF;
    IF settings <> '{}' THEN
        UPDATE portatext.account a SET
            max_agents = CASE WHEN settings ? 'max_agents' THEN (settings ->> 'max_agents')::integer ELSE a.max_agents END,
            email_on_inbound_sms = CASE WHEN settings ? 'email_on_inbound_sms'
                THEN settings ->> 'email_on_inbound_sms' ELSE a.email_on_inbound_sms END,
            alert_when_credit_less_than = CASE WHEN settings ? 'alert_when_credit_less_than'
                THEN (settings ->> 'alert_when_credit_less_than')::numeric ELSE a.alert_when_credit_less_than END,
            timezone = COALESCE(settings ->> 'timezone', a.timezone),
            message_events = COALESCE((settings ->> 'message_events')::boolean, a.message_events)
            WHERE a.account_id = mine;
    END IF;
    SELECT jsonb_build_object('alert_when_credit_less_than', a.alert_when_credit_less_than,
                              'timezone', a.timezone, 'message_events', a.message_events,
                              'email_on_inbound_sms', a.email_on_inbound_sms, 'max_agents', a.max_agents)
        INTO answer FROM portatext.account a WHERE a.account_id = mine;
    RETURN answer;
END
$$;
COMMENT ON FUNCTION portatext.account_settings(jsonb) IS
    'Changes the named settings of the caller''s account, which it may change itself, and returns all of them: alert_when_credit_less_than (null: off), timezone, message_events, email_on_inbound_sms (an address; null: off); and max_agents, the agents of all its telephony campaigns that run together (null: no limit), which operators alone change (PACE-10).';
GRANT EXECUTE ON FUNCTION portatext.account_settings(jsonb) TO portatext_account, portatext_operator;

-- The account of superusers and operators, made at its first use: the install
-- script may put no row into a dumped table.
CREATE FUNCTION portatext.make_default_account() RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    made bigint;
BEGIN
    INSERT INTO portatext.account (name, sandbox, is_default)
        SELECT CASE WHEN EXISTS (SELECT FROM portatext.account WHERE name = 'sandbox')
                    THEN 'sandbox ' || portatext.uuid7() ELSE 'sandbox' END, true, true
        ON CONFLICT DO NOTHING
        RETURNING account_id INTO made;
    IF NOT FOUND THEN
        RETURN (SELECT a.account_id FROM portatext.account a WHERE a.is_default);
    END IF;
    PERFORM portatext.note_installation();
    PERFORM portatext.open_balance(made);
    INSERT INTO portatext.did (account_id, number) VALUES (made, '+12025550100') ON CONFLICT DO NOTHING;
    INSERT INTO portatext.tariff (account_id, prefix, credits) VALUES (made, '', 1);
    INSERT INTO portatext.call_tariff (account_id, prefix, per_minute) VALUES (made, '', 1);
    INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount, note)
        VALUES (made, portatext.uuid7(), 'bonus', 1000, 'sandbox credits, honoured by loopback only');
    UPDATE portatext.balance_stripe s SET amount = 62.5 WHERE s.account_id = made;
    UPDATE portatext.balance_alert a SET zero = false WHERE a.account_id = made;
    RETURN made;
END
$$;
COMMENT ON FUNCTION portatext.make_default_account() IS
    'Makes the sandbox account with a sender, tariffs of messages and calls for every destination and 1000 credits. Called by current_account() only.';
