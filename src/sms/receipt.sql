-- room: sms.  What carriers report about messages they have taken.

CREATE FUNCTION portatext.carrier_number(carrier text) RETURNS int
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_carrier_number';
COMMENT ON FUNCTION portatext.carrier_number(text) IS
    'The id of the carrier in force under this name; an error when there is none.';
GRANT EXECUTE ON FUNCTION portatext.carrier_number(text) TO portatext_operator;

CREATE FUNCTION portatext.apply_receipts(
        carrier_id int, refs text[], ids uuid[], parts int[], statuses text[], codes text[])
    RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    -- Whatever the statistics say of steps and states: messages are found by their ids.
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
    AS 'MODULE_PATHNAME', 'pt_apply_receipts';
COMMENT ON FUNCTION portatext.apply_receipts(int, text[], uuid[], int[], text[], text[]) IS
    'Applies receipts, given as arrays of equal length, and says how many found their message. Each names it by our id, or (id null) by the carrier''s reference; '
    'part null: the whole message. Repeats change nothing, order does not matter, final states stay (SMS-09). An unknown reference is kept and tried again for a day.';
GRANT EXECUTE ON FUNCTION portatext.apply_receipts(int, text[], uuid[], int[], text[], text[])
    TO portatext_operator;

CREATE FUNCTION portatext.receive_receipt(
        carrier text, message_id uuid DEFAULT NULL, ref text DEFAULT NULL, part int DEFAULT NULL,
        status text DEFAULT 'delivered', error_code text DEFAULT NULL)
    RETURNS boolean
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT portatext.apply_receipts(portatext.carrier_number(carrier),
        ARRAY[ref], ARRAY[message_id], ARRAY[part], ARRAY[status], ARRAY[error_code]) > 0;
$$;
COMMENT ON FUNCTION portatext.receive_receipt(text, uuid, text, int, text, text) IS
    'Applies one receipt of the named carrier, which names the message by our id or by the carrier''s reference; part null: the whole message. '
    'status is delivered, undelivered, expired, rejected, accepted or buffered. False: no such message (a reference is kept and tried again for a day).';
GRANT EXECUTE ON FUNCTION portatext.receive_receipt(text, uuid, text, int, text, text)
    TO portatext_operator;

CREATE FUNCTION portatext.note_refs(carriers int[], refs text[], ids uuid[], parts smallint[]) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH given AS MATERIALIZED (
        SELECT DISTINCT ON (u.carrier_id, u.ref, u.message_id) u.*
            FROM unnest($1, $2, $3, $4) u (carrier_id, ref, message_id, part)
            ORDER BY u.carrier_id, u.ref, u.message_id, u.part),
    noted AS (
        INSERT INTO portatext.carrier_ref AS r (carrier_id, ref, message_id, part)
            SELECT DISTINCT ON (g.carrier_id, g.ref) g.* FROM given g
                ORDER BY g.carrier_id, g.ref, g.message_id
            ON CONFLICT (carrier_id, ref) DO UPDATE
                SET message_id = EXCLUDED.message_id, part = EXCLUDED.part
                WHERE r.message_id = EXCLUDED.message_id OR NOT EXISTS (
                    SELECT FROM portatext.message m WHERE m.message_id = r.message_id AND m.step <> 'final')
            RETURNING 1)
    SELECT (SELECT pg_catalog.count(*) FROM given) - (SELECT pg_catalog.count(*) FROM noted);
$$;
COMMENT ON FUNCTION portatext.note_refs(int[], text[], uuid[], smallint[]) IS
    'For the dispatcher: writes the carriers'' ids of messages. One that is given again belongs to the newest message if the earlier one has ended; returns how many stay with an earlier one.';

CREATE FUNCTION portatext.apply_strays(carrier_id int, refs text[]) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH gone AS (
        DELETE FROM portatext.stray_receipt s
            WHERE s.carrier_id = $1 AND s.ref = ANY ($2)
            RETURNING s.*)
    SELECT COALESCE(pg_catalog.sum(portatext.apply_receipts($1, g.refs, g.ids, g.parts, g.statuses, g.codes)), 0)::bigint
    FROM (SELECT pg_catalog.array_agg(s.ref ORDER BY s.stray_id) AS refs,
                pg_catalog.array_agg(NULL::uuid) AS ids,
                pg_catalog.array_agg(s.part::int ORDER BY s.stray_id) AS parts,
                pg_catalog.array_agg(s.status ORDER BY s.stray_id) AS statuses,
                pg_catalog.array_agg(s.error_code ORDER BY s.stray_id) AS codes
            FROM gone s HAVING pg_catalog.count(*) > 0) g;
$$;
COMMENT ON FUNCTION portatext.apply_strays(int, text[]) IS
    'Applies the receipts that came before these references of the carrier were known, in the transaction that has just written them to carrier_ref.';
GRANT EXECUTE ON FUNCTION portatext.apply_strays(int, text[]) TO portatext_operator;

CREATE FUNCTION portatext.retry_strays() RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    DELETE FROM portatext.stray_receipt s
        WHERE s.received_at < portatext.now() - interval '1 day';
    SELECT COALESCE(pg_catalog.sum(portatext.apply_strays(k.carrier_id, k.refs)), 0)::bigint
    FROM (SELECT s.carrier_id, pg_catalog.array_agg(DISTINCT s.ref) AS refs
            FROM portatext.stray_receipt s
            WHERE EXISTS (SELECT FROM portatext.carrier_ref c
                WHERE c.carrier_id = s.carrier_id AND c.ref = s.ref)
            GROUP BY s.carrier_id) k;
$$;
COMMENT ON FUNCTION portatext.retry_strays() IS
    'For the scheduler: applies the stray receipts whose reference has become known, and drops those older than a day. Says how many found their message.';
GRANT EXECUTE ON FUNCTION portatext.retry_strays() TO portatext_operator;
