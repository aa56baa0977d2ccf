-- What the isolation tests know and do, found in the catalogs: schema iso.
--
-- Two tenants were filled by tenant.sql: the other, marked with the word kestrel and
-- numbers +1415…, and the own, osprey and +1212….  What nobody has, the twin of a
-- value of the other, has the word phantom, numbers +1510… and other digits.
CREATE SCHEMA iso;
GRANT USAGE ON SCHEMA iso TO PUBLIC;

CREATE TABLE iso.tenant (which text PRIMARY KEY, account_id bigint, tag text, area text);
CREATE FUNCTION iso.account(which text) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
    $$ SELECT account_id FROM iso.tenant t WHERE t.which = account.which $$;

-- Everything of the product that has rows, and whether the rows say whose they are.
CREATE VIEW iso.relation AS
    SELECT c.oid::regclass AS rel, c.relkind, n.nspname, c.relname,
        EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'account_id' AND NOT a.attisdropped) AS keyed
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('portatext', 'portatext_api') AND c.relkind IN ('r', 'p', 'v', 'm');
CREATE VIEW iso.routine AS
    SELECT p.oid, p.oid::regprocedure AS name, p.prokind, n.nspname, p.proname
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname IN ('portatext', 'portatext_api') AND p.prokind IN ('f', 'w')
      AND p.prorettype NOT IN ('trigger'::regtype, 'language_handler'::regtype, 'event_trigger'::regtype)
      AND NOT 'internal'::regtype = ANY (p.proargtypes);

GRANT SELECT ON iso.relation, iso.routine TO PUBLIC;

-- ---- rows for the tables that no function of tenant.sql reaches ----

-- Values to try for a column, the best first; null: none is known.
CREATE FUNCTION iso.guesses(rel regclass, col name, typ regtype, owner bigint, tag text, area text) RETURNS text[]
    LANGUAGE plpgsql AS $$
DECLARE
    base regtype := COALESCE((SELECT NULLIF(typbasetype, 0) FROM pg_type WHERE oid = typ), typ);
    source regclass;
    found text;
BEGIN
    IF col = 'account_id' THEN
        RETURN ARRAY[owner::text];
    END IF;
    FOR source IN SELECT r.rel FROM iso.relation r JOIN pg_attribute a ON a.attrelid = r.rel AND a.attname = col AND a.atttypid = typ
        WHERE r.keyed AND r.relkind = 'r' AND r.rel <> guesses.rel AND col ~ '_id$' LOOP
        EXECUTE format('SELECT %I::text FROM %s WHERE account_id = $1 AND %1$I IS NOT NULL LIMIT 1', col, source) INTO found USING owner;
        IF found IS NOT NULL THEN
            RETURN ARRAY[found];
        END IF;
    END LOOP;
    RETURN CASE
        WHEN (SELECT typtype = 'e' FROM pg_type WHERE oid = typ) THEN
            (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = typ)
        WHEN base IN ('text'::regtype, 'varchar'::regtype, 'name'::regtype) THEN
            ARRAY[tag || ' ' || rel::text, '+1' || area || '5550142', tag || '@example.com', 'https://' || tag || '.example.com', 'en', 'US']
        WHEN base IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'numeric'::regtype, 'double precision'::regtype) THEN
            ARRAY['1', '0', '100']
        WHEN base = 'boolean'::regtype THEN ARRAY['true', 'false']
        WHEN base = '"char"'::regtype THEN ARRAY['A']
        WHEN base = 'timestamptz'::regtype THEN ARRAY[(now() + interval '1 hour')::text, 'infinity']
        WHEN base = 'date'::regtype THEN ARRAY[now()::date::text]
        WHEN base = 'interval'::regtype THEN ARRAY['1 hour']
        WHEN base = 'uuid'::regtype THEN ARRAY[portatext.uuid7()::text]
        WHEN base = 'jsonb'::regtype THEN ARRAY[jsonb_build_object('secret', tag)::text, '{}', '[]']
        WHEN base = 'bytea'::regtype THEN ARRAY[sha256(convert_to(tag || rel::text || col, 'UTF8'))::text]
        WHEN base = 'cidr'::regtype THEN ARRAY['192.0.2.0/24']
        WHEN base = 'inet'::regtype THEN ARRAY['192.0.2.1']
        WHEN base = 'oid'::regtype OR base = 'regrole'::regtype THEN ARRAY['10']
        WHEN base::text LIKE '%[]' THEN ARRAY['{' || (iso.guesses(rel, col, (SELECT typelem FROM pg_type WHERE oid = base)::regtype, owner, tag, area))[1] || '}']
    END;
END $$;

