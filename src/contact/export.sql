-- room: contact.  Contacts as CSV.

CREATE FUNCTION portatext.csv_record(cells text[]) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_csv_record';
COMMENT ON FUNCTION portatext.csv_record(text[]) IS 'Internal: the cells as a line of CSV (RFC 4180), without its end.';

CREATE FUNCTION portatext.csv_contact(number text, variables jsonb, names text[]) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_csv_contact';
COMMENT ON FUNCTION portatext.csv_contact(text, jsonb, text[]) IS
    'Internal: the digits of the number and the values of these variables as a line of CSV.';

CREATE FUNCTION portatext.export_contacts(list text DEFAULT NULL) RETURNS SETOF text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH v AS MATERIALIZED (
        SELECT portatext.contact_version(list) AS version, portatext.current_account() AS account),
    n AS MATERIALIZED (
        SELECT ARRAY(SELECT DISTINCT k.key COLLATE "C" FROM portatext.contact c CROSS JOIN jsonb_object_keys(c.variables) k (key)
                     WHERE c.version = (SELECT v.version FROM v) AND c.account_id = (SELECT v.account FROM v) ORDER BY 1) AS names)
    SELECT portatext.csv_record(ARRAY['number'] || n.names) FROM n
    UNION ALL
    (SELECT portatext.csv_contact(c.number::text, COALESCE(c.variables, '{}'), (SELECT n.names FROM n)) FROM portatext.contact c
        WHERE c.version = (SELECT v.version FROM v) AND c.account_id = (SELECT v.account FROM v) ORDER BY c.number::text);
$$;
COMMENT ON FUNCTION portatext.export_contacts(text) IS
    'The contacts of a list (null: the own contacts) as lines of CSV with the header first, numbers in digits; import_contacts() takes them back. Cells are quoted where needed and otherwise as they are, also those that a spreadsheet would run as formulas (CSV-09).';
GRANT EXECUTE ON FUNCTION portatext.export_contacts(text) TO portatext_account, portatext_operator;
