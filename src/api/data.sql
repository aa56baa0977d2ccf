-- room: api.  Reference data: destinations, tariffs, operators, time zones, the GSM alphabet, versions.

CREATE FUNCTION portatext.destinations(OUT prefix text, OUT country text) RETURNS SETOF record
    LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 400
    AS 'MODULE_PATHNAME', 'pt_destinations';
COMMENT ON FUNCTION portatext.destinations() IS
    'Dialled prefixes and the countries (ISO 3166-1) of the numbers that begin with them; the longest prefix counts. Assigned numbers have there the country that number_country() tells.';
GRANT EXECUTE ON FUNCTION portatext.destinations() TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.destinations WITH (security_invoker) AS
    SELECT d.prefix, d.country, portatext.country_name(d.country) AS name FROM portatext.destinations() d;
COMMENT ON VIEW portatext_api.destinations IS
'Dialled prefixes with their countries

The longest prefix that a number begins with tells its country. tariffs has what it costs to send there.';
COMMENT ON COLUMN portatext_api.destinations.prefix IS 'Digits, with the country code, without +.';
COMMENT ON COLUMN portatext_api.destinations.country IS 'ISO 3166-1 code.';
COMMENT ON COLUMN portatext_api.destinations.name IS 'The country''s name in English.';
GRANT SELECT ON portatext_api.destinations TO portatext_account, portatext_operator;

-- The tariff of each destination, and the tariffs for some of its numbers.
CREATE VIEW portatext.country_tariffs WITH (security_barrier, security_invoker) AS
    WITH destination AS MATERIALIZED (SELECT x.prefix, x.country FROM portatext.destinations() x),
    tariff AS MATERIALIZED (SELECT x.* FROM portatext.tariffs x),
    longest AS (
        SELECT DISTINCT ON (d.prefix) d.country, t.prefix
        FROM destination d CROSS JOIN generate_series(0, length(d.prefix)) n (len)
        JOIN tariff t ON t.prefix = left(d.prefix, n.len)
        ORDER BY d.prefix, n.len DESC),
    inside AS (
        SELECT DISTINCT ON (t.prefix) d.country, t.prefix
        FROM tariff t CROSS JOIN generate_series(1, length(t.prefix)) n (len)
        JOIN destination d ON d.prefix = left(t.prefix, n.len)
        ORDER BY t.prefix, n.len DESC),
    pair AS (SELECT l.country, l.prefix FROM longest l UNION SELECT i.country, i.prefix FROM inside i)
    SELECT p.country, portatext.country_name(p.country) AS name, t.prefix, t.credits, t.price, t.own, t.valid_from, t.valid_to
    FROM pair p JOIN tariff t ON t.prefix = p.prefix;
COMMENT ON VIEW portatext.country_tariffs IS
    'The tariffs in force for the caller''s account by country (BILL-15): for each country those that its numbers may have. The longest prefix that a number begins with counts.';
COMMENT ON COLUMN portatext.country_tariffs.prefix IS 'As in portatext.tariffs: it may be shorter than the country''s own prefix, or longer for some of its numbers.';
GRANT SELECT ON portatext.country_tariffs TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.tariffs WITH (security_invoker) AS
    SELECT t.country, t.name, t.prefix, t.credits, t.price, t.own, t.valid_from, t.valid_to FROM portatext.country_tariffs t;
COMMENT ON VIEW portatext_api.tariffs IS
'What a segment costs, by country

country=eq.ES gives those of a country. The longest prefix that a number begins with counts; a country without a row cannot be sent to.';
COMMENT ON COLUMN portatext_api.tariffs.country IS 'ISO 3166-1 code.';
COMMENT ON COLUMN portatext_api.tariffs.name IS 'The country''s name in English.';
COMMENT ON COLUMN portatext_api.tariffs.prefix IS 'Leading digits of the numbers that the tariff is for; empty: all.';
COMMENT ON COLUMN portatext_api.tariffs.credits IS 'Credits for one segment, whatever its encoding.';
COMMENT ON COLUMN portatext_api.tariffs.price IS 'The same in money; null: the price of a credit is not said.';
COMMENT ON COLUMN portatext_api.tariffs.own IS 'Agreed for this account.';
GRANT SELECT ON portatext_api.tariffs TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.operators WITH (security_invoker) AS
    SELECT o.mcc, o.mnc, o.country, o.name, o.source, o.source_date FROM portatext.operators o;
COMMENT ON VIEW portatext_api.operators IS
'Mobile operators of the world

order=country,mcc,mnc sorts them; Accept: text/csv gives a file. No list is complete: networks come and go.';
COMMENT ON COLUMN portatext_api.operators.mcc IS 'Mobile country code, 3 digits.';
COMMENT ON COLUMN portatext_api.operators.mnc IS 'Mobile network code, 2 or 3 digits.';
COMMENT ON COLUMN portatext_api.operators.country IS 'ISO 3166-1 code.';
COMMENT ON COLUMN portatext_api.operators.source IS 'Where the row comes from.';
COMMENT ON COLUMN portatext_api.operators.source_date IS 'The day of the source; null: this installation keeps the row itself.';
GRANT SELECT ON portatext_api.operators TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.timezones WITH (security_invoker) AS
    SELECT z.name, z.utc_offset, z.is_dst FROM pg_catalog.pg_timezone_names z
    WHERE z.name !~ '^(posix|right)/' AND z.name NOT IN ('Factory', 'localtime', 'posixrules');
COMMENT ON VIEW portatext_api.timezones IS
'Time zones

Their names are values of the setting timezone.';
COMMENT ON COLUMN portatext_api.timezones.utc_offset IS 'What its clocks are ahead of UTC just now.';
COMMENT ON COLUMN portatext_api.timezones.is_dst IS 'Whether it is daylight saving time there just now.';
GRANT SELECT ON portatext_api.timezones TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.gsm_charset WITH (security_invoker) AS
    SELECT g."character", g.code_point, g.code, g.escaped, g.septets FROM portatext.gsm_charset() g;
COMMENT ON VIEW portatext_api.gsm_charset IS
'The characters of GSM 03.38

A text of these alone has 160 septets in one segment and 153 in each of several; any other character makes it Unicode, with 70 and 67 characters. Those that are escaped take two septets.';
COMMENT ON COLUMN portatext_api.gsm_charset."character" IS 'The character itself.';
COMMENT ON COLUMN portatext_api.gsm_charset.code_point IS 'In Unicode: U+20AC.';
COMMENT ON COLUMN portatext_api.gsm_charset.code IS 'Its code in GSM 03.38, behind the escape if it is escaped.';
GRANT SELECT ON portatext_api.gsm_charset TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.version() RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT pg_catalog.jsonb_object_agg(v.component, v.version) FROM portatext.versions() v
$$;
COMMENT ON FUNCTION portatext_api.version() IS
'Versions of the components in use

An object: {"portatext": "…", "PostgreSQL": "…", …}.';
GRANT EXECUTE ON FUNCTION portatext_api.version() TO portatext_account, portatext_operator;
