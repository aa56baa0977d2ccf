-- Contacts, contact lists and templates.

CREATE SEQUENCE portatext.contact_version_seq;
COMMENT ON SEQUENCE portatext.contact_version_seq IS 'Numbers of the versions of contact lists.';
SELECT pg_catalog.pg_extension_config_dump('portatext.contact_version_seq', '');

CREATE TABLE portatext.contact_list (
    list_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account,
    name text CHECK (name <> ''),
    description text,
    version bigint NOT NULL DEFAULT nextval('portatext.contact_version_seq'),
    query text,
    query_owner name,
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    changed_at timestamptz NOT NULL DEFAULT portatext.now(),
    UNIQUE (account_id, name),
    CHECK ((query IS NULL) = (query_owner IS NULL))
);
CREATE UNIQUE INDEX contact_list_own ON portatext.contact_list (account_id) WHERE name IS NULL;
COMMENT ON TABLE portatext.contact_list IS 'Distribution lists (CAMP-02).';
COMMENT ON COLUMN portatext.contact_list.name IS
    'Null: the account''s own contacts, whose variables count for every list and every message.';
COMMENT ON COLUMN portatext.contact_list.version IS
    'Which rows of portatext.contact are its contacts. An import writes a new version and then changes this, so that the list is replaced at once or not at all (CSV-06).';
COMMENT ON COLUMN portatext.contact_list.query IS
    'A SELECT whose rows are the contacts: a column number, the others are variables. Evaluated when a campaign is built, with the rights of query_owner.';
SELECT pg_catalog.pg_extension_config_dump('portatext.contact_list', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.contact_list_list_id_seq', '');

CREATE TABLE portatext.contact (
    version bigint NOT NULL,
    number portatext.e164 COLLATE "C" NOT NULL,
    account_id bigint NOT NULL,
    variables jsonb CHECK (jsonb_typeof(variables) = 'object'),
    PRIMARY KEY (version, number)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE portatext.contact IS 'The contacts of each version of a list; those of replaced versions are deleted by the runner.';
COMMENT ON COLUMN portatext.contact.variables IS 'Values for templates, by name; null: none.';
SELECT pg_catalog.pg_extension_config_dump('portatext.contact', '');

CREATE TABLE portatext.retired_version (
    version bigint PRIMARY KEY,
    account_id bigint NOT NULL,
    since timestamptz NOT NULL DEFAULT portatext.now()
);
COMMENT ON TABLE portatext.retired_version IS
    'Versions of contact lists that nothing names any more; the runner deletes their contacts in batches, a day later at the earliest, so that a build that reads them can end.';
SELECT pg_catalog.pg_extension_config_dump('portatext.retired_version', '');

CREATE TABLE portatext.template (
    template_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account,
    name text NOT NULL CHECK (name <> ''),
    description text,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    changed_at timestamptz NOT NULL DEFAULT portatext.now(),
    UNIQUE (account_id, name)
);
COMMENT ON TABLE portatext.template IS 'Stored texts with variables, {{name}} (TPL-01).';
SELECT pg_catalog.pg_extension_config_dump('portatext.template', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.template_template_id_seq', '');
GRANT SELECT ON portatext.contact_list, portatext.contact, portatext.template TO portatext_account, portatext_operator;
