-- room: api.  The blacklist and the account's own numbers.

CREATE VIEW portatext_api.blacklist WITH (security_invoker) AS
    SELECT portatext.digits(b.number) AS number, b.reason, b.created_at
    FROM portatext.blacklist b;
COMMENT ON VIEW portatext_api.blacklist IS
'Numbers that never get a message

A page in the order of the numbers: order=number&number=gt.LAST&limit=1000. With Accept: text/csv the answer is a file that import_blacklist takes back.';
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
