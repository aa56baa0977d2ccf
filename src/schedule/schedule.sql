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
