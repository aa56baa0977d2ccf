-- room: carrier.  Routes: which carriers take which messages, in which order.

CREATE TABLE portatext.route (
    route_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint,
    sender_prefix text NOT NULL DEFAULT '' CHECK (sender_prefix ~ '^[+]?[A-Za-z0-9 ._&-]{0,15}$'),
    destination_prefix text NOT NULL DEFAULT '' CHECK (destination_prefix ~ '^([+][0-9]{1,15})?$'),
    carrier_id integer NOT NULL,
    priority integer NOT NULL DEFAULT 100,
    weight integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 0 AND 1000000),
    cost numeric CHECK (cost >= 0),
    valid_from timestamptz NOT NULL DEFAULT '-infinity',
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    CHECK (valid_from < valid_to)
);
COMMENT ON TABLE portatext.route IS
    'Which carriers take which messages: the longest destination first, at the same length the account''s own before general ones, then the longest sender, lowest priority, lowest cost, and by weight. A message that one cannot take goes to the next.';
COMMENT ON COLUMN portatext.route.account_id IS 'Of this account alone; null: of all.';
COMMENT ON COLUMN portatext.route.sender_prefix IS 'Senders that begin so; empty: any.';
COMMENT ON COLUMN portatext.route.destination_prefix IS 'Recipients that begin so, with +; empty: any.';
COMMENT ON COLUMN portatext.route.priority IS 'Lower ones are tried first.';
COMMENT ON COLUMN portatext.route.weight IS 'Share of the recipients among routes that are equal in all else; 0: only when those cannot.';
COMMENT ON COLUMN portatext.route.cost IS 'What the carrier takes for a segment, in any unit that is the same for all; null: not known, after those that are.';
SELECT pg_catalog.pg_extension_config_dump('portatext.route', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.route_route_id_seq', '');
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.route
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
GRANT SELECT ON portatext.route TO portatext_operator;

CREATE FUNCTION portatext.create_route(
        carrier text, destination_prefix text DEFAULT '', account_id bigint DEFAULT NULL,
        sender_prefix text DEFAULT '', priority int DEFAULT 100, weight int DEFAULT 1,
        cost numeric DEFAULT NULL, valid_from timestamptz DEFAULT '-infinity',
        valid_to timestamptz DEFAULT 'infinity')
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    id bigint;
    to_carrier integer := portatext.carrier_number(create_route.carrier);
BEGIN
    IF to_carrier IS NULL THEN
        RAISE EXCEPTION 'the carrier of a route must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF create_route.account_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM portatext.account a WHERE a.account_id = create_route.account_id) THEN
        RAISE EXCEPTION 'account % does not exist', create_route.account_id USING ERRCODE = 'undefined_object';
    END IF;
    INSERT INTO portatext.route (account_id, sender_prefix, destination_prefix, carrier_id, priority, weight, cost, valid_from, valid_to)
        VALUES (create_route.account_id, create_route.sender_prefix,
            CASE WHEN ltrim(create_route.destination_prefix, '+') = '' THEN ''
                 ELSE '+' || ltrim(create_route.destination_prefix, '+') END,
            to_carrier, create_route.priority, create_route.weight, create_route.cost,
            create_route.valid_from, create_route.valid_to)
        RETURNING route_id INTO id;
    RETURN id;
END
$$;
COMMENT ON FUNCTION portatext.create_route(text, text, bigint, text, int, int, numeric, timestamptz, timestamptz) IS
    'Lets a carrier take messages to recipients that begin with destination_prefix, from senders that begin with sender_prefix, of one account or (null) of all; returns the route''s id. docs/carriers.md tells the order of routes.';
GRANT EXECUTE ON FUNCTION portatext.create_route(text, text, bigint, text, int, int, numeric, timestamptz, timestamptz) TO portatext_operator;

CREATE FUNCTION portatext.drop_route(route_id bigint) RETURNS boolean
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH gone AS (DELETE FROM portatext.route r WHERE r.route_id = drop_route.route_id RETURNING 1)
    SELECT EXISTS (SELECT FROM gone);
$$;
COMMENT ON FUNCTION portatext.drop_route(bigint) IS
    'Removes a route; messages that already wait for its carrier stay there. False: there is no such route.';
GRANT EXECUTE ON FUNCTION portatext.drop_route(bigint) TO portatext_operator;
