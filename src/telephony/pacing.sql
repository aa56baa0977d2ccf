-- Erlang's formulas and the number of calls to place.  Nothing here reads a table.

CREATE FUNCTION portatext.erlang_b(servers int, load float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_erlang_b_sql';
COMMENT ON FUNCTION portatext.erlang_b(int, float8) IS
    'Erlang B: the share of calls that find all servers busy and are lost. load in erlangs: calls a second times seconds of handling.';

CREATE FUNCTION portatext.erlang_c(servers int, load float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_erlang_c_sql';
COMMENT ON FUNCTION portatext.erlang_c(int, float8) IS
    'Erlang C: the share of calls that have to wait for a server; 1 when the load in erlangs is as large as the servers.';

CREATE FUNCTION portatext.erlang_wait(servers int, load float8, handling_time float8, waiting_time float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_erlang_wait_sql';
COMMENT ON FUNCTION portatext.erlang_wait(int, float8, float8, float8) IS
    'Erlang C: the share of calls that wait longer than waiting_time seconds; handling_time: mean seconds of a call with its post-call work.';

CREATE FUNCTION portatext.erlang_asa(servers int, load float8, handling_time float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_erlang_asa_sql';
COMMENT ON FUNCTION portatext.erlang_asa(int, float8, float8) IS
    'Erlang C: mean seconds until a call is answered (ASA); Infinity when the load in erlangs is as large as the servers.';

CREATE FUNCTION portatext.erlang_load(
        servers int, occupancy float8 DEFAULT 0.9, waiting_probability float8 DEFAULT 1,
        handling_time float8 DEFAULT 60, waiting_time float8 DEFAULT 0)
    RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
    AS 'MODULE_PATHNAME', 'pt_erlang_load_sql';
COMMENT ON FUNCTION portatext.erlang_load(int, float8, float8, float8, float8) IS
    'The largest load in erlangs at which the servers work no more than the share occupancy of their time and no more than the share '
    'waiting_probability of the calls waits longer than waiting_time seconds (1: any).';

CREATE FUNCTION portatext.calls_to_place(
        agents int, busy int, wrap_up int, ringing int,
        acd float8 DEFAULT 60, post_call_work float8 DEFAULT 0, p_answer float8 DEFAULT 0.5,
        occupancy float8 DEFAULT 0.9, waiting_probability float8 DEFAULT 1, waiting_time float8 DEFAULT 0)
    RETURNS int
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
    AS 'MODULE_PATHNAME', 'pt_calls_to_place_sql';
COMMENT ON FUNCTION portatext.calls_to_place(int, int, int, int, float8, float8, float8, float8, float8, float8) IS
    'How many calls feed the agents, by Erlang C: the load that erlang_load allows, less the agents busy and in wrap-up, divided by the '
    'probability of an answer and rounded up, less the calls that ring. acd and post_call_work are seconds; they count when '
    'waiting_time is not 0. Campaigns with pacing erlang use it with what they have measured; see explain_pacing.';

GRANT EXECUTE ON FUNCTION portatext.erlang_b(int, float8), portatext.erlang_c(int, float8),
    portatext.erlang_wait(int, float8, float8, float8), portatext.erlang_asa(int, float8, float8),
    portatext.erlang_load(int, float8, float8, float8, float8),
    portatext.calls_to_place(int, int, int, int, float8, float8, float8, float8, float8, float8)
    TO portatext_account, portatext_operator;
