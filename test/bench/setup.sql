-- The bench's database: a carrier of the kind kannel that is the sink, an account that
-- may spend, and a plain table that holds what a message holds.
CREATE EXTENSION portatext;

CREATE TABLE plain (LIKE portatext.message INCLUDING DEFAULTS INCLUDING STORAGE, PRIMARY KEY (message_id))
    WITH (fillfactor = 70);
