-- room: api.  Calls, what they go through, who takes them, and campaigns of them.

CREATE DOMAIN portatext_api."audio/mpeg" AS bytea;
COMMENT ON DOMAIN portatext_api."audio/mpeg" IS 'A sound.';

CREATE VIEW portatext_api.calls WITH (security_invoker) AS
    SELECT c.call_id AS id, c.state, c.result, portatext.digits(c.to_number) AS "to", portatext.digits(c.from_number) AS "from",
           c.campaign_id, c.run, c.iteration, c.contacted, c.amd, c.digits, c.agent_id, c.agent, c.b_number, c.b_result,
           c.placed_at, c.ringing_at, c.answered_at, c.waiting_at, c.b_answered_at, c.b_ended_at, c.ended_at,
           EXTRACT(epoch FROM c.duration) AS duration, EXTRACT(epoch FROM c.talk) AS talk,
           EXTRACT(epoch FROM c.connect_time) AS connect_time, c.live, c.abandoned, c.disposition, c.note,
           c.q850 AS cause, c.problem, c.trunk, c.cost, c.client_ref, c.created_at
    FROM portatext.calls c;
COMMENT ON VIEW portatext_api.calls IS
'Calls, each with its whole record

Ids are in the order of time: order=id.desc gives the newest first, id=lt.LAST_ID&limit=100 the page behind them. Quick filters: id, campaign_id.';
COMMENT ON COLUMN portatext_api.calls.id IS 'UUID version 7, in the order of time.';
COMMENT ON COLUMN portatext_api.calls.state IS 'queued: waits for its time or a line; placing, placed, ringing, answered; waiting: a person wants an agent; connecting: leg B is being called; connected; ended; unclear: the engine is asked about it.';
COMMENT ON COLUMN portatext_api.calls.result IS 'Of leg A, the called number: ANSWER, BUSY, NO_ANSWER, CONGESTION, INVALID_NUMBER and others; null: it goes on.';
COMMENT ON COLUMN portatext_api.calls.campaign_id IS 'Null: a single call.';
COMMENT ON COLUMN portatext_api.calls.iteration IS 'The how-manieth call of its run to this number.';
COMMENT ON COLUMN portatext_api.calls.contacted IS 'Is the target contacted, and not called again?';
COMMENT ON COLUMN portatext_api.calls.amd IS 'What answered: HUMAN, MACHINE, NOTSURE or HANGUP; null: it was not looked at.';
COMMENT ON COLUMN portatext_api.calls.digits IS 'Keys that were pressed.';
COMMENT ON COLUMN portatext_api.calls.b_number IS 'Leg B: whom the flow forwarded to.';
COMMENT ON COLUMN portatext_api.calls.duration IS 'Seconds of leg A since its answer; talk: of leg B; connect_time: that the person waited for the agent.';
COMMENT ON COLUMN portatext_api.calls.live IS 'A person answered and was to be connected; abandoned: nobody took it in time.';
COMMENT ON COLUMN portatext_api.calls.disposition IS 'What it led to, in the agent''s words.';
COMMENT ON COLUMN portatext_api.calls.cause IS 'Q.850 cause of the end.';
COMMENT ON COLUMN portatext_api.calls.cost IS 'Credits, once it has ended.';
GRANT SELECT ON portatext_api.calls TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.trunks WITH (security_invoker) AS
    SELECT t.trunk_id AS id, t.name, t.address, t.engine, t.channels, t.calls_per_second, t.created_at FROM portatext.trunks t;
COMMENT ON VIEW portatext_api.trunks IS
'SIP trunks that calls go through

test_trunk asks whether one works.';
COMMENT ON COLUMN portatext_api.trunks.address IS 'Host or IP address.';
COMMENT ON COLUMN portatext_api.trunks.engine IS 'The telephony engine that dials through it.';
COMMENT ON COLUMN portatext_api.trunks.channels IS 'Calls at a time; null: no limit.';
COMMENT ON COLUMN portatext_api.trunks.calls_per_second IS 'New calls a second; null: no limit.';
GRANT SELECT ON portatext_api.trunks TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.sounds WITH (security_invoker) AS
    SELECT s.sound_id AS id, s.name, s.description, s.bytes, s.digest, s.created_at, s.changed_at FROM portatext.sounds s;
