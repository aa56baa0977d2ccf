-- room: campaign.  Starting, pausing, resuming and cancelling (CAMP-04).

CREATE FUNCTION portatext.start_campaign(campaign bigint) RETURNS portatext.run_state
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_start_campaign';
COMMENT ON FUNCTION portatext.start_campaign(bigint) IS
    'Starts a campaign that is ready; one that is still being built starts when it is. A repeatable one that has finished, and one whose build has failed, gets a new run. One that runs already is left as it is, with a NOTICE. Returns the state.';
GRANT EXECUTE ON FUNCTION portatext.start_campaign(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.pause_campaign(campaign bigint) RETURNS portatext.run_state
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_pause_campaign';
COMMENT ON FUNCTION portatext.pause_campaign(bigint) IS
    'Pauses a campaign: from the commit on nothing more of it is released, claimed or called; what a carrier has is not recalled, and calls go on (CAMP-14). One that is being built does not start by itself any more.';
GRANT EXECUTE ON FUNCTION portatext.pause_campaign(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.resume_campaign(campaign bigint) RETURNS portatext.run_state
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_resume_campaign';
COMMENT ON FUNCTION portatext.resume_campaign(bigint) IS
    'Lets a paused campaign go on where it stopped, whatever the reason was (CAMP-06, CAMP-07), also one that was stopped by its network effectiveness ratio (NER-08); its rates count from now on.';
GRANT EXECUTE ON FUNCTION portatext.resume_campaign(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.cancel_campaign(campaign bigint) RETURNS portatext.run_state
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_cancel_campaign';
COMMENT ON FUNCTION portatext.cancel_campaign(bigint) IS
    'Ends a campaign for good. Its messages that wait end as cancelled and are refunded; what a carrier has is not recalled (CAMP-14). Calls that nobody has answered yet are hung up, the others go on.';
GRANT EXECUTE ON FUNCTION portatext.cancel_campaign(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.require_messages(campaign bigint) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF EXISTS (SELECT FROM portatext.campaign c WHERE c.campaign_id = campaign AND c.kind = 'telephony') THEN
        RAISE EXCEPTION 'campaign % calls its contacts and has no text', campaign USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'portatext.telephony_campaigns shows how far it is, portatext.call_report() what it has come to.';
    END IF;
END
$$;
COMMENT ON FUNCTION portatext.require_messages(bigint) IS
    'Internal: raises when the campaign is one of calls.';

CREATE FUNCTION portatext.cancel_campaign_contact(campaign bigint, number text) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_cancel_campaign_contact';
COMMENT ON FUNCTION portatext.cancel_campaign_contact(bigint, text) IS
    'Takes one contact out of a campaign''s newest run (CAMP-12). true: it will certainly get no message and no call; false: it has got it, or is just getting it.';
GRANT EXECUTE ON FUNCTION portatext.cancel_campaign_contact(bigint, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.release_campaigns() RETURNS integer
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_release_campaigns';
COMMENT ON FUNCTION portatext.release_campaigns() IS
    'For the runner, and for a server without workers: releases one batch of one campaign. Returns in how many milliseconds the next one is due.';
GRANT EXECUTE ON FUNCTION portatext.release_campaigns() TO portatext_operator;
