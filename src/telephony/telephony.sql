-- Engines, trunks, agents, calls: the tables of the room.

-- Engines and trunks.

CREATE TABLE portatext.engine (
    engine_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
    adapter text NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    enabled boolean NOT NULL DEFAULT true,
    max_in_flight integer NOT NULL DEFAULT 32 CHECK (max_in_flight BETWEEN 1 AND 1000),
    timeout interval NOT NULL DEFAULT '5 seconds' CHECK (timeout > '0'),
    created_at timestamptz NOT NULL DEFAULT portatext.now()
);
COMMENT ON TABLE portatext.engine IS 'Telephony engines (media gateways) that place calls for the dialer (TEL-11); all accounts share them.';
COMMENT ON COLUMN portatext.engine.adapter IS 'asterisk, http (templates; the shipped row twilio is one), gateway (portatext''s own JSON contract) or loopback (built in).';
COMMENT ON COLUMN portatext.engine.settings IS 'What the adapter needs; secrets are in engine_secret.';
COMMENT ON COLUMN portatext.engine.max_in_flight IS 'Requests to it at a time.';
SELECT pg_catalog.pg_extension_config_dump('portatext.engine', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.engine_engine_id_seq', '');

CREATE TABLE portatext.engine_secret (
    engine_id integer PRIMARY KEY REFERENCES portatext.engine ON DELETE CASCADE,
    username text,
    password text,
    callback_secret text
);
COMMENT ON TABLE portatext.engine_secret IS 'What engines are spoken to with, and what they must show when they call back.';
SELECT pg_catalog.pg_extension_config_dump('portatext.engine_secret', '');

CREATE TABLE portatext.trunk (
    trunk_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account,
    engine_id integer NOT NULL REFERENCES portatext.engine,
    name text NOT NULL CHECK (name <> '' AND length(name) <= 100),
    address text CHECK (length(address) <= 255),
    channels integer CHECK (channels BETWEEN 1 AND 100000),
    calls_per_second numeric CHECK (calls_per_second > 0 AND calls_per_second <= 10000),
    dropped boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT portatext.now()
);
CREATE UNIQUE INDEX trunk_name ON portatext.trunk (account_id, name) WHERE NOT dropped;
COMMENT ON TABLE portatext.trunk IS 'An account''s SIP trunks (TEL-07); an engine dials through them.';
COMMENT ON COLUMN portatext.trunk.address IS 'Host or IP address, with a port if need be; as the engine wants it.';
COMMENT ON COLUMN portatext.trunk.channels IS 'Calls at a time, both legs counted; null: no limit.';
COMMENT ON COLUMN portatext.trunk.calls_per_second IS 'New calls a second; null: no limit.';
COMMENT ON COLUMN portatext.trunk.dropped IS 'Is kept for the campaigns and calls that went through it, and not used any more.';
SELECT pg_catalog.pg_extension_config_dump('portatext.trunk', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.trunk_trunk_id_seq', '');

CREATE TABLE portatext.sound (
    sound_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account,
    name text NOT NULL CHECK (name <> '' AND length(name) <= 100),
    description text,
    content bytea NOT NULL,
    digest bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    changed_at timestamptz NOT NULL DEFAULT portatext.now(),
    UNIQUE (account_id, name)
);
COMMENT ON TABLE portatext.sound IS 'Sounds (mp3) that flows play by their id (TEL-10).';
COMMENT ON COLUMN portatext.sound.digest IS 'SHA-256 of content: engines keep a copy under it.';
SELECT pg_catalog.pg_extension_config_dump('portatext.sound', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.sound_sound_id_seq', '');

CREATE TABLE portatext.amd_setting (
    account_id bigint PRIMARY KEY REFERENCES portatext.account,
    initial_silence integer NOT NULL DEFAULT 2500 CHECK (initial_silence BETWEEN 0 AND 60000),
    max_greeting_length integer NOT NULL DEFAULT 1500 CHECK (max_greeting_length BETWEEN 0 AND 60000),
    after_greeting_silence integer NOT NULL DEFAULT 800 CHECK (after_greeting_silence BETWEEN 0 AND 60000),
    total_time integer NOT NULL DEFAULT 5000 CHECK (total_time BETWEEN 0 AND 60000),
    min_word_length integer NOT NULL DEFAULT 100 CHECK (min_word_length BETWEEN 0 AND 60000),
    between_words_silence integer NOT NULL DEFAULT 50 CHECK (between_words_silence BETWEEN 0 AND 60000),
    max_words integer NOT NULL DEFAULT 2 CHECK (max_words BETWEEN 0 AND 1000),
    silence_threshold integer NOT NULL DEFAULT 256 CHECK (silence_threshold BETWEEN 0 AND 32767),
    max_word_length integer NOT NULL DEFAULT 5000 CHECK (max_word_length BETWEEN 0 AND 60000)
);
COMMENT ON TABLE portatext.amd_setting IS 'How an account''s calls tell machines from people (TEL-06): milliseconds, but for max_words and silence_threshold. An account without a row has the defaults.';
SELECT pg_catalog.pg_extension_config_dump('portatext.amd_setting', '');

-- Agents.

CREATE TYPE portatext.agent_state AS ENUM ('offline', 'available', 'preview', 'ringing', 'on_call', 'wrap_up', 'paused');
COMMENT ON TYPE portatext.agent_state IS
    'offline; available: takes the next call; preview: looks at a target before it is called; ringing: its leg is being connected; on_call; wrap_up: post-call work, until wrap_up_until; paused.';

CREATE TABLE portatext.team (
    team_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account,
    name text NOT NULL CHECK (name <> '' AND length(name) <= 100),
    UNIQUE (account_id, name)
);
COMMENT ON TABLE portatext.team IS 'Agents who take the calls of the same campaigns.';
SELECT pg_catalog.pg_extension_config_dump('portatext.team', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.team_team_id_seq', '');

CREATE TABLE portatext.agent (
    agent_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account,
    team_id bigint NOT NULL REFERENCES portatext.team,
    name text NOT NULL CHECK (name <> '' AND length(name) <= 100),
    destination text NOT NULL CHECK (destination <> '' AND length(destination) <= 255),
    state portatext.agent_state NOT NULL DEFAULT 'offline',
    reason text,
    state_since timestamptz NOT NULL DEFAULT portatext.now(),
    idle_since timestamptz,
    wrap_up_until timestamptz,
    call_id uuid,
    pause_next boolean NOT NULL DEFAULT false,
    UNIQUE (account_id, name),
    CHECK ((state IN ('ringing', 'on_call')) = (call_id IS NOT NULL) OR state = 'preview')
) WITH (fillfactor = 50);
CREATE INDEX agent_team ON portatext.agent (team_id);
COMMENT ON TABLE portatext.agent IS 'Real agents; a campaign may instead know their number alone and forward to one destination (the FAQ''s way).';
COMMENT ON COLUMN portatext.agent.destination IS 'Where the agent''s leg is dialled: a number, a sip: URI or what the engine takes.';
COMMENT ON COLUMN portatext.agent.idle_since IS 'Since when it waits for a call: the longest-idle agent gets the next one.';
COMMENT ON COLUMN portatext.agent.call_id IS 'The one call it has.';
COMMENT ON COLUMN portatext.agent.pause_next IS 'Pauses (reason: asked) as soon as the present call and its post-call work are over.';
SELECT pg_catalog.pg_extension_config_dump('portatext.agent', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.agent_agent_id_seq', '');

CREATE TABLE portatext.agent_time (
    agent_id bigint NOT NULL REFERENCES portatext.agent ON DELETE CASCADE,
    day date NOT NULL,
    account_id bigint NOT NULL,
    calls integer NOT NULL DEFAULT 0,
    missed integer NOT NULL DEFAULT 0,
    available interval NOT NULL DEFAULT '0',
    preview interval NOT NULL DEFAULT '0',
    ringing interval NOT NULL DEFAULT '0',
    on_call interval NOT NULL DEFAULT '0',
    wrap_up interval NOT NULL DEFAULT '0',
    paused interval NOT NULL DEFAULT '0',
    PRIMARY KEY (agent_id, day)
) WITH (fillfactor = 50);
COMMENT ON TABLE portatext.agent_time IS 'What an agent did in a day (UTC) of the business clock: time in each state that has ended, calls taken and calls missed (it rang and was not answered).';
SELECT pg_catalog.pg_extension_config_dump('portatext.agent_time', '');

-- Telephony campaigns.

CREATE TYPE portatext.dial_method AS ENUM ('preview', 'progressive', 'power', 'predictive');
COMMENT ON TYPE portatext.dial_method IS
    'preview: an agent looks at the target first; progressive: a call for each agent who is free; power: ratio calls for each; predictive: as many as keep the agents busy under the abandonment ceiling.';
CREATE TYPE portatext.pacing_method AS ENUM ('predictive', 'erlang');
COMMENT ON TYPE portatext.pacing_method IS 'How a predictive campaign decides: by looking ahead at each call and agent, or by the Erlang C formula (PACE-05).';

CREATE TABLE portatext.call_campaign (
    campaign_id bigint PRIMARY KEY REFERENCES portatext.campaign ON DELETE CASCADE,
    account_id bigint NOT NULL,
    trunk_id bigint NOT NULL REFERENCES portatext.trunk,
    flow jsonb NOT NULL,
    abandon_flow jsonb,
    team_id bigint REFERENCES portatext.team,
    agents integer NOT NULL DEFAULT 0 CHECK (agents BETWEEN 0 AND 10000),
    method portatext.dial_method NOT NULL DEFAULT 'predictive',
    pacing portatext.pacing_method NOT NULL DEFAULT 'predictive',
    iterations integer NOT NULL DEFAULT 1 CHECK (iterations BETWEEN 1 AND 1000),
    min_iteration_time interval NOT NULL DEFAULT '0' CHECK (min_iteration_time >= '0'),
    max_calls_per_day integer CHECK (max_calls_per_day > 0),
    post_call_work interval NOT NULL DEFAULT '0' CHECK (post_call_work BETWEEN '0' AND '1 hour'),
    dial_timeout interval NOT NULL DEFAULT '30 seconds' CHECK (dial_timeout BETWEEN '1 second' AND '5 minutes'),
    max_duration interval NOT NULL DEFAULT '1 hour' CHECK (max_duration BETWEEN '1 second' AND '24 hours'),
    occupancy numeric NOT NULL DEFAULT 0.90 CHECK (occupancy > 0 AND occupancy <= 1),
    ratio numeric NOT NULL DEFAULT 2 CHECK (ratio BETWEEN 1 AND 20),
    waiting_probability numeric CHECK (waiting_probability > 0 AND waiting_probability < 1),
    max_abandonment numeric NOT NULL DEFAULT 0.03 CHECK (max_abandonment BETWEEN 0 AND 1),
    abandonment_window interval NOT NULL DEFAULT '30 days' CHECK (abandonment_window >= '1 hour'),
    connect_within interval NOT NULL DEFAULT '2 seconds' CHECK (connect_within BETWEEN '0.5 seconds' AND '60 seconds'),
    agent_timeout interval NOT NULL DEFAULT '15 seconds' CHECK (agent_timeout BETWEEN '1 second' AND '2 minutes'),
    min_ring interval CHECK (min_ring >= '0'),
    acd_seed interval NOT NULL DEFAULT '60 seconds' CHECK (acd_seed > '0'),
    answer_seed numeric NOT NULL DEFAULT 0.5 CHECK (answer_seed > 0 AND answer_seed <= 1),
    min_ner numeric NOT NULL DEFAULT 0.80 CHECK (min_ner BETWEEN 0 AND 1),
    ner_sample integer NOT NULL DEFAULT 20 CHECK (ner_sample > 0),
    retry_delays jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(retry_delays) = 'object')
);
COMMENT ON TABLE portatext.call_campaign IS 'What a telephony campaign has beyond what all campaigns have (TEL-02).';
COMMENT ON COLUMN portatext.call_campaign.abandon_flow IS 'Played to a person whom no agent can take (the safe-harbour message); null: the call is ended.';
COMMENT ON COLUMN portatext.call_campaign.team_id IS 'Whose agents take the calls; null: the flow forwards to a destination, and only the number of agents is known.';
COMMENT ON COLUMN portatext.call_campaign.iterations IS 'Calls to a target in all, at most (TEL-04).';
COMMENT ON COLUMN portatext.call_campaign.ratio IS 'Of method power: calls for each agent who is free.';
COMMENT ON COLUMN portatext.call_campaign.waiting_probability IS 'Of pacing erlang: ErlangC(N, A) is held under it too; null: it is not looked at.';
COMMENT ON COLUMN portatext.call_campaign.max_abandonment IS 'Of the persons who answered in abandonment_window, at most this share may find no agent within connect_within; 1: no ceiling.';
COMMENT ON COLUMN portatext.call_campaign.min_ring IS 'A call that has rung so long may be withdrawn when nobody could take its answer; null: none is.';
COMMENT ON COLUMN portatext.call_campaign.min_ner IS 'The campaign stops below this network effectiveness ratio (NER-01), once ner_sample calls have ended (NER-07).';
COMMENT ON COLUMN portatext.call_campaign.retry_delays IS 'Seconds until a target is called again, by result, over those of portatext.call_causes; never less than min_iteration_time. -1: never again.';
SELECT pg_catalog.pg_extension_config_dump('portatext.call_campaign', '');

CREATE TABLE portatext.call_run (
    run_id bigint PRIMARY KEY,
    account_id bigint NOT NULL,
    issued bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    calls bigint NOT NULL DEFAULT 0,
    answered bigint NOT NULL DEFAULT 0,
    contacted bigint NOT NULL DEFAULT 0,
    given_up bigint NOT NULL DEFAULT 0,
    live bigint NOT NULL DEFAULT 0,
    abandoned bigint NOT NULL DEFAULT 0,
    talk_seconds numeric NOT NULL DEFAULT 0,
    talks bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
COMMENT ON TABLE portatext.call_run IS 'Counters of a telephony run; written by the transactions that end calls.';
COMMENT ON COLUMN portatext.call_run.issued IS 'Calls that have ended since the run was started last: the sample of the NER (NER-04, NER-08).';
COMMENT ON COLUMN portatext.call_run.failed IS 'Of those: failed for the NER (NER-03).';
COMMENT ON COLUMN portatext.call_run.given_up IS 'Targets that have had all their calls and were not contacted.';
COMMENT ON COLUMN portatext.call_run.live IS 'Persons who answered and were to be connected; abandoned: of those, whom no agent took in time.';
SELECT pg_catalog.pg_extension_config_dump('portatext.call_run', '');

CREATE TABLE portatext.call_abandonment (
    campaign_id bigint NOT NULL,
    hour timestamptz NOT NULL,
    account_id bigint NOT NULL,
    live bigint NOT NULL DEFAULT 0,
    abandoned bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (campaign_id, hour)
) WITH (fillfactor = 50);
COMMENT ON TABLE portatext.call_abandonment IS 'Live answers and abandoned ones by hour: the rolling window of the ceiling.';
SELECT pg_catalog.pg_extension_config_dump('portatext.call_abandonment', '');

CREATE TABLE portatext.call_pace (
    run_id bigint PRIMARY KEY,
    account_id bigint NOT NULL,
    state bytea,
    ticked_at timestamptz,
    decision jsonb,
    placed_at timestamptz,
    placed jsonb
) WITH (fillfactor = 30);
COMMENT ON TABLE portatext.call_pace IS 'What the dialer keeps of a run''s pacing: what it has learnt, its last decision and the last one that placed calls.';
SELECT pg_catalog.pg_extension_config_dump('portatext.call_pace', '');

CREATE TYPE portatext.target_state AS ENUM ('preview', 'calling', 'waiting', 'contacted', 'given_up', 'cancelled', 'skipped');
COMMENT ON TYPE portatext.target_state IS
    'preview: shown to an agent; calling; waiting for its next iteration, due at due_at; contacted (TEL-03); given_up: all iterations are used up; cancelled; skipped: was not to be called (reason).';

CREATE TABLE portatext.call_target (
    run_id bigint NOT NULL,
    number text COLLATE "C" NOT NULL,
    account_id bigint NOT NULL,
    cohort integer NOT NULL,
    state portatext.target_state NOT NULL,
    attempts smallint NOT NULL DEFAULT 0,
    day date,
    day_attempts smallint NOT NULL DEFAULT 0,
    invalid smallint NOT NULL DEFAULT 0,
    due_at timestamptz,
    last_call_id uuid,
    last_result text,
    reason text,
    agent_id bigint,
    PRIMARY KEY (run_id, number)
) WITH (fillfactor = 70);
CREATE INDEX call_target_due ON portatext.call_target (run_id, cohort, due_at) WHERE due_at IS NOT NULL;
COMMENT ON TABLE portatext.call_target IS 'Recipients of a telephony run that were called, or skipped, at least once; those not yet reached have no row here.';
COMMENT ON COLUMN portatext.call_target.due_at IS 'Not before; set if and only if the state is waiting.';
COMMENT ON COLUMN portatext.call_target.day IS 'In the target''s own time zone: the day that day_attempts counts.';
COMMENT ON COLUMN portatext.call_target.invalid IS 'How often the number was said not to exist.';
SELECT pg_catalog.pg_extension_config_dump('portatext.call_target', '');

-- Calls.

CREATE TYPE portatext.call_state AS ENUM ('queued', 'placing', 'unclear', 'placed', 'ringing', 'answered', 'waiting', 'connecting', 'connected', 'ended');
COMMENT ON TYPE portatext.call_state IS
    'queued: waits for its time or a line; placing: committed, the engine is being asked; unclear: nobody knows whether the engine got it, it is asked; placed: the engine has it; ringing; answered; waiting: a person wants an agent now; connecting: leg B is being called; connected: both legs are up; ended.';

CREATE TYPE portatext.call_result AS ENUM ('ANSWER', 'BUSY', 'NO_ANSWER', 'TIMEOUT', 'REJECTED', 'INVALID_NUMBER', 'NO_ROUTE', 'CONGESTION', 'UNAVAILABLE', 'INCOMPATIBLE', 'ENGINE_ERROR', 'NO_CREDITS', 'BLACKLISTED', 'CANCELLED');
COMMENT ON TYPE portatext.call_result IS 'What became of a leg; from its Q.850 cause and whether it rang, see portatext.call_causes. CANCELLED (withdrawn before it was answered), NO_CREDITS and BLACKLISTED were not issued.';

CREATE TYPE portatext.amd_result AS ENUM ('HUMAN', 'MACHINE', 'NOTSURE', 'HANGUP');
COMMENT ON TYPE portatext.amd_result IS 'What answered: as Asterisk''s AMD says it.';

CREATE TABLE portatext.call (
    call_id uuid PRIMARY KEY DEFAULT portatext.uuid7(),
    account_id bigint NOT NULL,
    campaign_id bigint,
    run_id bigint,
    iteration smallint NOT NULL DEFAULT 1,
    engine_id integer NOT NULL,
    trunk_id bigint NOT NULL,
    engine_ref text,
    from_number text,
    to_number portatext.e164 NOT NULL,
    flow jsonb,
    variables jsonb,
    has_amd boolean NOT NULL DEFAULT false,
    dial_timeout integer NOT NULL DEFAULT 30,
    max_duration integer NOT NULL DEFAULT 3600,
    state portatext.call_state NOT NULL,
    due_at timestamptz NOT NULL DEFAULT portatext.now(),
    schedule_id integer,
    placed_at timestamptz,
    ringing_at timestamptz,
    answered_at timestamptz,
    amd portatext.amd_result,
    amd_cause text,
    waiting_at timestamptz,
    connect_at timestamptz,
    connects smallint NOT NULL DEFAULT 0,
    agent_id bigint,
    b_number text,
    b_ringing_at timestamptz,
    b_answered_at timestamptz,
    b_ended_at timestamptz,
    b_result portatext.call_result,
    b_q850 smallint,
    abandoned_at timestamptz,
    hang_up_at timestamptz,
    hang_up_reason text,
    ended_at timestamptz,
    result portatext.call_result,
    q850 smallint,
    sip smallint,
    alerted boolean,
    digits text,
    live boolean NOT NULL DEFAULT false,
    contacted boolean,
    disposition text,
    note text,
    tries smallint NOT NULL DEFAULT 0,
    look_at timestamptz,
    reserved portatext.credits NOT NULL DEFAULT 0,
    cost portatext.credits NOT NULL DEFAULT 0,
    paid_until timestamptz,
    per_call portatext.credits NOT NULL DEFAULT 0,
    rate portatext.credits,
    b_rate portatext.credits,
    client_ref text,
    problem text,
    observed boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT portatext.now()
) WITH (fillfactor = 60);
CREATE INDEX call_unobserved ON portatext.call (call_id) WHERE NOT observed;
CREATE INDEX call_waiting ON portatext.call (waiting_at)
    WHERE waiting_at IS NOT NULL AND b_answered_at IS NULL AND abandoned_at IS NULL AND ended_at IS NULL;
CREATE INDEX call_look_at ON portatext.call (look_at) WHERE look_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX call_hang_up ON portatext.call (hang_up_at) WHERE hang_up_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX call_account ON portatext.call (account_id, call_id);
CREATE INDEX call_number ON portatext.call (account_id, (to_number::text), call_id);
CREATE INDEX call_of_campaign ON portatext.call (campaign_id, call_id) WHERE campaign_id IS NOT NULL;
CREATE INDEX call_active ON portatext.call (run_id, call_id) WHERE ended_at IS NULL;
CREATE INDEX call_queued ON portatext.call (due_at, call_id) WHERE placed_at IS NULL AND ended_at IS NULL;
CREATE UNIQUE INDEX call_agent ON portatext.call (agent_id) WHERE agent_id IS NOT NULL AND b_ended_at IS NULL AND ended_at IS NULL;
CREATE INDEX call_engine_ref ON portatext.call (engine_id, engine_ref) WHERE engine_ref IS NOT NULL AND ended_at IS NULL;
CREATE INDEX call_paid ON portatext.call (paid_until) WHERE paid_until IS NOT NULL;
COMMENT ON TABLE portatext.call IS 'Every call: leg A is the called number, leg B whom its flow forwards to. Times by the business clock, from the engine''s events.';
COMMENT ON COLUMN portatext.call.run_id IS 'Null: a single call (TEL-09).';
COMMENT ON COLUMN portatext.call.iteration IS 'The how-manieth call of its run to this number, from 1.';
COMMENT ON COLUMN portatext.call.engine_ref IS 'The engine''s own id.';
COMMENT ON COLUMN portatext.call.flow IS 'Null: its campaign''s.';
COMMENT ON COLUMN portatext.call.dial_timeout IS 'Seconds that leg A may ring.';
COMMENT ON COLUMN portatext.call.max_duration IS 'Seconds; the engine and the dialer end the call then.';
COMMENT ON COLUMN portatext.call.waiting_at IS 'Since when a person wants an agent: the clock of connect_within starts here.';
COMMENT ON COLUMN portatext.call.connect_at IS 'When the agent was chosen.';
COMMENT ON COLUMN portatext.call.connects IS 'Agents it was given to.';
COMMENT ON COLUMN portatext.call.abandoned_at IS 'No agent took it in time.';
COMMENT ON COLUMN portatext.call.live IS 'A person answered and was to be connected: counts for the abandonment ceiling.';
COMMENT ON COLUMN portatext.call.contacted IS 'By the decision table (TEL-20 to TEL-32); null: not decided yet, or a single call''s.';
COMMENT ON COLUMN portatext.call.has_amd IS 'Its flow looks for machines.';
COMMENT ON COLUMN portatext.call.hang_up_at IS 'When the engine was first to be asked to end it.';
COMMENT ON COLUMN portatext.call.hang_up_reason IS 'Why: cancelled, withdrawn (min_ring), too_long or no_credits.';
COMMENT ON COLUMN portatext.call.q850 IS 'Why leg A ended, as a cause of Q.850; view portatext.call_causes.';
COMMENT ON COLUMN portatext.call.sip IS 'The SIP status that leg A ended with.';
COMMENT ON COLUMN portatext.call.alerted IS 'It rang at leg A; null: the engine did not say.';
COMMENT ON COLUMN portatext.call.digits IS 'The keys that were pressed.';
COMMENT ON COLUMN portatext.call.disposition IS 'What the agent says it led to.';
COMMENT ON COLUMN portatext.call.tries IS 'Requests to place it.';
COMMENT ON COLUMN portatext.call.look_at IS 'When the dialer asks the engine what has become of it, since no event came.';
COMMENT ON COLUMN portatext.call.reserved IS 'Credits taken beforehand; what is not used comes back at the end.';
COMMENT ON COLUMN portatext.call.cost IS 'Credits that it costs for good.';
COMMENT ON COLUMN portatext.call.paid_until IS 'The minutes that are paid for end here.';
COMMENT ON COLUMN portatext.call.per_call IS 'Credits for the call itself, due when leg A is answered.';
COMMENT ON COLUMN portatext.call.rate IS 'Credits for a minute of leg A.';
COMMENT ON COLUMN portatext.call.b_rate IS 'Credits for a minute of leg B; null: nothing is charged for it, or it was not answered.';
COMMENT ON COLUMN portatext.call.problem IS 'What the engine said when it did not take it.';
COMMENT ON COLUMN portatext.call.observed IS 'Has ended, and all that the pacing of its run learns from it is in call_pace.state.';
SELECT pg_catalog.pg_extension_config_dump('portatext.call', '');

CREATE TYPE portatext.call_event_kind AS ENUM ('placed', 'ringing', 'answered', 'amd', 'digits', 'waiting', 'ended');
COMMENT ON TYPE portatext.call_event_kind IS 'What engines tell of a leg, in the order of its life.';

CREATE TABLE portatext.call_event (
    call_id uuid NOT NULL,
    leg "char" NOT NULL CHECK (leg IN ('A', 'B')),
    seq bigint NOT NULL,
    account_id bigint NOT NULL,
    kind portatext.call_event_kind NOT NULL,
    at timestamptz NOT NULL,
    facts jsonb,
    PRIMARY KEY (call_id, leg, seq)
);
COMMENT ON TABLE portatext.call_event IS 'Events as engines told them, each once: the key makes a repeated one harmless.';
SELECT pg_catalog.pg_extension_config_dump('portatext.call_event', '');

CREATE TABLE portatext.call_tariff (
    call_tariff_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint REFERENCES portatext.account,
    prefix text NOT NULL CHECK (prefix ~ '^[0-9]{0,15}$'),
    per_call portatext.credits NOT NULL DEFAULT 0 CHECK (per_call >= 0),
    per_minute portatext.credits NOT NULL CHECK (per_minute >= 0),
    valid_from timestamptz NOT NULL DEFAULT '-infinity',
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    CHECK (valid_from < valid_to)
);
CREATE UNIQUE INDEX call_tariff_key ON portatext.call_tariff (COALESCE(account_id, 0), prefix, valid_from);
COMMENT ON TABLE portatext.call_tariff IS 'Tariffs of kind call: credits for an answered call and for each minute begun of a leg, by destination; chosen as in tariff.';
COMMENT ON COLUMN portatext.call_tariff.account_id IS 'Null: for every account but those flagged as sandbox.';
SELECT pg_catalog.pg_extension_config_dump('portatext.call_tariff', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.call_tariff_call_tariff_id_seq', '');

CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.engine
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.engine_secret
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.trunk
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.amd_setting
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.call_campaign
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.call_tariff
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();

GRANT SELECT ON portatext.engine TO portatext_operator;
GRANT SELECT ON portatext.trunk, portatext.sound, portatext.amd_setting, portatext.team, portatext.agent, portatext.agent_time,
    portatext.call_campaign, portatext.call_run, portatext.call_abandonment, portatext.call_pace, portatext.call_target,
    portatext.call, portatext.call_event, portatext.call_tariff TO portatext_account, portatext_operator;
GRANT INSERT, UPDATE, DELETE ON portatext.call_tariff TO portatext_operator;
