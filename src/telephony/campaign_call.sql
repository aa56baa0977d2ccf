-- room: telephony.  Making and changing campaigns of calls (TEL-01, TEL-02).

CREATE FUNCTION portatext.store_telephony_campaign(
    name text, flow jsonb, abandon_flow jsonb, lists text[], csv text, from_number text, trunk bigint, team text,
    schedule jsonb, variables jsonb, description text, repeatable boolean, settings jsonb) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_store_telephony_campaign';
COMMENT ON FUNCTION portatext.store_telephony_campaign(text, jsonb, jsonb, text[], text, text, bigint, text, jsonb, jsonb, text, boolean, jsonb) IS
    'Internal: create_telephony_campaign() with the columns of call_campaign as an object, where what is missing has its default.';
GRANT EXECUTE ON FUNCTION portatext.store_telephony_campaign(text, jsonb, jsonb, text[], text, text, bigint, text, jsonb, jsonb, text, boolean, jsonb)
    TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.create_telephony_campaign(
    name text, flow jsonb, lists text[] DEFAULT NULL, csv text DEFAULT NULL, from_number text DEFAULT NULL,
    trunk bigint DEFAULT NULL, agents integer DEFAULT 0, team text DEFAULT NULL, iterations integer DEFAULT 1,
    min_iteration_time interval DEFAULT '0', post_call_work interval DEFAULT '0', dial_timeout interval DEFAULT '30 seconds',
    schedule jsonb DEFAULT NULL, method portatext.dial_method DEFAULT 'predictive',
    pacing portatext.pacing_method DEFAULT 'predictive', abandon_flow jsonb DEFAULT NULL, variables jsonb DEFAULT NULL,
    description text DEFAULT NULL, repeatable boolean DEFAULT false, max_calls_per_day integer DEFAULT NULL,
    max_duration interval DEFAULT '1 hour', occupancy numeric DEFAULT 0.90, ratio numeric DEFAULT 2,
    waiting_probability numeric DEFAULT NULL, max_abandonment numeric DEFAULT 0.03,
    abandonment_window interval DEFAULT '30 days', connect_within interval DEFAULT '2 seconds',
    agent_timeout interval DEFAULT '15 seconds', min_ring interval DEFAULT NULL, acd_seed interval DEFAULT '60 seconds',
    answer_seed numeric DEFAULT 0.5, min_ner numeric DEFAULT 0.80, ner_sample integer DEFAULT 20,
    retry_delays jsonb DEFAULT '{}') RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT portatext.store_telephony_campaign($1, $2, $16, $3, $4, $5, $6, $8, $13, $17, $18, $19, jsonb_strip_nulls(jsonb_build_object(
        'agents', $7, 'iterations', $9, 'min_iteration_time', $10, 'post_call_work', $11, 'dial_timeout', $12,
        'method', $14, 'pacing', $15, 'max_calls_per_day', $20, 'max_duration', $21, 'occupancy', $22, 'ratio', $23,
        'waiting_probability', $24, 'max_abandonment', $25, 'abandonment_window', $26, 'connect_within', $27,
        'agent_timeout', $28, 'min_ring', $29, 'acd_seed', $30, 'answer_seed', $31, 'min_ner', $32,
        'ner_sample', $33, 'retry_delays', $34)));
$$;
COMMENT ON FUNCTION portatext.create_telephony_campaign(text, jsonb, text[], text, text, bigint, integer, text, integer, interval, interval, interval, jsonb, portatext.dial_method, portatext.pacing_method, jsonb, jsonb, text, boolean, integer, interval, numeric, numeric, numeric, numeric, interval, interval, interval, interval, interval, numeric, numeric, integer, jsonb) IS
    'Makes a campaign that calls contact lists, or contacts given as CSV, and runs a flow in each call. A job (kind campaign_create) writes its recipients; when it is ready, start_campaign() starts it. Without a trunk the only one of the account is taken; without from_number the account''s numbers, or the trunk''s own. What forwards needs agents, or a team whose agents take the calls; max_calls_per_day, waiting_probability and min_ring: null for none. Returns its id.';
GRANT EXECUTE ON FUNCTION portatext.create_telephony_campaign(text, jsonb, text[], text, text, bigint, integer, text, integer, interval, interval, interval, jsonb, portatext.dial_method, portatext.pacing_method, jsonb, jsonb, text, boolean, integer, interval, numeric, numeric, numeric, numeric, interval, interval, interval, interval, interval, numeric, numeric, integer, jsonb)
    TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.change_telephony_campaign(campaign bigint, settings jsonb, trunk bigint) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_alter_telephony_campaign';
COMMENT ON FUNCTION portatext.change_telephony_campaign(bigint, jsonb, bigint) IS
    'Internal: alter_telephony_campaign(), with the trunk apart.';

CREATE FUNCTION portatext.telephony_settings(campaign bigint) RETURNS jsonb
    LANGUAGE sql STABLE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT to_jsonb(k) - '{campaign_id,account_id,trunk_id,team_id,flow,abandon_flow}'::text[] || jsonb_build_object('trunk', k.trunk_id)
        || (SELECT jsonb_object_agg(t.name, trim_scale(EXTRACT(epoch FROM t.span)))
            FROM (VALUES ('min_iteration_time', k.min_iteration_time), ('post_call_work', k.post_call_work), ('dial_timeout', k.dial_timeout),
                         ('max_duration', k.max_duration), ('abandonment_window', k.abandonment_window), ('connect_within', k.connect_within),
                         ('agent_timeout', k.agent_timeout), ('min_ring', k.min_ring), ('acd_seed', k.acd_seed)) t (name, span))
    FROM portatext.call_campaign k
    WHERE k.campaign_id = campaign AND (portatext.sees_all() OR k.account_id = portatext.current_account());
$$;
COMMENT ON FUNCTION portatext.telephony_settings(bigint) IS
    'The settings of a telephony campaign, as alter_telephony_campaign() takes them, times in seconds; null: the caller has no such one.';
GRANT EXECUTE ON FUNCTION portatext.telephony_settings(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.alter_telephony_campaign(campaign bigint, settings jsonb) RETURNS jsonb
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT portatext.change_telephony_campaign(campaign, settings - 'trunk', (settings ->> 'trunk')::bigint);
    SELECT portatext.telephony_settings(campaign);
$$;
COMMENT ON FUNCTION portatext.alter_telephony_campaign(bigint, jsonb) IS
    'Changes the named settings of a telephony campaign, also while it runs, and returns all of them: trunk (an id) and the arguments of create_telephony_campaign() from agents on that are no names, texts or flows. The dialer takes them at its next look.';
GRANT EXECUTE ON FUNCTION portatext.alter_telephony_campaign(bigint, jsonb) TO portatext_account, portatext_operator;
