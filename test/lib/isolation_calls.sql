-- Calls of functions with what belongs to the other, and with its twin that belongs
-- to nobody: the answers must be the same.  Uses what isolation.sql made.

-- ---- values ----

-- Values of the other that a caller could guess, by class of type, with their twins.
CREATE TABLE iso.candidate (class text, source text, value text, twin text, UNIQUE (class, value));
GRANT SELECT ON iso.candidate TO PUBLIC;
-- What the own tenant has, to make calls work with.
CREATE TABLE iso.mine (class text, source text, col text, value text);
GRANT SELECT ON iso.mine TO PUBLIC;

CREATE FUNCTION iso.class_of(typ oid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN COALESCE(NULLIF(t.typbasetype, 0), t.oid) IN ('bigint'::regtype, 'integer'::regtype) THEN 'number'
        WHEN COALESCE(NULLIF(t.typbasetype, 0), t.oid) IN ('text'::regtype, 'varchar'::regtype, 'name'::regtype) THEN 'text'
        WHEN t.oid = 'uuid'::regtype THEN 'uuid'
        WHEN t.oid = 'text[]'::regtype THEN 'texts'
        WHEN t.oid IN ('bigint[]'::regtype, 'integer[]'::regtype) THEN 'numbers'
        WHEN t.oid IN ('jsonb'::regtype, 'json'::regtype) THEN 'json'
        WHEN t.oid = 'bytea'::regtype THEN 'bytes' END
    FROM pg_type t WHERE t.oid = typ $$;
-- Nobody's value that looks like this one.
CREATE FUNCTION iso.twin(class text, value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE class
        WHEN 'number' THEN (value::bigint + 1000000)::text
        WHEN 'uuid' THEN left(value, 30) || translate(right(value, 6), '0123456789abcdef', '123456789abcdef0')
        ELSE replace(replace(replace(value, 'kestrel', 'phantom'), 'KESTREL', 'PHANTOM'), '1415555', '1510555') END $$;
CREATE FUNCTION iso.take_candidates() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    c record;
    other constant bigint := iso.account('other');
    own constant bigint := iso.account('own');
BEGIN
    FOR c IN SELECT r.rel, r.relname, quote_ident(a.attname) AS col, iso.class_of(a.atttypid) AS class,
            a.attname ~ 'name|keyword|mail|number|ref|key|prefix|label|recipient|sender' AS guessed FROM iso.relation r JOIN pg_attribute a ON a.attrelid = r.rel
        WHERE r.keyed AND r.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND iso.class_of(a.atttypid) IN ('number', 'text', 'uuid') LOOP
        EXECUTE format($f$INSERT INTO iso.mine SELECT %L, %L, %L, %s::text FROM %s WHERE account_id = $1 AND %4$s IS NOT NULL GROUP BY 4 ORDER BY 4 LIMIT 2$f$,
            c.class, c.relname, c.col, c.col, c.rel) USING own;
        CONTINUE WHEN c.class = 'text' AND NOT c.guessed;
        EXECUTE format($f$INSERT INTO iso.candidate SELECT %L, %L, %s::text, iso.twin(%1$L, %3$s::text) FROM %4$s
            WHERE account_id = $1 AND CASE %1$L WHEN 'number' THEN length(%3$s::text) = 7 WHEN 'text' THEN %3$s::text ~* '^[^\n]{0,20}(kestrel|^\+1415555)[^\n]{0,20}$' ELSE %3$s IS NOT NULL END
            GROUP BY 3 ORDER BY 3 LIMIT CASE WHEN %1$L = 'text' THEN 1 ELSE 2 END ON CONFLICT DO NOTHING$f$, c.class, c.relname || '.' || c.col, c.col, c.rel) USING other;
    END LOOP;
    -- Numbers are written without + as well.
    INSERT INTO iso.candidate SELECT class, source, ltrim(value, '+'), ltrim(twin, '+') FROM iso.candidate WHERE value LIKE '+%' ON CONFLICT DO NOTHING;
    -- Requests of the SDKs' paths, with everything in all the places.
    INSERT INTO iso.candidate
        SELECT 'json', source, iso.request(class, value)::text, iso.request(class, twin)::text FROM iso.candidate WHERE class <> 'json' ON CONFLICT DO NOTHING;
    RETURN count(*) FROM iso.candidate;
END $$;
-- A request as the dispatcher hands it on, naming one thing.
CREATE FUNCTION iso.request(class text, value text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('page', 1,
        'path', jsonb_build_object('id', value, 'number', value, 'name', value, 'nonce', value, 'country', 'US'),
        'query', jsonb_build_object('template_id', value, 'campaign_id', value, 'service_id', value, 'client_ref', value, 'from', value, 'to', value,
            'text', 'Hi', 'country', 'US', 'date_from', '2020-01-01', 'granularity', 'date'),
        'body', jsonb_build_object('action', 'start', 'name', 'New one', 'text', 'Hi', 'value', 'v', 'to', '+12125550201')
            || CASE class WHEN 'number' THEN jsonb_build_object('template_id', value::bigint, 'service_id', value::bigint, 'contact_list_ids', jsonb_build_array(value::bigint))
               WHEN 'text' THEN jsonb_build_object('from', value, 'name', value, 'client_ref', value, 'email', value) ELSE '{}' END) $$;

-- ---- calls ----

CREATE FUNCTION iso.literal(class text, typ oid, value text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT quote_literal(CASE WHEN class IN ('texts', 'numbers') THEN ARRAY[value]::text WHEN class = 'bytes' THEN convert_to(value, 'UTF8')::text ELSE value END)
        || '::' || format_type(typ, NULL) $$;

-- Input arguments of a function: position, name, type, whether it has a default.
CREATE FUNCTION iso.arguments(f oid) RETURNS TABLE (n int, name text, typ oid, class text, optional boolean) LANGUAGE sql STABLE AS $$
    SELECT i, COALESCE(a.name, ''), a.typ, iso.class_of(a.typ), i > p.pronargs - p.pronargdefaults
    FROM pg_proc p, LATERAL (SELECT row_number() OVER (ORDER BY o)::int AS i, names.name, t.typ
        FROM unnest(COALESCE(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY t (typ, o)
        LEFT JOIN unnest(p.proargnames) WITH ORDINALITY names (name, o) USING (o)
        WHERE p.proargmodes IS NULL OR p.proargmodes[o] IN ('i', 'b', 'v')) a
    WHERE p.oid = f $$;

-- An id of the own tenant for a function that is named after what it is of; a number otherwise.
CREATE FUNCTION iso.first(f oid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT COALESCE((SELECT min(m.value) FROM iso.mine m, pg_proc p WHERE p.oid = f AND m.class = 'number'
        AND m.col = rtrim(m.source, 's') || '_id' AND p.proname ~ m.source),
        (SELECT min(m.value) FROM iso.mine m, pg_proc p WHERE p.oid = f AND m.class = 'number' AND m.col = 'list_id' AND m.source = 'contact_list' AND p.proname ~ 'list'),
        '12125550201') $$;

-- Things of the own tenant that may serve as this argument, the likeliest first.
CREATE FUNCTION iso.likely(f oid, arg text, typ oid, class text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(literal ORDER BY rank, literal) FROM (
        SELECT iso.literal(class, typ, m.value) AS literal, min(CASE
            WHEN m.col = arg OR m.col = arg || '_id' AND m.source = arg THEN 1
            WHEN m.source LIKE '%' || rtrim(arg, 's') || '%' AND m.col IN ('name', 'keyword', 'number') THEN 2
            WHEN arg ~ m.col OR m.col ~ arg THEN 3
            WHEN (SELECT proname FROM pg_proc WHERE oid = f) ~ split_part(m.source, '_', 1) AND m.col = rtrim(m.source, 's') || '_id' THEN 3 ELSE 9 END) AS rank
        FROM iso.mine m WHERE arg <> '' AND m.class = CASE likely.class WHEN 'texts' THEN 'text' WHEN 'numbers' THEN 'number' ELSE likely.class END GROUP BY 1
        UNION ALL
        SELECT v, CASE WHEN arg ~ k THEN 0 ELSE 8 END FROM (VALUES
            ('text', '^(number|to|to_number)$', $v$'+12125550203'$v$), ('text', '^from', $v$'+12125550100'$v$),
            ('text', '^service$', $v$'OSPREY'$v$), ('text', '^list$', $v$'osprey list'$v$), ('text', '^template$', $v$'osprey template'$v$),
            ('text', '^(body|text)$', $v$'Hello {{name}}'$v$), ('text', '^(country|region)$', $v$'US'$v$), ('text', '^source$', $v$'web'$v$),
            ('text', '^(keyword|name)$', $v$'FRESH'$v$), ('text', 'csv|file', $v$E'number,name\n+12125550211,Ann'$v$),
            ('text', 'mail', $v$'someone@example.com'$v$), ('text', 'granularity', $v$'week'$v$), ('text', 'cron', $v$'0 9 * * *'$v$),
            ('texts', 'lists', $v$'{osprey list}'::text[]$v$), ('texts', 'numbers|to', $v$'{+12125550203}'::text[]$v$), ('texts', '^zones$', $v$'{UTC}'::text[]$v$),
            ('texts', 'example', $v$'{FRESH: news}'::text[]$v$),
            ('bytes', '', $v$convert_to(E'number,name\n+12125550211,Ann', 'UTF8')$v$),
            ('json', '^request$', iso.literal('json', typ, iso.request('number', iso.first(f))::text)),
            ('json', '', iso.literal('json', typ, '{}')), ('json', 'schedule', iso.literal('json', typ, '{"any_day": {"from": "09:00", "to": "18:00"}}')),
            ('json', 'evidence', iso.literal('json', typ, '{"page": "example.com"}')),
            ('number', 'age', '18'), ('number', 'frequency|page|size|minimum|run', '1')) x (c, k, v) WHERE x.c = likely.class
        UNION ALL
        SELECT quote_literal(enumlabel) || '::' || format_type(typ, NULL), 1 FROM pg_enum WHERE enumtypid = typ
        UNION ALL
        SELECT CASE typ WHEN 'boolean'::regtype THEN 'false' WHEN 'timestamptz'::regtype THEN $v$'2026-01-01 12:00Z'::timestamptz$v$ WHEN 'date'::regtype THEN $v$'2026-01-01'::date$v$
            WHEN 'numeric'::regtype THEN '1' WHEN 'smallint'::regtype THEN '1' WHEN 'interval'::regtype THEN $v$'1 hour'::interval$v$ ELSE 'NULL::' || format_type(typ, NULL) END, 10) x (literal, rank) $$;

-- A statement that calls the function; args: name or position => literal.
CREATE FUNCTION iso.call(f oid, args jsonb) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('SELECT string_agg(x::text, chr(10)) FROM (SELECT * FROM %I.%I(%s)) x', n.nspname, p.proname,
        (SELECT string_agg(CASE WHEN a.name = '' THEN '' ELSE quote_ident(a.name) || ' => ' END || (args ->> a.n::text), ', ' ORDER BY a.n)
         FROM iso.arguments(f) a WHERE args ? a.n::text))
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = f $$;

-- Arguments with which the call works, found by trying; else the last that were tried.
CREATE FUNCTION iso.working(f oid, OUT args jsonb, OUT works boolean) LANGUAGE plpgsql AS $$
DECLARE
    a record;
    likely text[];
    digit int;
BEGIN
    works := false;
    FOR round IN 0..63 LOOP
        args := '{}';
        digit := round;
        FOR a IN SELECT * FROM iso.arguments(f) WHERE NOT optional ORDER BY n LOOP
            likely := iso.likely(f, a.name, a.typ, a.class);
            args := args || jsonb_build_object(a.n::text, likely[1 + digit % LEAST(cardinality(likely), 4)]);
            digit := digit / LEAST(cardinality(likely), 4);
        END LOOP;
        works := iso.attempt(iso.call(f, args)) LIKE 'ok %';
        EXIT WHEN works OR digit > 0;
    END LOOP;
END $$;

-- An outcome without what must differ: names of the value and its twin, ids, times.
CREATE FUNCTION iso.plain(outcome text, value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(replace(regexp_replace(outcome, 'pt_\w{8}_\w{32}', '<key>', 'g'), value, '<id>'),
        'kestrel|phantom', '<tag>', 'gi'), '1415555|1510555', '<area>', 'g'),
        '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', '<uuid>', 'g'),
        '\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:\d\d)?)?', '<time>', 'g'), '\d{4,}', '<n>', 'g') $$;

-- Every function that the caller may call, with every argument in turn naming what is
-- the other's and then its twin.  Returns the calls that tell the two apart or show
-- something marked that was not said; and each function once, with whether it works.
-- pattern: of the functions' names; most: how many values for each argument.
CREATE FUNCTION iso.try_calls(pattern text DEFAULT '', most int DEFAULT 1000)
    RETURNS TABLE (routine text, works boolean, calls int, statement text, with_other text, with_twin text) LANGUAGE plpgsql AS $$
DECLARE
    r record;
    a record;
    c record;
    base record;
BEGIN
    FOR r IN SELECT * FROM iso.routine WHERE has_function_privilege(oid, 'EXECUTE') AND name::text ~ pattern ORDER BY name::text LOOP
        base := iso.working(r.oid);
        calls := 0;
        routine := r.name;
        works := base.works;
        -- Null for each argument: an error or an answer, but no crash.
        FOR a IN SELECT * FROM iso.arguments(r.oid) LOOP
            PERFORM iso.attempt(iso.call(r.oid, base.args || jsonb_build_object(a.n::text, 'NULL::' || format_type(a.typ, NULL))));
        END LOOP;
        -- What computes from its arguments alone knows of nobody.
        CONTINUE WHEN (SELECT provolatile = 'i' FROM pg_proc WHERE oid = r.oid);
        FOR a IN SELECT * FROM iso.arguments(r.oid) LOOP
            FOR c IN SELECT * FROM iso.candidate k WHERE k.class = CASE a.class WHEN 'texts' THEN 'text' WHEN 'numbers' THEN 'number' ELSE a.class END ORDER BY k.source, k.value LIMIT most LOOP
                statement := iso.call(r.oid, base.args || jsonb_build_object(a.n::text, iso.literal(a.class, a.typ, c.value)));
                with_other := iso.attempt(statement);
                with_twin := iso.attempt(iso.call(r.oid, base.args || jsonb_build_object(a.n::text, iso.literal(a.class, a.typ, c.twin))));
                calls := calls + 1;
                CONTINUE WHEN iso.plain(with_other, c.value) = iso.plain(with_twin, c.twin)
                    AND with_other !~ 'isolation broken'
                    AND NOT EXISTS (SELECT FROM regexp_matches(with_other, '\w*(?:kestrel|1415555)\w*', 'gi') m WHERE strpos(lower(c.value), lower(m[1])) = 0);
                RETURN NEXT;
            END LOOP;
        END LOOP;
        statement := NULL;
        with_other := base.args::text;
        with_twin := NULL;
        RETURN NEXT;
    END LOOP;
END $$;
