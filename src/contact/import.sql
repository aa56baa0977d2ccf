-- room: contact.  Import and export of CSV.

CREATE TABLE portatext.import_problem (
    job_id bigint NOT NULL REFERENCES portatext.job ON DELETE CASCADE,
    line bigint NOT NULL,
    account_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('refused', 'normalised')),
    given text,
    number portatext.e164,
    problem text,
    PRIMARY KEY (job_id, line)
);
COMMENT ON TABLE portatext.import_problem IS
    'Lines of imports that were refused, and those whose number was written in another way: the first 1000 of each kind of an import; kept as long as the job.';
COMMENT ON COLUMN portatext.import_problem.line IS 'Of the file, from 1, which is the header.';
COMMENT ON COLUMN portatext.import_problem.given IS 'What the line has as its number.';
COMMENT ON COLUMN portatext.import_problem.number IS 'What was made of it.';
SELECT pg_catalog.pg_extension_config_dump('portatext.import_problem', '');
GRANT SELECT ON portatext.import_problem TO portatext_account, portatext_operator;

CREATE TABLE portatext.import_block (
    job_id bigint NOT NULL REFERENCES portatext.job ON DELETE CASCADE,
    start bigint NOT NULL,
    account_id bigint NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (job_id, start)
);
ALTER TABLE portatext.import_block ALTER COLUMN data SET STORAGE EXTERNAL;
COMMENT ON TABLE portatext.import_block IS 'Files that were uploaded, in pieces, until their import has read them.';
COMMENT ON COLUMN portatext.import_block.start IS 'Offset of the first byte in the file.';
COMMENT ON COLUMN portatext.import_block.data IS 'UTF-8; not compressed, as it is read once.';
SELECT pg_catalog.pg_extension_config_dump('portatext.import_block', '');

CREATE FUNCTION portatext.import_contacts(list text, csv text, skip_bad boolean DEFAULT false, region text DEFAULT NULL,
        OUT contacts bigint, OUT lines bigint, OUT normalised bigint, OUT duplicates bigint, OUT refused bigint,
        OUT job_id bigint, OUT replaced boolean)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_import_contacts';
COMMENT ON FUNCTION portatext.import_contacts(text, text, boolean, text) IS
    'Replaces the contacts of a list (null: the own contacts) by those of a CSV file whose first line is the header, number first. A file with a line that is refused changes nothing, unless skip_bad: then the good lines count. import_problem lists what was wrong, for the job that is returned. region: the country of numbers without country code.';

CREATE FUNCTION portatext.import_contacts(list text, csv bytea, skip_bad boolean DEFAULT false, region text DEFAULT NULL,
        OUT contacts bigint, OUT lines bigint, OUT normalised bigint, OUT duplicates bigint, OUT refused bigint,
        OUT job_id bigint, OUT replaced boolean)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_import_contacts_bytes';
COMMENT ON FUNCTION portatext.import_contacts(text, bytea, boolean, text) IS
    'The same of the bytes of a file in UTF-8; a line with other bytes is refused.';
GRANT EXECUTE ON FUNCTION portatext.import_contacts(text, text, boolean, text), portatext.import_contacts(text, bytea, boolean, text)
    TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.start_import(list text DEFAULT NULL, skip_bad boolean DEFAULT false, region text DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_start_import';
COMMENT ON FUNCTION portatext.start_import(text, boolean, text) IS
    'Begins an import like import_contacts() whose file comes in pieces, by COPY to contact_upload or by upload_contacts(), until finish_upload(). Returns the job that will import it.';
GRANT EXECUTE ON FUNCTION portatext.start_import(text, boolean, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.upload_contacts(data bytea, job_id bigint DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_upload_contacts';
COMMENT ON FUNCTION portatext.upload_contacts(bytea, bigint) IS
    'Adds bytes, cut anywhere, to the file of an import (null: the one that this session has begun); returns how many it has.';
GRANT EXECUTE ON FUNCTION portatext.upload_contacts(bytea, bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.finish_upload(job_id bigint DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_finish_upload';
COMMENT ON FUNCTION portatext.finish_upload(bigint) IS
    'The file of an import (null: the one that this session has begun) is complete: the runner imports it, or run_job() does. Returns the job, whose result is that of import_contacts().';
GRANT EXECUTE ON FUNCTION portatext.finish_upload(bigint) TO portatext_account, portatext_operator;

CREATE VIEW portatext.contact_upload WITH (security_invoker) AS
    SELECT NULL::bigint AS job_id, NULL::text AS line WHERE false;
COMMENT ON VIEW portatext.contact_upload IS
    'Takes the lines of a file by COPY: \copy portatext.contact_upload (line) FROM ''file.csv'' WITH (FORMAT csv, DELIMITER E''\x02'', QUOTE E''\x01'').';
COMMENT ON COLUMN portatext.contact_upload.job_id IS 'Of start_import(); null: the one that this session has begun.';
GRANT SELECT, INSERT ON portatext.contact_upload TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.contact_upload_line() RETURNS trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_contact_upload';
COMMENT ON FUNCTION portatext.contact_upload_line() IS 'The triggers of contact_upload, which gather lines to blocks.';
CREATE TRIGGER begin_block BEFORE INSERT ON portatext.contact_upload
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.contact_upload_line();
CREATE TRIGGER take_line INSTEAD OF INSERT ON portatext.contact_upload
    FOR EACH ROW EXECUTE FUNCTION portatext.contact_upload_line();
CREATE TRIGGER end_block AFTER INSERT ON portatext.contact_upload
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.contact_upload_line();
