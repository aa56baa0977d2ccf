-- Schedules: when messages may go out, in the recipients' own local time.

CREATE TABLE portatext.schedule (
    schedule_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL,
    definition jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT portatext.now()
);
CREATE INDEX schedule_account ON portatext.schedule (account_id, hashtextextended(definition::text, 0));
COMMENT ON TABLE portatext.schedule IS
    'Schedules that messages and campaigns carry (SCH-01), each kept once where possible; a row never changes.';
COMMENT ON COLUMN portatext.schedule.definition IS
    'Windows by any_day or weekday ({"from": "HH:MM", "to": "HH:MM"}, or several), months (1 to 12), days (1 to 31) (SCH-03, SCH-04).';
SELECT pg_catalog.pg_extension_config_dump('portatext.schedule', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.schedule_schedule_id_seq', '');
GRANT SELECT ON portatext.schedule TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.check_schedule(schedule jsonb) RETURNS void
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_check_schedule';
COMMENT ON FUNCTION portatext.check_schedule(jsonb) IS
    'Raises 22023, with what is wrong, unless it is a schedule (SCH-03, SCH-04).';

CREATE FUNCTION portatext.is_open_in(schedule jsonb, zones text[], at timestamptz) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_is_open_in';
COMMENT ON FUNCTION portatext.is_open_in(jsonb, text[], timestamptz) IS
    'Is the schedule open at that time, by the local clocks of all the time zones at once (SCH-06)?';

CREATE FUNCTION portatext.next_open_in(schedule jsonb, zones text[], at timestamptz) RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_next_open_in';
COMMENT ON FUNCTION portatext.next_open_in(jsonb, text[], timestamptz) IS
    'The first time from then on at which the schedule is open in all the time zones at once; null: never.';

CREATE FUNCTION portatext.is_open(schedule jsonb, number portatext.e164, at timestamptz DEFAULT portatext.now()) RETURNS boolean
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_is_open';
COMMENT ON FUNCTION portatext.is_open(jsonb, portatext.e164, timestamptz) IS
    'May a message with this schedule go to the number at that time? By the number''s time zones; by the account''s where none is known or they are never open at once (SCH-07).';

CREATE FUNCTION portatext.next_open(schedule jsonb, number portatext.e164, at timestamptz DEFAULT portatext.now()) RETURNS timestamptz
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_next_open';
COMMENT ON FUNCTION portatext.next_open(jsonb, portatext.e164, timestamptz) IS
    'When a message with this schedule may go to the number, from that time on. Raises 22023 for a schedule that never opens.';
GRANT EXECUTE ON FUNCTION portatext.check_schedule(jsonb), portatext.is_open_in(jsonb, text[], timestamptz),
    portatext.next_open_in(jsonb, text[], timestamptz), portatext.is_open(jsonb, portatext.e164, timestamptz),
    portatext.next_open(jsonb, portatext.e164, timestamptz) TO portatext_account, portatext_operator;
