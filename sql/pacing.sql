-- Erlang's formulas and calls_to_place (PACE-05 to PACE-08).
SET extra_float_digits = 0;

-- PACE-07: ErlangC(N, A).
SELECT servers, load, round(portatext.erlang_c(servers, load)::numeric, 6) AS erlang_c
    FROM (VALUES (1, 0.9), (2, 1.8), (5, 4.5), (10, 8), (10, 9), (20, 18), (50, 45), (100, 90)) v (servers, load);

-- Loss, waiting, speed of answer.
SELECT round(portatext.erlang_b(10, 8)::numeric, 9) AS b, round(portatext.erlang_wait(10, 8, 180, 20)::numeric, 9) AS wait,
    round(portatext.erlang_asa(10, 8, 180)::numeric, 6) AS asa;

-- Edges: no server, no load, as much load as servers, and more.
SELECT portatext.erlang_b(0, 3), portatext.erlang_c(0, 0), portatext.erlang_b(10, 0), portatext.erlang_c(10, 0),
    portatext.erlang_c(5, 5), portatext.erlang_c(5, 20), portatext.erlang_asa(5, 5, 60), portatext.erlang_b(5, 'Infinity'),
    portatext.erlang_asa(5, 'Infinity', 60);

-- PACE-06: many servers do not overflow.
SELECT round(portatext.erlang_c(1000, 990)::numeric, 9) AS c1000, round(portatext.erlang_c(10000, 9900)::numeric, 9) AS c10000;

-- The load: by occupancy alone, and by the share that waits.
SELECT portatext.erlang_load(20), round(portatext.erlang_load(20, 1, 0.05)::numeric, 4) AS waiting_5_percent,
    round(portatext.erlang_c(20, portatext.erlang_load(20, 1, 0.05))::numeric, 9) AS c,
    portatext.erlang_load(20, 0.5, 0.05) AS occupancy_binds, portatext.erlang_load(0);

-- PACE-05: ceil((A - busy) / p) - ringing, A = 18.
SELECT portatext.calls_to_place(20, 0, 0, 0) AS cold, portatext.calls_to_place(20, 0, 0, 36) AS all_ringing,
    portatext.calls_to_place(20, 10, 3, 2) AS some, portatext.calls_to_place(20, 15, 3, 0) AS full_up,
    portatext.calls_to_place(20, 20, 0, 0) AS above, portatext.calls_to_place(0, 0, 0, 0) AS none,
    portatext.calls_to_place(20, 10, 3, 2, p_answer => 0.3) AS p_3;

-- PACE-05: with a waiting probability less load is allowed; with a waiting time the handling time counts.
SELECT portatext.calls_to_place(20, 0, 0, 0, p_answer => 1, occupancy => 1, waiting_probability => 0.05) AS c_5_percent,
    portatext.calls_to_place(20, 0, 0, 0, 30, 0, 1, 1, 0.05, 20) AS short_calls,
    portatext.calls_to_place(20, 0, 0, 0, 30, 270, 1, 1, 0.05, 20) AS long_calls;

-- Null for null.
SELECT portatext.erlang_b(NULL, 1) IS NULL AND portatext.calls_to_place(20, 0, 0, NULL) IS NULL;

-- What cannot be.
SELECT portatext.erlang_b(-1, 1);
SELECT portatext.erlang_b(1000001, 1);
SELECT portatext.erlang_c(1, -0.5);
SELECT portatext.erlang_c(1, 'NaN');
SELECT portatext.erlang_wait(1, 0.5, 0, 2);
SELECT portatext.erlang_wait(1, 0.5, 60, -2);
SELECT portatext.erlang_asa(1, 0.5, 'Infinity');
SELECT portatext.erlang_load(10, 1.5);
SELECT portatext.erlang_load(10, 0.9, -0.1);
SELECT portatext.calls_to_place(-20, 0, 0, 0);
SELECT portatext.calls_to_place(20, -1, 0, 0);
SELECT portatext.calls_to_place(20, 0, -1, 0);
SELECT portatext.calls_to_place(20, 0, 0, -1);
SELECT portatext.calls_to_place(20, 0, 0, 0, p_answer => 0);
SELECT portatext.calls_to_place(20, 0, 0, 0, acd => 'NaN');
SELECT portatext.calls_to_place(20, 0, 0, 0, post_call_work => -1);
SELECT portatext.calls_to_place(20, 0, 0, 0, occupancy => 2);
SELECT portatext.calls_to_place(20, 0, 0, 0, waiting_probability => 2);
SELECT portatext.calls_to_place(20, 0, 0, 0, waiting_time => -1);

-- The code of all of them.
DO $$ BEGIN PERFORM portatext.erlang_b(-1, 1); EXCEPTION WHEN invalid_parameter_value THEN RAISE NOTICE '%', SQLSTATE; END $$;
DO $$ BEGIN PERFORM portatext.erlang_c(1, 'NaN'); EXCEPTION WHEN invalid_parameter_value THEN RAISE NOTICE '%', SQLSTATE; END $$;
