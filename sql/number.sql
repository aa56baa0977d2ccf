-- Telephone numbers: domains, reading, numbering plan, mobile codes.

-- NUM-01, NUM-02: at most 15 digits; + and digits is the canonical form
SELECT v, portatext.is_e164(v), portatext.is_address(v)
FROM unnest(ARRAY['+12223334444', '+123456789012345', '+1234567890123456', '+12', '+1',
                  '12223334444', '+0123456', '+1222 333', '']) AS v;
SELECT '12223334444'::portatext.e164;
-- NUM-03: a short code tells itself by the missing +
SELECT v, portatext.is_address(v)
FROM unnest(ARRAY['12345', '123456', '12', '123456789', 'Pizza-24', 'Ann & Co',
                  'twelve chars', ' blank', 'naïve']) AS v;
SELECT ''::portatext.address;

-- NUM-01, NUM-02: the + is optional, as in the FAQ's CSV
SELECT portatext.to_e164('12223334444'), portatext.to_e164('13334445555'),
       portatext.to_e164('+12223334444'), portatext.to_e164('+1 (222) 333-4444');
SELECT portatext.to_e164(NULL) IS NULL AS none, portatext.to_e164('+12223334444', NULL);
-- national forms, international prefixes, vanity numbers, extensions
SELECT input, region, portatext.to_e164(input, region)
FROM (VALUES ('(305) 570-2828', 'US'), ('1-305-570-2828', 'us'), ('099 123 456', 'UY'),
             ('020 7946 0018', 'GB'), ('+44 (0)20 7946 0018', NULL), ('030/123456', 'DE'),
             ('06 6982', 'IT'), ('011 598 99 123 456', 'US'), ('00598 99 123 456', NULL),
             ('1-800-FLOWERS', NULL), ('(305) 570-2828 ext. 5', 'US'),
             ('tel:+1-305-570-2828', NULL)) AS t (input, region);
-- a canonical number stays itself
SELECT n, portatext.to_e164(n) = n AS same
FROM unnest(ARRAY['+12223334444', '+15550001000', '+59899123456', '+390669812345',
                  '+4930123456', '+80012345678']) AS n;

-- every refusal, with the offending input
DO $$
DECLARE
    input text;
    region text;
    message text;
    detail text;
    hint text;
BEGIN
    FOR input, region IN VALUES
        ('', NULL), ('abc', NULL), ('call 305 570 2828', 'US'), ('12223334444,John', NULL),
        ('(305) 570-2828', NULL), ('+999123456789', NULL), ('+1222333444', NULL),
        ('+122233344445', NULL), ('+1222333444455556', NULL), ('+12223333', NULL),
        ('555-1234', 'US'), ('+79123456789012', NULL), ('305 570 2828', 'XX'),
        ('305 570 2828', ''), ('305 570 2828', repeat('x', 100)), (repeat('é', 200), NULL)
    LOOP
        BEGIN
            RAISE INFO 'accepted: %', portatext.to_e164(input, region);
        EXCEPTION WHEN SQLSTATE '22023' THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                hint = PG_EXCEPTION_HINT;
            RAISE INFO E'%\n  %\n  %', message, detail, hint;
        END;
    END LOOP;
END
$$;

-- country, line type, range: by numbering plan
SELECT n, portatext.number_country(n) AS country, portatext.number_type(n) AS type,
       portatext.number_possible(n) AS possible, portatext.number_assigned(n) AS assigned
FROM unnest(ARRAY['+13055702828', '+12223334444', '+12423456789', '+14165550123', '+59899123456',
                  '+59829021234', '+447911123456', '+442079460018', '+447400123456',
                  '+77012345678', '+79161234567', '+18003569377', '+80012345678', '+999123456',
                  '+1222']) AS n;
SELECT n, portatext.number_timezones(n)
FROM unnest(ARRAY['+18502001234', '+13055702828', '+12085551234', '+59899123456',
                  '+442079460018', '+999123456']) AS n;
-- the present names: a system may not know those that the library still has
SELECT n, portatext.number_timezones(n)
FROM unnest(ARRAY['+911123456789', '+541123456789', '+97611323456']) AS n;
SELECT DISTINCT z AS unknown
FROM generate_series(1, 9999) AS code,
     unnest(portatext.number_timezones(('+' || rpad(code::text, 11, '0'))::portatext.e164)) AS z
WHERE z NOT IN (SELECT name FROM pg_catalog.pg_timezone_names)
ORDER BY z;
-- a hint only; North America has none
SELECT n, portatext.number_operator_hint(n)
FROM unnest(ARRAY['+59899123456', '+13055702828', '+37069912345']) AS n;

-- NUM-05: region of a mobile country code
SELECT d, portatext.mcc_region(d || '10')
FROM unnest(string_to_array('0123456789', NULL)) AS d;
SELECT portatext.mcc_region('31');
SELECT portatext.mcc_region('3l0');
SELECT portatext.mcc_region(repeat('3', 100));
-- NUM-04, NUM-06: MCC + MNC (2 or 3 digits) + MSIN
SELECT i, p.*, length(p.msin) AS msin_digits
FROM unnest(ARRAY['310150123456789', '262011234567890', '748071234567890', '405750123456789',
                  '405561234567890', '37412123456789', '374130123456789']) AS i,
     portatext.imsi_parts(i) AS p;
SELECT portatext.imsi_parts('31015012345678X');
SELECT portatext.imsi_parts('3101501234567890');
SELECT portatext.imsi_parts('310150');
SELECT portatext.imsi_parts('');

-- all of it may be used in indexes and parallel plans: no rows
SELECT p.proname, p.provolatile, p.proparallel
FROM pg_proc p
WHERE p.pronamespace = 'portatext'::regnamespace
  AND p.proname ~ '^(number_|is_e164|is_address|to_e164|mcc_|imsi_)'
  AND (p.provolatile, p.proparallel) IS DISTINCT FROM ('i', 's');

-- NUM-07: mobile operators, sorted by country or mcc, overlaid by the installation's own
SELECT count(*) > 500 AS many, count(DISTINCT mcc) > 100 AS countries, count(*) = count(DISTINCT (mcc, mnc)) AS each_once FROM portatext.operators;
SELECT mcc, mnc, name FROM portatext.operators WHERE country = 'UY' ORDER BY mcc, mnc;
BEGIN;
INSERT INTO portatext.operator VALUES ('748', '00', 'UY', 'Antel (own)');
SELECT mcc, mnc, name FROM portatext.operators WHERE country = 'UY' ORDER BY mcc, mnc LIMIT 1;
ROLLBACK;
SELECT bool_and(length(mcc) = 3 AND length(mnc) IN (2, 3)) AS codes, bool_and(portatext.mcc_region(mcc) IS NOT NULL) AS regions FROM portatext.operators;
