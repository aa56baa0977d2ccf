-- The SQL reference, from the catalog: psql -XAtq -f tools/reference.sql > docs/reference.md
-- (a test compares the two).
\pset format unaligned
\pset tuples_only on
SET search_path = pg_catalog;
SELECT '# SQL reference' || E'\n\n'
    || 'Generated from the catalog by `tools/reference.sql`; a test keeps it true. Functions marked *operator* may be called by members of `portatext_operator`, those marked *account* also by members of `portatext_account`, those marked *anonymous* also by requests of the API without credentials, those marked *everybody* by every role; the others are internal.'
    || E'\n\n## Functions\n';
SELECT format(E'### %s\n\n`%s(%s)` → `%s` — %s%s\n\n%s\n',
              CASE p.pronamespace WHEN 'portatext'::regnamespace THEN p.proname ELSE format('%I.%I', n.nspname, p.proname) END,
              format('%I.%I', n.nspname, p.proname), pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
              CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
              CASE WHEN has_function_privilege('public', p.oid, 'EXECUTE') THEN ', *everybody*'
                   WHEN has_function_privilege('portatext_anonymous', p.oid, 'EXECUTE') THEN ', *anonymous*'
                   WHEN has_function_privilege('portatext_account', p.oid, 'EXECUTE') THEN ', *account*'
                   WHEN has_function_privilege('portatext_operator', p.oid, 'EXECUTE') THEN ', *operator*'
                   ELSE ', internal' END,
              COALESCE(obj_description(p.oid, 'pg_proc'), ''))
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'portatext'
JOIN pg_namespace n ON n.oid = p.pronamespace
ORDER BY n.nspname COLLATE "C", p.proname COLLATE "C", p.oid::regprocedure::text COLLATE "C";
SELECT E'## Types\n';
SELECT format(E'* `%s`%s: %s',
              CASE t.typnamespace WHEN 'portatext'::regnamespace THEN t.typname ELSE format('%I.%I', n.nspname, t.typname) END,
              CASE WHEN t.typtype = 'e' THEN ' (' || (SELECT string_agg(v.enumlabel, ', ' ORDER BY v.enumsortorder) FROM pg_enum v WHERE v.enumtypid = t.oid) || ')'
                   WHEN t.typtype = 'd' THEN ' over ' || format_type(t.typbasetype, t.typtypmod) ELSE '' END,
              COALESCE(obj_description(t.oid, 'pg_type'), ''))
FROM pg_type t
JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'portatext'
JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd') OR (t.typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
ORDER BY n.nspname COLLATE "C", t.typname COLLATE "C";
SELECT E'\n## Tables and views\n';
SELECT format(E'### %s%s\n\n%s\n\n| column | type | meaning |\n| --- | --- | --- |\n%s\n',
              CASE c.relnamespace WHEN 'portatext'::regnamespace THEN c.relname ELSE format('%I.%I', n.nspname, c.relname) END,
              CASE c.relkind WHEN 'v' THEN ' (view)' ELSE '' END,
              COALESCE(obj_description(c.oid, 'pg_class'), ''),
              (SELECT string_agg(format('| %s | %s | %s |', a.attname, format_type(a.atttypid, a.atttypmod),
                                        COALESCE(col_description(c.oid, a.attnum), '')), E'\n' ORDER BY a.attnum)
               FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
FROM pg_class c
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'portatext'
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v')
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C";
SELECT E'## Settings\n\n| setting | default | changed by | meaning |\n| --- | --- | --- | --- |';
SELECT format('| %s | %s | %s | %s |', name,
              CASE WHEN COALESCE(boot_val, '') = '' THEN 'empty' ELSE boot_val || COALESCE(' ' || unit, '') END,
              CASE context WHEN 'postmaster' THEN 'restart' WHEN 'sighup' THEN 'reload' WHEN 'superuser' THEN 'superuser' ELSE 'anybody' END,
              short_desc || COALESCE(' ' || extra_desc, ''))
FROM pg_settings WHERE name LIKE 'portatext.%' AND name <> 'portatext.clock_offset'
ORDER BY name COLLATE "C";
