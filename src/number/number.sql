-- room: number

CREATE FUNCTION portatext.is_e164(text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_is_e164';
COMMENT ON FUNCTION portatext.is_e164(text) IS
    'Is this a canonical E.164 number: + and 2 to 15 digits, the first not 0?';

CREATE FUNCTION portatext.is_address(text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_is_address';
COMMENT ON FUNCTION portatext.is_address(text) IS
    'Is this an E.164 number, a short code of 3 to 8 digits or an alphanumeric sender of at most 11 characters?';

CREATE DOMAIN portatext.e164 AS text
    CONSTRAINT e164_form CHECK (portatext.is_e164(VALUE));
COMMENT ON DOMAIN portatext.e164 IS
    'A telephone number in canonical form: + and 2 to 15 digits; to_e164() makes one from other forms.';

CREATE DOMAIN portatext.address AS text
    CONSTRAINT address_form CHECK (portatext.is_address(VALUE));
COMMENT ON DOMAIN portatext.address IS
    'The sender or recipient of a message: an E.164 number, a short code or an alphanumeric sender.';

CREATE FUNCTION portatext.digits(number text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_digits_sql';
COMMENT ON FUNCTION portatext.digits(text) IS
    'The number without its leading +, as the API shows it; other senders as they are. Leakproof, so that an index over it serves tenants too.';

CREATE FUNCTION portatext.to_e164(input text, region text DEFAULT NULL) RETURNS portatext.e164
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_to_e164_sql';
COMMENT ON FUNCTION portatext.to_e164(text, text) IS
    'Reads a telephone number as people write it; region (ISO 3166-1) is where it is dialled, without it the number carries its country code. Raises 22023.';

CREATE FUNCTION portatext.number_country(portatext.e164) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_number_country_sql';
COMMENT ON FUNCTION portatext.number_country(portatext.e164) IS
    'ISO 3166-1 alpha-2 code of the country by numbering plan; null for numbers of no country.';

CREATE FUNCTION portatext.number_type(portatext.e164) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_number_type_sql';
COMMENT ON FUNCTION portatext.number_type(portatext.e164) IS
    'Line type by numbering plan (ported numbers make it a hint): fixed, mobile, fixed_or_mobile, toll_free, premium_rate, shared_cost, voip, personal, pager, uan, voicemail or unknown.';

CREATE FUNCTION portatext.number_possible(portatext.e164) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_number_possible_sql';
COMMENT ON FUNCTION portatext.number_possible(portatext.e164) IS
    'Is the country code known and the number as long as numbers are there? Messages are accepted for possible numbers only.';

CREATE FUNCTION portatext.number_assigned(portatext.e164) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_number_assigned_sql';
COMMENT ON FUNCTION portatext.number_assigned(portatext.e164) IS
    'Does a range of the numbering plan cover the number? A flag: unassigned numbers are accepted.';

CREATE FUNCTION portatext.number_timezones(portatext.e164) RETURNS text[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_number_timezones_sql';
COMMENT ON FUNCTION portatext.number_timezones(portatext.e164) IS
    'Time zones in which the number may be, by its longest known prefix; empty when nothing is known.';

CREATE FUNCTION portatext.number_operator_hint(portatext.e164) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_number_operator_sql';
COMMENT ON FUNCTION portatext.number_operator_hint(portatext.e164) IS
    'Operator that the range of the number was given to; null when unknown (always in North America). Ported numbers make it a hint.';

CREATE FUNCTION portatext.mcc_region(mcc text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_mcc_region_sql';
COMMENT ON FUNCTION portatext.mcc_region(text) IS
    'Region of a mobile country code by its first digit (ITU-T E.212); null when the digit has none.';

CREATE FUNCTION portatext.imsi_parts(imsi text, OUT mcc text, OUT mnc text, OUT msin text)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_imsi_parts';
COMMENT ON FUNCTION portatext.imsi_parts(text) IS
    'Splits an IMSI into mobile country code, mobile network code and subscriber number (ITU-T E.212).';