COMMENT ON VIEW portatext_api.sounds IS
'Sounds that call flows play

By their id: {"play": {"sound_id": 3}}. sound_file gives the mp3.';
COMMENT ON COLUMN portatext_api.sounds.digest IS 'SHA-256 of the file.';
GRANT SELECT ON portatext_api.sounds TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.teams WITH (security_invoker) AS
    SELECT t.team_id AS id, t.name, t.agents FROM portatext.teams t;
COMMENT ON VIEW portatext_api.teams IS
'Teams of agents

Agents of a team take the calls of the same campaigns.';
COMMENT ON COLUMN portatext_api.teams.agents IS 'How many it has.';
GRANT SELECT ON portatext_api.teams TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.agents WITH (security_invoker) AS
    SELECT a.agent_id AS id, a.name, a.team, a.destination, a.state, a.reason, a.state_since, a.idle_since, a.wrap_up_until,
           a.call_id, a.pause_next
    FROM portatext.agents a;
COMMENT ON VIEW portatext_api.agents IS
'Agents, and what each does now

set_agent_state makes one available, paused or offline; calls change the state by themselves.';
COMMENT ON COLUMN portatext_api.agents.destination IS 'Where the agent''s leg is dialled.';
COMMENT ON COLUMN portatext_api.agents.state IS 'offline; available: takes the next call; preview: looks at a target; ringing; on_call; wrap_up: post-call work, until wrap_up_until; paused.';
COMMENT ON COLUMN portatext_api.agents.idle_since IS 'The agent who waits longest gets the next call.';
COMMENT ON COLUMN portatext_api.agents.call_id IS 'The call that the agent has.';
COMMENT ON COLUMN portatext_api.agents.pause_next IS 'Pauses when the present call is over.';
GRANT SELECT ON portatext_api.agents TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.agent_statistics WITH (security_invoker) AS
    SELECT s.agent_id, s.name, s.team, s.day, s.calls, s.missed, EXTRACT(epoch FROM s.available) AS available,
           EXTRACT(epoch FROM s.ringing) AS ringing, EXTRACT(epoch FROM s.on_call) AS on_call, EXTRACT(epoch FROM s.wrap_up) AS wrap_up,
           EXTRACT(epoch FROM s.paused) AS paused, s.utilisation
    FROM portatext.agent_statistics s;
COMMENT ON VIEW portatext_api.agent_statistics IS
'What the agents did, by day (UTC)

Seconds in each state that has ended.';
COMMENT ON COLUMN portatext_api.agent_statistics.missed IS 'Calls that rang and were not taken.';
COMMENT ON COLUMN portatext_api.agent_statistics.utilisation IS 'Share of the time at work, pauses not counted.';
GRANT SELECT ON portatext_api.agent_statistics TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.telephony_campaigns WITH (security_invoker) AS
    SELECT p.campaign_id AS id, p.name, p.run, p.state, p.reason, p.trunk_id, p.method, p.pacing, p.agents, p.available,
           p.agents_ringing, p.on_call, p.wrap_up, p.paused, p.ringing, p.answered, p.waiting, p.connecting, p.connected,
           p.utilisation, p.live, p.abandoned, p.abandonment, p.max_abandonment, p.ner, p.min_ner, p.acd, p.p_answer,
           p.recipients, p.skipped, p.calls, p.contacted, p.given_up, p.targets_left, p.eta, p.decision, p.ticked_at,
           p.started_at, p.finished_at
    FROM portatext.telephony_progress p;
COMMENT ON VIEW portatext_api.telephony_campaigns IS
'Campaigns of calls: how they go

