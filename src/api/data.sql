-- Reference data for clients: destinations, tariffs, operators, time zones.

CREATE FUNCTION portatext.destinations(OUT prefix text, OUT country text) RETURNS SETOF record
    LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 400
    AS 'MODULE_PATHNAME', 'pt_destinations';
COMMENT ON FUNCTION portatext.destinations() IS
    'Dialled prefixes and the countries (ISO 3166-1) of the numbers that begin with them; the longest prefix counts. Assigned numbers have there the country that number_country() tells.';
GRANT EXECUTE ON FUNCTION portatext.destinations() TO portatext_account, portatext_operator;
