-- room: text.  GSM 03.38: what a text costs, where it is cut, what is in the
-- alphabet.  Nothing here reads a table.

CREATE FUNCTION portatext.gsm_segments(body text) RETURNS int
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_gsm_segments';
COMMENT ON FUNCTION portatext.gsm_segments(text) IS
    'Number of SMS segments of a text of any length.';

CREATE FUNCTION portatext.sms_analyze(
        body text, reference_bits int DEFAULT 8,
        single_shift int DEFAULT 0, locking_shift int DEFAULT 0,
        OUT encoding text, OUT units int, OUT segments int, OUT units_per_segment int)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_sms_analyze';
COMMENT ON FUNCTION portatext.sms_analyze(text, int, int, int) IS
    'Encoding of a text (gsm or ucs2), its length in septets or UTF-16 units, its segments and the units that fit in each; '
    'optionally with a 16-bit reference and the national tables (gsm_languages()) that a carrier takes.';

CREATE FUNCTION portatext.sms_split(
        body text, reference_bits int DEFAULT 8,
        single_shift int DEFAULT 0, locking_shift int DEFAULT 0)
    RETURNS SETOF text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 3
    AS 'MODULE_PATHNAME', 'pt_sms_split';
COMMENT ON FUNCTION portatext.sms_split(text, int, int, int) IS
    'The segments of a text in order; an error when there are more than 255. Options as for sms_analyze.';

CREATE FUNCTION portatext.gsm_charset(
        single_shift int DEFAULT 0, locking_shift int DEFAULT 0)
    RETURNS TABLE ("character" text, code_point text, code int, escaped boolean, septets int)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 137
    AS 'MODULE_PATHNAME', 'pt_gsm_charset';
COMMENT ON FUNCTION portatext.gsm_charset(int, int) IS
    'Every character of the GSM 03.38 alphabet with its code (0 to 127; escaped: after 0x1B) and its cost in septets; '
    'optionally of an alphabet with national tables.';

CREATE FUNCTION portatext.gsm_languages()
    RETURNS TABLE (language int, name text, single_shift boolean, locking_shift boolean)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 13
    AS 'MODULE_PATHNAME', 'pt_gsm_languages_sql';
COMMENT ON FUNCTION portatext.gsm_languages() IS
    'The national languages of GSM 03.38 and which of the two kinds of table each has.';

CREATE FUNCTION portatext.gsm_transliterate(body text, romanize boolean DEFAULT false)
    RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
    AS 'MODULE_PATHNAME', 'pt_gsm_transliterate';
COMMENT ON FUNCTION portatext.gsm_transliterate(text, boolean) IS
    'The text with typographic characters and accents replaced by characters of the GSM 03.38 alphabet; what has no '
    'equivalent stays. romanize: words of other scripts are written in Latin letters.';

CREATE FUNCTION portatext.gsm_transliterations(body text, romanize boolean DEFAULT false)
    RETURNS TABLE (original text, replacement text, occurrences int)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 10
    AS 'MODULE_PATHNAME', 'pt_gsm_transliterations';
COMMENT ON FUNCTION portatext.gsm_transliterations(text, boolean) IS
    'What gsm_transliterate replaces in the text, by what and how often, in the order of first occurrence.';
