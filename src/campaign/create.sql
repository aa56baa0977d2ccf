-- room: campaign.  Making campaigns.

CREATE FUNCTION portatext.create_campaign(
    name text, body text DEFAULT NULL, template text DEFAULT NULL, variables jsonb DEFAULT NULL,
    from_number text DEFAULT NULL, service text DEFAULT NULL, lists text[] DEFAULT NULL, csv text DEFAULT NULL,
    all_subscribers boolean DEFAULT false, schedule jsonb DEFAULT NULL, description text DEFAULT NULL,
    priority portatext.message_priority DEFAULT 'bulk', segments_per_second numeric DEFAULT NULL,
    repeatable boolean DEFAULT false, variants jsonb DEFAULT NULL, max_error_rate numeric DEFAULT NULL,
    max_opt_out_rate numeric DEFAULT NULL, minimum_sample integer DEFAULT 100) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_create_campaign';
COMMENT ON FUNCTION portatext.create_campaign(text, text, text, jsonb, text, text, text[], text, boolean, jsonb, text, portatext.message_priority, numeric, boolean, jsonb, numeric, numeric, integer) IS
    'Makes a campaign of one text (body, template or variants) to contact lists, to contacts given as CSV or to a service''s subscribers. A job (kind campaign_create) then writes its recipients; when it is ready, start_campaign() starts it. Returns its id.';
GRANT EXECUTE ON FUNCTION portatext.create_campaign(text, text, text, jsonb, text, text, text[], text, boolean, jsonb, text, portatext.message_priority, numeric, boolean, jsonb, numeric, numeric, integer)
    TO portatext_account, portatext_operator;
