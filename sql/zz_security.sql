-- Everything the extension has made, walked through in the catalogs: owners,
-- rights, row-level security, function properties, comments.

-- What belongs to the extension and not to portatext_owner.
SELECT pg_describe_object(d.classid, d.objid, 0)
    FROM pg_depend d
    JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
    LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
    LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
    LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
    LEFT JOIN pg_namespace n ON d.classid = 'pg_namespace'::regclass AND n.oid = d.objid
    LEFT JOIN pg_language l ON d.classid = 'pg_language'::regclass AND l.oid = d.objid
    WHERE e.extname = 'portatext'
      AND pg_get_userbyid(COALESCE(c.relowner, p.proowner, t.typowner, n.nspowner, l.lanowner)) IS DISTINCT FROM 'portatext_owner'
    ORDER BY 1;

-- Functions that PUBLIC may call: exactly these.
SELECT p.proname
    FROM pg_proc p, LATERAL aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) a
    WHERE p.pronamespace = 'portatext'::regnamespace AND a.grantee = 0
    ORDER BY 1;
-- They read no table.
SELECT p.proname
    FROM pg_proc p, LATERAL aclexplode(p.proacl) a
    WHERE p.pronamespace = 'portatext'::regnamespace AND a.grantee = 0
      AND (p.provolatile <> 'i' OR p.prosecdef)
    ORDER BY 1;

-- Tables: forced row-level security and policies for the three roles wherever
-- there is an account_id.
SELECT c.relname
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
    WHERE c.relnamespace = 'portatext'::regnamespace AND c.relkind IN ('r', 'p')
      AND (NOT c.relrowsecurity OR NOT c.relforcerowsecurity
           OR (SELECT count(DISTINCT r.role) FROM pg_policy p, unnest(p.polroles) r(role)
               WHERE p.polrelid = c.oid
                 AND pg_get_userbyid(r.role) IN ('portatext_account', 'portatext_operator', 'portatext_owner')) <> 3
           OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polroles @> '{0}'))
    ORDER BY 1;

-- Rights on tables, views and sequences beyond reading, for anybody but operators.
SELECT c.relname, pg_get_userbyid(a.grantee) AS grantee, a.privilege_type
    FROM pg_class c, LATERAL aclexplode(c.relacl) a
    WHERE c.relnamespace = 'portatext'::regnamespace
      AND pg_get_userbyid(a.grantee) NOT IN ('portatext_owner', 'portatext_operator')
      AND NOT (pg_get_userbyid(a.grantee) = 'portatext_account' AND a.privilege_type = 'SELECT')
      AND NOT (pg_get_userbyid(a.grantee) = 'pg_monitor' AND a.privilege_type = 'SELECT' AND c.relname LIKE 'pg_stat_%')
    ORDER BY 1, 2, 3;
-- Rights on functions, types and the schema of anybody who was not granted them here.
SELECT o.name, pg_get_userbyid(a.grantee) AS grantee, a.privilege_type
    FROM (SELECT p.oid::regprocedure::text, p.proacl FROM pg_proc p WHERE p.pronamespace = 'portatext'::regnamespace
          UNION ALL
          SELECT t.typname, t.typacl FROM pg_type t WHERE t.typnamespace = 'portatext'::regnamespace
          UNION ALL
          SELECT n.nspname || '.', n.nspacl FROM pg_namespace n WHERE n.nspname = 'portatext') o (name, acl),
         LATERAL aclexplode(o.acl) a
    WHERE a.grantee <> 0 AND pg_get_userbyid(a.grantee) NOT IN ('portatext_owner', 'portatext_operator', 'portatext_account', 'portatext_anonymous', 'pg_monitor')
       OR o.name = 'portatext.' AND a.grantee <> (SELECT nspowner FROM pg_namespace WHERE nspname = 'portatext')
          AND a.privilege_type <> 'USAGE'
    ORDER BY 1, 2, 3;
-- What needs no credentials (API-06): exactly this, and nothing but functions.
SELECT p.oid::regprocedure::text AS name
    FROM pg_proc p, LATERAL aclexplode(p.proacl) a
    WHERE p.pronamespace IN ('portatext'::regnamespace, 'portatext_api'::regnamespace)
      AND a.grantee = 'portatext_anonymous'::regrole