Agents and calls by state, ratios and targets of the newest run, from counters: cheap enough to ask every second for one campaign (id=eq.7). campaigns has what was asked for, explain_pacing says why the dialer placed what it placed.';
COMMENT ON COLUMN portatext_api.telephony_campaigns.reason IS 'Why it is paused, stopped (low_ner), cancelled or failed.';
COMMENT ON COLUMN portatext_api.telephony_campaigns.agents IS 'Who are not offline; without a team the campaign''s number.';
COMMENT ON COLUMN portatext_api.telephony_campaigns.ringing IS 'Calls that nobody has answered yet; answered: in the flow; waiting: a person wants an agent; connecting and connected: with one.';
COMMENT ON COLUMN portatext_api.telephony_campaigns.utilisation IS 'Share of the agents at work over the last minutes.';
COMMENT ON COLUMN portatext_api.telephony_campaigns.abandonment IS 'Share of the persons who answered whom no agent took in time, over the window of the ceiling max_abandonment.';
COMMENT ON COLUMN portatext_api.telephony_campaigns.ner IS 'Network effectiveness ratio; below min_ner the campaign stops.';
COMMENT ON COLUMN portatext_api.telephony_campaigns.acd IS 'Average seconds of a talk.';
COMMENT ON COLUMN portatext_api.telephony_campaigns.p_answer IS 'Chance that a call wants an agent.';
COMMENT ON COLUMN portatext_api.telephony_campaigns.given_up IS 'Targets that have had all their calls; contacted: that are not called again; targets_left: that are to be called.';
COMMENT ON COLUMN portatext_api.telephony_campaigns.decision IS 'The dialer''s last decision in numbers.';
GRANT SELECT ON portatext_api.telephony_campaigns TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.place_call(
    "to" text, flow jsonb, "from" text DEFAULT NULL, trunk_id bigint DEFAULT NULL, dial_timeout integer DEFAULT 30,
    schedule jsonb DEFAULT NULL, send_at timestamptz DEFAULT NULL, variables jsonb DEFAULT NULL,
    client_ref text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right send
#once
    SELECT pg_catalog.jsonb_build_object('id', portatext.place_call(to_number => "to", flow => flow, from_number => "from",
        trunk => trunk_id, dial_timeout => dial_timeout, schedule => schedule, send_at => send_at, variables => variables,
        client_ref => client_ref))
$$;
COMMENT ON FUNCTION portatext_api.place_call(text, jsonb, text, bigint, integer, jsonb, timestamptz, jsonb, text) IS
'Call one number and run a flow

Answers {"id"}; follow it with GET /calls?id=eq.ID. flow: an array such as [{"play": {"sound_id": 3}}, {"forward": {"to": "+12025550123"}}]; its {{placeholders}} are filled in with variables. from: one of the account''s numbers. trunk_id: need not be said when there is a single trunk. dial_timeout: seconds that it may ring. schedule, send_at, client_ref and the header Idempotency-Key are those of send_sms.
422: the flow, with the place in it that is wrong; bad_number, blacklisted, no_tariff; 402 no_credits.';

CREATE FUNCTION portatext_api.cancel_call(call uuid) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right send
    SELECT pg_catalog.jsonb_build_object('id', call, 'cancelled', portatext.cancel_call(call))
$$;
COMMENT ON FUNCTION portatext_api.cancel_call(uuid) IS
'Withdraw a call, or hang up

Answers {"id", "cancelled"}; cancelled is false when it had ended before.';

CREATE FUNCTION portatext_api.set_disposition(call uuid, disposition text, note text DEFAULT NULL) RETURNS void
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.set_disposition(call, disposition, note)
$$;
COMMENT ON FUNCTION portatext_api.set_disposition(uuid, text, text) IS
'Note what a call has led to

During it or after it; call_report counts them.';

CREATE FUNCTION portatext_api.create_trunk(name text, address text DEFAULT NULL, engine text DEFAULT NULL,
                                           channels integer DEFAULT NULL, calls_per_second numeric DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
#once
    SELECT pg_catalog.jsonb_build_object('id', portatext.create_trunk(name, address, engine, channels, calls_per_second))
$$;
COMMENT ON FUNCTION portatext_api.create_trunk(text, text, text, integer, numeric) IS
'Make a trunk

address: host or IP address, with a port if need be. channels: calls at a time, both legs counted; calls_per_second: new ones. engine: by default the first that the operator has set up. Answers {"id"}.';

CREATE FUNCTION portatext_api.update_trunk(trunk bigint, name text DEFAULT NULL, address text DEFAULT NULL, engine text DEFAULT NULL,
                                           channels integer DEFAULT NULL, calls_per_second numeric DEFAULT NULL) RETURNS void
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.alter_trunk(trunk, name, address, engine, channels, calls_per_second)
$$;
COMMENT ON FUNCTION portatext_api.update_trunk(bigint, text, text, text, integer, numeric) IS
'Change a trunk

What is not named stays.';

CREATE FUNCTION portatext_api.delete_trunk(trunk bigint) RETURNS void
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.drop_trunk(trunk)
$$;
COMMENT ON FUNCTION portatext_api.delete_trunk(bigint) IS
'Remove a trunk

409 in_use or wrong_state: an unfinished campaign or a call uses it.';

CREATE FUNCTION portatext_api.test_trunk(trunk bigint) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.test_trunk(trunk)
$$;
COMMENT ON FUNCTION portatext_api.test_trunk(bigint) IS
'Ask whether a trunk''s engine is there

Answers {"reachable", "latency_ms", …} or what the problem is; places no call.';

CREATE FUNCTION portatext_api.create_sound(name text, content text, description text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
#once
    SELECT pg_catalog.jsonb_build_object('id', portatext.create_sound(name, pg_catalog.decode(content, 'base64'), description))
$$;
COMMENT ON FUNCTION portatext_api.create_sound(text, text, text) IS
'Store a sound

content: an mp3 file in base64. Answers {"id"}, which flows name.';

CREATE FUNCTION portatext_api.update_sound(sound bigint, name text DEFAULT NULL, description text DEFAULT NULL, content text DEFAULT NULL) RETURNS void
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.alter_sound(sound, name, description, pg_catalog.decode(content, 'base64'))
$$;
COMMENT ON FUNCTION portatext_api.update_sound(bigint, text, text, text) IS
'Change a sound

What is not named stays. Calls play the new file from then on.';

CREATE FUNCTION portatext_api.delete_sound(sound bigint) RETURNS void
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.drop_sound(sound)
$$;
COMMENT ON FUNCTION portatext_api.delete_sound(bigint) IS
'Delete a sound

409: the flow of an unfinished campaign plays it.';

CREATE FUNCTION portatext_api.sound_file(sound bigint) RETURNS portatext_api."audio/mpeg"
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT s.content FROM (SELECT 1) o LEFT JOIN portatext.sound s ON s.sound_id OPERATOR(pg_catalog.=) sound
    WHERE portatext.api_found(s.sound_id IS NOT NULL, 'sound', sound::text)
$$;
COMMENT ON FUNCTION portatext_api.sound_file(bigint) IS
'The mp3 file of a sound

With Accept: audio/mpeg.';

CREATE FUNCTION portatext_api.create_team(name text) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
#once
    SELECT pg_catalog.jsonb_build_object('id', portatext.create_team(name))
$$;
COMMENT ON FUNCTION portatext_api.create_team(text) IS
'Make a team

Agents of a team take the calls of the same campaigns. Answers {"id"}.';

CREATE FUNCTION portatext_api.delete_team(team text) RETURNS void
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.drop_team(team)
$$;
COMMENT ON FUNCTION portatext_api.delete_team(text) IS
'Delete a team, by its name

409: it has agents, or a campaign uses it.';

CREATE FUNCTION portatext_api.create_agent(name text, destination text, team text) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
#once
    SELECT pg_catalog.jsonb_build_object('id', portatext.create_agent(name, destination, team))
$$;
COMMENT ON FUNCTION portatext_api.create_agent(text, text, text) IS
'Make an agent

destination: where the agent''s leg is dialled: a number, a sip: URI or what the engine takes. The agent begins offline.';

CREATE FUNCTION portatext_api.update_agent(agent bigint, name text DEFAULT NULL, destination text DEFAULT NULL, team text DEFAULT NULL) RETURNS void
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.alter_agent(agent, name, destination, team)
$$;
COMMENT ON FUNCTION portatext_api.update_agent(bigint, text, text, text) IS
'Change an agent

What is not named stays. 409 wrong_state while the agent has a call.';

CREATE FUNCTION portatext_api.delete_agent(agent bigint) RETURNS void
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.drop_agent(agent)
$$;
COMMENT ON FUNCTION portatext_api.delete_agent(bigint) IS
'Delete an agent

409 wrong_state while the agent has a call.';

CREATE FUNCTION portatext_api.set_agent_state(agent bigint, state text, reason text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT pg_catalog.jsonb_build_object('id', agent, 'state', portatext.set_agent_state(agent, state, reason))
$$;
COMMENT ON FUNCTION portatext_api.set_agent_state(bigint, text, text) IS
'Make an agent available, paused or offline

Who has a call pauses when that and its post-call work are over. Answers {"id", "state"}: the state now.';

CREATE FUNCTION portatext_api.end_wrap_up(agent bigint) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT pg_catalog.jsonb_build_object('id', agent, 'state', portatext.end_wrap_up(agent))
$$;
COMMENT ON FUNCTION portatext_api.end_wrap_up(bigint) IS
'End an agent''s post-call work before its time

Answers {"id", "state"}.';

CREATE FUNCTION portatext_api.next_target(agent bigint, campaign bigint) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
#once
    SELECT COALESCE((SELECT pg_catalog.to_jsonb(t) || pg_catalog.jsonb_build_object('number', portatext.digits(t.number))
                     FROM portatext.next_target(agent, campaign) t WHERE t.number IS NOT NULL), '{}')
$$;
COMMENT ON FUNCTION portatext_api.next_target(bigint, bigint) IS
'Show an agent whom to call next

Of a campaign with the method preview. Answers {"number", "iteration", "variables"}, or {} when nobody is to be called now. agent_dial calls, agent_skip does not.';

CREATE FUNCTION portatext_api.agent_dial(agent bigint) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right send
#once
    SELECT pg_catalog.jsonb_build_object('id', portatext.agent_dial(agent))
$$;
COMMENT ON FUNCTION portatext_api.agent_dial(bigint) IS
'Call whom the agent looks at

Answers {"id"} of the call.';

CREATE FUNCTION portatext_api.agent_skip(agent bigint, again boolean DEFAULT false) RETURNS void
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.agent_skip(agent, again)
$$;
COMMENT ON FUNCTION portatext_api.agent_skip(bigint, boolean) IS
'Do not call whom the agent looks at

again: it comes back later; else it is skipped for good.';

CREATE FUNCTION portatext_api.amd_settings() RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT portatext.set_amd()
$$;
COMMENT ON FUNCTION portatext_api.amd_settings() IS
'How calls tell machines from people

An object of nine numbers: milliseconds, but for max_words and silence_threshold.';

CREATE FUNCTION portatext_api.update_amd_settings(jsonb) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right account
    SELECT portatext.set_amd($1)
$$;
COMMENT ON FUNCTION portatext_api.update_amd_settings(jsonb) IS
'Change how calls tell machines from people

The body is an object with those of amd_settings that are to change; null: the default. Answers all of them.';

CREATE FUNCTION portatext_api.create_telephony_campaign(
    name text, flow jsonb, lists text[] DEFAULT NULL, csv text DEFAULT NULL, "from" text DEFAULT NULL, trunk_id bigint DEFAULT NULL,
    team text DEFAULT NULL, schedule jsonb DEFAULT NULL, variables jsonb DEFAULT NULL, abandon_flow jsonb DEFAULT NULL,
    description text DEFAULT NULL, repeatable boolean DEFAULT false, settings jsonb DEFAULT '{}') RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
#once
    SELECT portatext.api_campaign(portatext.store_telephony_campaign(name, flow, abandon_flow, lists, csv, portatext.api_senders("from"),
        trunk_id, team, schedule, variables, description, repeatable, settings))
$$;
COMMENT ON FUNCTION portatext_api.create_telephony_campaign(text, jsonb, text[], text, text, bigint, text, jsonb, jsonb, jsonb, text, boolean, jsonb) IS
'Make a campaign of calls

Answers {"id", "state": "building", "run", "job_id", "reason"}. A job writes its recipients; when the state is ready, start_campaign starts it; pause_campaign, resume_campaign (also of one that is stopped), cancel_campaign, cancel_campaign_contact and delete_campaign are those of all campaigns.

flow: what happens in a call, as for place_call; {"forward": {"team": true}} gives it to an agent of the team. from: one of the account''s numbers or several. The recipients are those of lists or csv. schedule: when calls may be placed, in the recipients'' local time. abandon_flow: what a person hears whom no agent can take.
settings: those of update_telephony_campaign, such as {"agents": 10, "iterations": 3, "min_iteration_time": 600, "post_call_work": 15}.';

CREATE FUNCTION portatext_api.update_telephony_campaign(campaign bigint, settings jsonb) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.alter_telephony_campaign(campaign, settings)
$$;
COMMENT ON FUNCTION portatext_api.update_telephony_campaign(bigint, jsonb) IS
'Change settings of a campaign of calls, also while it runs

settings is an object with those that are to change; answers all of them. Times are in seconds, or texts such as "10 minutes". agents; method (preview, progressive, power, predictive); pacing (predictive, erlang); iterations; min_iteration_time; max_calls_per_day; post_call_work; dial_timeout; max_duration; occupancy; ratio (of method power); waiting_probability (of pacing erlang); max_abandonment, abandonment_window, connect_within; agent_timeout; min_ring; acd_seed, answer_seed; min_ner, ner_sample; retry_delays (seconds by result); trunk (an id).';

CREATE FUNCTION portatext_api.explain_pacing(campaign bigint) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(e)), '[]') FROM portatext.explain_pacing(campaign) e
$$;
COMMENT ON FUNCTION portatext_api.explain_pacing(bigint) IS
'Why the dialer''s last decision placed so many calls

[{"item", "value"}].';

CREATE FUNCTION portatext_api.call_report(campaign bigint, run integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r) || pg_catalog.jsonb_build_object('talk', EXTRACT(epoch FROM r.talk)) ORDER BY r.iteration NULLS LAST)
    FROM portatext.call_report(campaign, run) r
$$;
COMMENT ON FUNCTION portatext_api.call_report(bigint, integer) IS
'What the calls of a campaign have come to

An array with an object for each iteration, and with iteration null for all: calls, contacted, results (of leg A), b_results, amd, dispositions, live, abandoned, talk (seconds), credits. run: which run, by default the newest. It reads all calls of the campaign: telephony_campaigns is cheaper.';

GRANT EXECUTE ON FUNCTION portatext_api.place_call(text, jsonb, text, bigint, integer, jsonb, timestamptz, jsonb, text),
    portatext_api.cancel_call(uuid), portatext_api.set_disposition(uuid, text, text),
    portatext_api.create_trunk(text, text, text, integer, numeric), portatext_api.update_trunk(bigint, text, text, text, integer, numeric),
    portatext_api.delete_trunk(bigint), portatext_api.test_trunk(bigint), portatext_api.create_sound(text, text, text),
    portatext_api.update_sound(bigint, text, text, text), portatext_api.delete_sound(bigint), portatext_api.sound_file(bigint),
    portatext_api.create_team(text), portatext_api.delete_team(text), portatext_api.create_agent(text, text, text),
    portatext_api.update_agent(bigint, text, text, text), portatext_api.delete_agent(bigint),
    portatext_api.set_agent_state(bigint, text, text), portatext_api.end_wrap_up(bigint), portatext_api.next_target(bigint, bigint),
    portatext_api.agent_dial(bigint), portatext_api.agent_skip(bigint, boolean), portatext_api.amd_settings(),
    portatext_api.update_amd_settings(jsonb),
    portatext_api.create_telephony_campaign(text, jsonb, text[], text, text, bigint, text, jsonb, jsonb, jsonb, text, boolean, jsonb),
    portatext_api.update_telephony_campaign(bigint, jsonb), portatext_api.explain_pacing(bigint),
    portatext_api.call_report(bigint, integer) TO portatext_account, portatext_operator;