-- One row in the table for the account, unless it has one; what went wrong, or null.
CREATE FUNCTION iso.fill(rel regclass, owner bigint, tag text, area text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    there boolean;
    cols text[];
    tries text[][];
    guess text[];
    col record;
    digit int;
    problem text := 'no value is known';
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE account_id = $1)', rel) INTO there USING owner;
    IF there THEN
        RETURN NULL;
    END IF;
    FOR round IN 0..400 LOOP
        cols := '{}';
        guess := '{}';
        digit := round;
        FOR col IN SELECT a.attname, a.atttypid::regtype AS typ, a.attnotnull FROM pg_attribute a
            WHERE a.attrelid = rel AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = '' AND a.attgenerated = ''
              AND (a.attnotnull AND NOT a.atthasdef OR round < 60 AND a.atttypid IN ('text'::regtype, 'jsonb'::regtype) OR a.attname = 'account_id')
            ORDER BY a.attnum LOOP
            DECLARE
                g text[] := iso.guesses(rel, col.attname, col.typ, owner, tag, area);
            BEGIN
                IF NOT col.attnotnull AND col.attname <> 'account_id' THEN
                    g := g || NULL::text;
                END IF;
                cols := cols || quote_ident(col.attname);
                guess := guess || COALESCE(quote_literal(g[1 + digit % cardinality(g)]), 'NULL');
                digit := digit / cardinality(g);
            END;
        END LOOP;
        BEGIN
            EXECUTE format('INSERT INTO %s (%s) VALUES (%s)', rel, array_to_string(cols, ','), array_to_string(guess, ','));
            RETURN NULL;
        EXCEPTION WHEN OTHERS THEN
            problem := SQLERRM;
        END;
    END LOOP;
    RETURN rel || ': ' || problem;
END $$;

-- ---- who touches the other's rows is caught in the act, unless a superuser ----

CREATE FUNCTION iso.guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (CASE TG_OP WHEN 'INSERT' THEN NEW.account_id ELSE OLD.account_id END) = iso.account('other')
        OR TG_OP = 'UPDATE' AND NEW.account_id = iso.account('other') THEN
        IF (SELECT rolsuper FROM pg_roles WHERE rolname = session_user)
            OR TG_TABLE_NAME = 'api_nonce' AND TG_OP = 'INSERT' THEN    -- whoever knows an address may ask for the mail (API-06)
            RETURN NULL;
        END IF;
        RAISE LOG 'isolation broken: % of %', TG_OP, TG_TABLE_NAME;
        RAISE EXCEPTION 'isolation broken: % of %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'ISBRK';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION iso.set_guards() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    r regclass;
    n bigint := 0;
BEGIN
    FOR r IN SELECT rel FROM iso.relation WHERE keyed AND relkind = 'r' LOOP
        EXECUTE format('CREATE TRIGGER iso_guard AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION iso.guard()', r);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER iso_guard', r);
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;
-- All rows of an account, one line for each table.
CREATE FUNCTION iso.digest(owner bigint) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    r regclass;
    line text;
