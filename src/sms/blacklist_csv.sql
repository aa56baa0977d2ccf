-- The account's blacklist as CSV and in pages (BL-06).

CREATE FUNCTION portatext.import_blacklist(csv text, skip_bad boolean DEFAULT false, region text DEFAULT NULL,
        OUT added bigint, OUT lines bigint, OUT normalised bigint, OUT duplicates bigint, OUT refused bigint,
        OUT job_id bigint, OUT imported boolean)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_import_blacklist';
COMMENT ON FUNCTION portatext.import_blacklist(text, boolean, text) IS
    'Adds the numbers of a CSV file to the account''s blacklist (BL-06); its first line is the header, number first, and a column reason is kept. Nothing is taken off the list. A file with a line that is refused changes nothing, unless skip_bad; import_problem lists what was wrong, for the job that is returned. Messages that wait for these numbers end when they are claimed (BL-05).';
GRANT EXECUTE ON FUNCTION portatext.import_blacklist(text, boolean, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.export_blacklist() RETURNS SETOF text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT 'number,reason'
    UNION ALL
    (SELECT portatext.csv_record(ARRAY[substr(b.number::text, 2), COALESCE(b.reason, '')]) FROM portatext.blacklist b
        WHERE b.account_id = (SELECT portatext.current_account()) ORDER BY b.number::text);
$$;
COMMENT ON FUNCTION portatext.export_blacklist() IS
    'The account''s blacklist as lines of CSV with the header first; import_blacklist() takes them back (BL-06).';
GRANT EXECUTE ON FUNCTION portatext.export_blacklist() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.blacklist_page(after text DEFAULT NULL, page_size int DEFAULT 100)
    RETURNS TABLE (number portatext.e164, reason text, created_at timestamptz)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT b.number, b.reason, b.created_at FROM portatext.blacklist b
        WHERE b.account_id = portatext.current_account()
          AND b.number::text > (SELECT COALESCE(portatext.to_e164(after)::text, ''))
        ORDER BY b.number::text LIMIT page_size;
$$;
COMMENT ON FUNCTION portatext.blacklist_page(text, int) IS
    'A page of the account''s blacklist in the order of the numbers: page_size of those behind the number after (null: the first).';
GRANT EXECUTE ON FUNCTION portatext.blacklist_page(text, int) TO portatext_account, portatext_operator;
