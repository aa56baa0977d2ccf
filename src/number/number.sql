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