BEGIN
    FOR r IN SELECT rel FROM iso.relation WHERE keyed AND relkind = 'r' ORDER BY rel::text LOOP
        EXECUTE format('SELECT count(*) || '' '' || COALESCE(md5(string_agg(t::text, '','' ORDER BY t::text)), '''') FROM %s t WHERE account_id = $1', r)
            INTO line USING owner;
        RETURN NEXT r || ' ' || line;
    END LOOP;
END $$;

-- ---- trying ----

-- Does what the statement says and takes it back: "ok" and what it returned, or the
-- error as a client sees it.  The setting iso.path is its search_path.
CREATE FUNCTION iso.attempt(statement text, returns_text boolean DEFAULT true) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
    n bigint;
    d text;
    h text;
    m text;
    s text;
BEGIN
    IF current_setting('iso.path', true) <> '' THEN
        PERFORM set_config('search_path', current_setting('iso.path'), true);
    END IF;
    IF returns_text THEN
        EXECUTE statement INTO answer;
    ELSE
        EXECUTE statement;
        GET DIAGNOSTICS n = ROW_COUNT;
        answer := n;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'ISEND', MESSAGE = COALESCE(answer, '<null>');
EXCEPTION
    WHEN SQLSTATE 'ISEND' THEN
        RETURN 'ok ' || SQLERRM;
    WHEN query_canceled OR assert_failure OR OTHERS THEN
        GET STACKED DIAGNOSTICS s = RETURNED_SQLSTATE, m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
        RETURN concat_ws(' | ', s, m, NULLIF(d, ''), NULLIF(h, ''));
END $$;

-- The other's first row of each table and view, as JSON: what an attacker may have learnt.
CREATE TABLE iso.sample (rel regclass PRIMARY KEY, line jsonb);
CREATE FUNCTION iso.take_samples() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r record;
    line jsonb;
BEGIN
    FOR r IN SELECT * FROM iso.relation LOOP
        EXECUTE format('SELECT to_jsonb(t) FROM %s t %s LIMIT 1', r.rel, CASE WHEN r.keyed THEN 'WHERE account_id = ' || iso.account('other') ELSE '' END) INTO line;
        INSERT INTO iso.sample VALUES (r.rel, COALESCE(line, '{}'));
    END LOOP;
END $$;
GRANT SELECT ON iso.sample TO PUBLIC;

-- What to try on each relation: a verb, a statement.  $own is the schema of the one who tries.
CREATE FUNCTION iso.verbs(own text) RETURNS TABLE (rel regclass, verb text, statement text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.rel, v.verb, v.statement
    FROM iso.relation r
    CROSS JOIN LATERAL (SELECT quote_ident(a.attname) AS c FROM pg_attribute a WHERE a.attrelid = r.rel AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attname = 'account_id', a.attidentity <> '', a.attnum LIMIT 1) col
    CROSS JOIN LATERAL (SELECT CASE WHEN r.keyed THEN ' WHERE account_id = ' || iso.account('other') ELSE '' END AS w,
        CASE r.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind) w
    CROSS JOIN LATERAL (VALUES
        ('SELECT', format('SELECT string_agg(t::text, chr(10)) FROM %s t', r.rel)),
        ('SELECT account', format('SELECT string_agg(t::text, chr(10)) FROM %s t %s', r.rel, w)),
        ('COUNT', format('SELECT count(*) FROM %s %s', r.rel, w)),
        ('SELECT FOR UPDATE', format('SELECT string_agg(t.c::text, '','') FROM (SELECT %s AS c FROM %s %s FOR UPDATE) t', c, r.rel, w)),
        ('INSERT', format('INSERT INTO %s OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(NULL::%1$s, s.line)).* FROM iso.sample s WHERE s.rel = %L::regclass', r.rel, r.rel)),
        ('DELETE', format('DELETE FROM %s %s', r.rel, w)),
        ('MERGE', CASE WHEN r.relkind = 'r' AND current_setting('server_version_num')::int >= 150000
            THEN format('MERGE INTO %s t USING (SELECT 1) s ON %s WHEN MATCHED THEN DELETE', r.rel, COALESCE('t.account_id = ' || CASE WHEN r.keyed THEN iso.account('other') END, 'true')) END),
        ('TRUNCATE', format('TRUNCATE %s CASCADE', r.rel)),
        ('REFERENCES', (SELECT format('CREATE TABLE %I.oracle (%s, FOREIGN KEY (%s) REFERENCES %s (%3$s))', own,
                string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', '), string_agg(quote_ident(a.attname), ', '), r.rel)
            FROM (SELECT i.indkey FROM pg_index i WHERE i.indrelid = r.rel AND i.indisunique AND i.indexprs IS NULL AND i.indpred IS NULL
                ORDER BY i.indisprimary DESC LIMIT 1) i, unnest(i.indkey) WITH ORDINALITY k (n, o)
            JOIN pg_attribute a ON a.attrelid = r.rel AND a.attnum = k.n HAVING count(*) > 0)),
        ('TRIGGER', format('CREATE TRIGGER mine BEFORE INSERT ON %s FOR EACH STATEMENT EXECUTE FUNCTION suppress_redundant_updates_trigger()', r.rel)),
        ('POLICY', format('CREATE POLICY mine ON %s USING (true)', r.rel)),
        ('NO SECURITY', CASE WHEN r.relkind = 'r' THEN format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', r.rel) END),
        ('RULE', format('CREATE RULE mine AS ON INSERT TO %s DO ALSO NOTHING', r.rel)),
        ('INDEX', format('CREATE INDEX ON %s (%s)', r.rel, c)),
        ('INHERIT', CASE WHEN r.relkind = 'r' THEN format('CREATE TABLE %I.child () INHERITS (%s)', own, r.rel) END),
        ('LOCK', format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', r.rel)),
        ('ALTER', format('ALTER %s %s RENAME TO mine', kind, r.rel)),
        ('OWNER', format('ALTER %s %s OWNER TO CURRENT_USER', kind, r.rel)),
        ('COMMENT', format('COMMENT ON %s %s IS ''mine''', kind, r.rel)),
        ('DROP', format('DROP %s %s CASCADE', kind, r.rel))) v (verb, statement)
    WHERE v.statement IS NOT NULL
    UNION ALL
    SELECT r.rel, 'UPDATE', format('UPDATE %s SET %I = %2$I %s', r.rel, a.attname, CASE WHEN r.keyed THEN 'WHERE account_id = ' || iso.account('other') ELSE '' END)
    FROM iso.relation r JOIN pg_attribute a ON a.attrelid = r.rel AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = '' AND a.attgenerated = ''
$$;
CREATE FUNCTION iso.try_verbs(own text) RETURNS TABLE (rel regclass, verb text, outcome text) LANGUAGE plpgsql AS $$
BEGIN
    FOR rel, verb, outcome IN SELECT v.rel, v.verb, v.statement FROM iso.verbs(own) v ORDER BY v.rel::text LOOP
        outcome := iso.attempt(outcome, verb IN ('SELECT', 'SELECT account', 'COUNT', 'SELECT FOR UPDATE'));
        RETURN NEXT;
    END LOOP;
END $$;