UNION ALL
SELECT c.oid::regclass::text
    FROM pg_class c, LATERAL aclexplode(c.relacl) a
    WHERE c.relnamespace IN ('portatext'::regnamespace, 'portatext_api'::regnamespace)
      AND a.grantee = 'portatext_anonymous'::regrole
    ORDER BY 1;
-- What tenants may read without row-level security: nothing that crosses accounts.
SELECT c.relname
    FROM pg_class c
    WHERE c.relnamespace = 'portatext'::regnamespace AND c.relkind = 'r' AND NOT c.relrowsecurity
      AND has_table_privilege('portatext_account', c.oid, 'SELECT')
    ORDER BY 1;
-- Operators cannot change the books.
SELECT t, p
    FROM unnest(ARRAY['ledger_entry', 'balance_stripe', 'balance_pending', 'balance_alert', 'message', 'outbox', 'lease']) t,
         unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p
    WHERE has_table_privilege('portatext_operator', 'portatext.' || t, p)
       OR has_table_privilege('portatext_account', 'portatext.' || t, p);
-- Views run with their own caller's eyes or keep the rows apart themselves.
SELECT c.relname
    FROM pg_class c
    WHERE c.relnamespace = 'portatext'::regnamespace AND c.relkind = 'v'
      AND NOT c.reloptions && ARRAY['security_barrier=true', 'security_invoker=true', 'security_barrier=on', 'security_invoker=on', 'security_barrier', 'security_invoker']
      AND has_table_privilege('portatext_account', c.oid, 'SELECT');

-- Functions: definer functions and those in SQL or PL/pgSQL that may be called
-- from outside have a pinned search_path.  A procedure that commits cannot have
-- one: it may only call functions that have, and is none of the definer's.  A body
-- that was parsed when its function was made looks nothing up.
SELECT p.oid::regprocedure
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = 'portatext'::regnamespace
      AND (p.prosecdef OR l.lanname IN ('sql', 'plpgsql') AND p.prokind <> 'p' AND p.prosqlbody IS NULL)
      AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s WHERE s = 'search_path=pg_catalog, pg_temp')
    ORDER BY 1;
-- No volatile function is parallel safe, but those that touch nothing.
SELECT p.oid::regprocedure
    FROM pg_proc p
    WHERE p.pronamespace = 'portatext'::regnamespace
      AND p.provolatile = 'v' AND p.proparallel = 's' AND p.proname <> 'uuid7'
    ORDER BY 1;
-- Immutable functions are parallel safe.
SELECT p.oid::regprocedure
    FROM pg_proc p
    WHERE p.pronamespace = 'portatext'::regnamespace AND p.provolatile = 'i' AND p.proparallel <> 's'
    ORDER BY 1;
-- Overloads confuse callers by name, but for a file that is text or bytes.
SELECT p.proname
    FROM pg_proc p WHERE p.pronamespace = 'portatext'::regnamespace
    GROUP BY 1 HAVING count(*) > 1;

-- Everything has a comment.
SELECT 'relation' AS what, c.relname::text AS name
    FROM pg_class c
    WHERE c.relnamespace = 'portatext'::regnamespace AND c.relkind IN ('r', 'v', 'm')
      AND obj_description(c.oid, 'pg_class') IS NULL
UNION ALL
SELECT 'function', p.oid::regprocedure::text
    FROM pg_proc p
    WHERE p.pronamespace = 'portatext'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
UNION ALL
SELECT 'type', t.typname
    FROM pg_type t
    WHERE t.typnamespace = 'portatext'::regnamespace AND t.typtype IN ('d', 'e')
      AND obj_description(t.oid, 'pg_type') IS NULL
ORDER BY 1, 2;

-- The install script puts no row into a table that pg_dump takes: a restore would collide.
SELECT c.oid::regclass
    FROM pg_extension e, unnest(e.extconfig) k(oid) JOIN pg_class c ON c.oid = k.oid
    WHERE e.extname = 'portatext' AND c.relkind = 'r' AND c.relname LIKE 'shipped%';
-- Tables that are neither dumped nor shipped: what a restore must not bring back.
SELECT c.relname
    FROM pg_class c, pg_extension e
    WHERE c.relnamespace = 'portatext'::regnamespace AND c.relkind = 'r' AND e.extname = 'portatext'
      AND NOT c.oid = ANY (e.extconfig) AND c.relname NOT LIKE 'shipped%'
    ORDER BY 1;
