-- room: api.  The blacklist and the account's own numbers.

CREATE VIEW portatext_api.blacklist WITH (security_invoker) AS
    SELECT portatext.digits(b.number) COLLATE "C" AS number, b.reason, b.created_at
    FROM portatext.blacklist b;
COMMENT ON VIEW portatext_api.blacklist IS
'Numbers that never get a message

A page in the order of the numbers: order=number&number=gt.LAST&limit=1000. With Accept: text/csv it is a file; export_blacklist is all of it as one.';
COMMENT ON COLUMN portatext_api.blacklist.number IS 'Digits without +.';
COMMENT ON COLUMN portatext_api.blacklist.reason IS 'Why, if anybody said so.';
GRANT SELECT ON portatext_api.blacklist TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.blacklist_add(number text, reason text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT pg_catalog.jsonb_build_object('number', portatext.digits(portatext.to_e164(number)),
        'ended', portatext.blacklist_add(number, reason))
$$;
COMMENT ON FUNCTION portatext_api.blacklist_add(text, text) IS
'Put a number on the blacklist

It gets no more messages; those that wait for it end with a refund, and ended says how many those were.';
GRANT EXECUTE ON FUNCTION portatext_api.blacklist_add(text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.blacklist_remove(number text) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT pg_catalog.jsonb_build_object('removed', portatext.blacklist_remove(number))
$$;
COMMENT ON FUNCTION portatext_api.blacklist_remove(text) IS
'Take a number off the blacklist

removed is false when it was not on it.';
GRANT EXECUTE ON FUNCTION portatext_api.blacklist_remove(text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.api_import_answer(made jsonb, taken boolean) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    answer constant jsonb := made || jsonb_build_object('problems', (
        SELECT COALESCE(jsonb_agg(jsonb_build_object('line', p.line, 'given', p.given, 'problem', p.problem) ORDER BY p.line), '[]')
        FROM (SELECT x.* FROM portatext.import_problem x
              WHERE x.job_id = (made ->> 'job_id')::bigint AND x.kind = 'refused' ORDER BY x.line LIMIT 100) p));
BEGIN
    IF taken THEN
        RETURN answer;
    END IF;
    -- No error: it would take back what import_problem says.
    IF current_setting('request.method', true) <> '' THEN
        PERFORM set_config('response.status', '422', true);
    END IF;
    RETURN jsonb_build_object('code', 'refused_lines', 'message', 'the file is refused',
        'details', format('Lines that cannot be used: %s. The list stays as it was.', made ->> 'refused'),
        'hint', 'Correct these lines, or leave them out with skip_bad.') || answer;
END
$$;
COMMENT ON FUNCTION portatext.api_import_answer(jsonb, boolean) IS
    'Internal: what an import function says, with its first problems; a file that was not taken has the status 422 and stays on record.';
GRANT EXECUTE ON FUNCTION portatext.api_import_answer(jsonb, boolean) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.import_blacklist(csv text, skip_bad boolean DEFAULT false, region text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.api_import_answer(pg_catalog.to_jsonb(i), i.imported) FROM portatext.import_blacklist(csv, skip_bad, region) i
$$;
COMMENT ON FUNCTION portatext_api.import_blacklist(text, boolean, text) IS
'Add the numbers of a CSV file to the blacklist

csv: the file; its first line is the header, with number in front; a column reason is kept:
number,reason
12223334444,asked us to
Nothing is taken off the list. skip_bad: lines that are refused are left out; without it one such line refuses the whole file. region: the country (ISO 3166-1) of numbers without a country code.

Answers {"imported", "added", "lines", "normalised", "duplicates", "refused", "job_id", "problems"}; problems has the first 100 refused lines with their numbers. A file that was refused is answered in the same way, with the status 422. import_blacklist_csv takes the file as the body.';
GRANT EXECUTE ON FUNCTION portatext_api.import_blacklist(text, boolean, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.import_blacklist_csv(text) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.api_import_answer(pg_catalog.to_jsonb(i), i.imported)
    FROM portatext.import_blacklist($1, COALESCE(portatext.api_header('x-skip-bad')::boolean, false), portatext.api_header('x-region')) i
$$;
COMMENT ON FUNCTION portatext_api.import_blacklist_csv(text) IS
'Add the CSV file in the body to the blacklist

Like import_blacklist, with the file as it is: Content-Type text/plain. The header X-Skip-Bad: true leaves refused lines out, X-Region is the country of numbers without a country code.';
GRANT EXECUTE ON FUNCTION portatext_api.import_blacklist_csv(text) TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.dids WITH (security_invoker) AS
    SELECT portatext.digits(d.number) AS number, portatext.number_country(n.e164) AS country, d.weight, d.segments_per_second,
           NOT EXISTS (SELECT FROM portatext.unhealthy_sender u WHERE u.number = d.number) AS healthy,
           d.stop_detection, d.stop_text, d.auto_reply, d.cnam_enabled, d.created_at
    FROM portatext.did d
        CROSS JOIN LATERAL (SELECT CASE WHEN portatext.is_e164(d.number) THEN d.number::text::portatext.e164 END) n (e164);
COMMENT ON VIEW portatext_api.dids IS
'The account''s own numbers

What messages are sent from: telephone numbers, short codes of the account''s own, and names that the operator has allowed. The operator assigns them; did_settings changes what they do with what comes in.';
COMMENT ON COLUMN portatext_api.dids.number IS 'Digits without +, or the name.';
COMMENT ON COLUMN portatext_api.dids.country IS 'ISO 3166; null: no country''s.';
COMMENT ON COLUMN portatext_api.dids.weight IS 'Its share of the recipients when the sender is chosen; 0: only when it is named in from.';
COMMENT ON COLUMN portatext_api.dids.segments_per_second IS 'How fast it may send; null: as the carrier allows.';
COMMENT ON COLUMN portatext_api.dids.healthy IS 'false: too few of its messages arrive, so others are chosen before it.';
COMMENT ON COLUMN portatext_api.dids.stop_detection IS 'Who writes STOP to it enters the blacklist.';
COMMENT ON COLUMN portatext_api.dids.stop_text IS 'What they are answered then.';
COMMENT ON COLUMN portatext_api.dids.auto_reply IS 'The answer to every message that comes in; null: none.';
COMMENT ON COLUMN portatext_api.dids.cnam_enabled IS 'Ask for the name of who writes.';
GRANT SELECT ON portatext_api.dids TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.did_settings(number text, settings jsonb) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.did_settings(number, settings)
$$;
COMMENT ON FUNCTION portatext_api.did_settings(text, jsonb) IS
'Change what a number does with what comes in

settings has those of stop_detection, stop_text, auto_reply (null: none) and cnam_enabled that are to change; answers all of them. 404: the number is none of the account''s; 422: a text is too short to be sent.';
GRANT EXECUTE ON FUNCTION portatext_api.did_settings(text, jsonb) TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.sender_health WITH (security_invoker) AS
    SELECT portatext.digits(h.number) AS number, h.delivered, h.undelivered, h.share, h.healthy
    FROM portatext.sender_health() h;
COMMENT ON VIEW portatext_api.sender_health IS
'How many messages of each number arrived within the last hour

From the carriers'' receipts.';
COMMENT ON COLUMN portatext_api.sender_health.share IS 'Of those with a receipt, how many arrived: 0 to 1.';
COMMENT ON COLUMN portatext_api.sender_health.healthy IS 'Enough arrived, or there are too few receipts to tell.';
GRANT SELECT ON portatext_api.sender_health TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.export_blacklist() RETURNS portatext_api."text/csv"
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT portatext.api_file(ARRAY(SELECT e.line FROM portatext.export_blacklist() e (line)))
$$;
COMMENT ON FUNCTION portatext_api.export_blacklist() IS
'The whole blacklist as a CSV file

number and reason, in the order of the numbers; import_blacklist takes it back.';
GRANT EXECUTE ON FUNCTION portatext_api.export_blacklist() TO portatext_account, portatext_operator;
