-- Texts: GSM 03.38 counting, cutting, alphabets and replacing of characters.
\pset null NULL

-- GSM-01, GSM-02, GSM-03, GSM-04, GSM-05, GSM-06: the vectors of the requirements.
SELECT note, a.*, portatext.gsm_segments(body) AS gsm_segments
  FROM (VALUES
    (1, 'a x 160', repeat('a', 160)),
    (2, 'a x 161', repeat('a', 161)),
    (3, 'a x 306', repeat('a', 306)),
    (4, 'a x 307', repeat('a', 307)),
    (5, '€ x 80', repeat('€', 80)),
    (6, '€ x 81', repeat('€', 81)),
    (7, 'a x 152, €, a x 152', repeat('a', 152) || '€' || repeat('a', 152)),
    (8, 'ñ x 160', repeat('ñ', 160)),
    (9, 'á x 70', repeat('á', 70)),
    (10, 'á x 71', repeat('á', 71)),
    (11, 'á x 134', repeat('á', 134)),
    (12, 'á x 135', repeat('á', 135)),
    (13, 'a x 69, á', repeat('a', 69) || 'á'),
    (14, 'a x 70, á', repeat('a', 70) || 'á'),
    (15, 'emoji x 35', repeat('😀', 35)),
    (16, 'emoji x 36', repeat('😀', 36)),
    (17, 'я x 66, emoji, я x 66', repeat('я', 66) || '😀' || repeat('я', 66)),
    (18, 'FRANÇAIS', 'FRANÇAIS'),
    (19, 'français', 'français'),
    (20, 'empty', ''),
    (21, 'null', NULL)) AS v (n, note, body),
    portatext.sms_analyze(body) AS a
 ORDER BY n;

-- All vectors of test/data/gsm_vectors.tsv; only differences are listed.
\set vectors `cat "$PG_ABS_SRCDIR/test/data/gsm_vectors.tsv"`
CREATE TEMP TABLE vector AS
    SELECT split_part(line, E'\t', 1)::jsonb #>> '{}' AS body,
           CASE split_part(line, E'\t', 2) WHEN 'GSM-7' THEN 'gsm' ELSE 'ucs2' END AS encoding,
           split_part(line, E'\t', 3)::int AS units,
           split_part(line, E'\t', 4)::int AS segments,
           split_part(line, E'\t', 5) AS part_units,
           split_part(line, E'\t', 6) AS note
      FROM string_to_table(:'vectors', E'\n') AS line
     WHERE line NOT LIKE '#%' AND line <> '';
SELECT count(*) FROM vector;
SELECT v.note, a.*, p.*
  FROM vector AS v, portatext.sms_analyze(v.body) AS a,
       LATERAL (SELECT string_agg(part, '' ORDER BY k) AS joined, count(*)::int AS parts,
                       string_agg(u.units::text, ',' ORDER BY k) AS part_units
                  FROM portatext.sms_split(v.body) WITH ORDINALITY AS s (part, k),
                       LATERAL (SELECT CASE a.encoding
                                       WHEN 'gsm' THEN (portatext.sms_analyze(part)).units
                                       ELSE (SELECT count(*) + count(*) FILTER (WHERE ascii(c) > 65535)
                                               FROM regexp_split_to_table(part, '') AS c) END) AS u (units)) AS p
 WHERE (v.encoding, v.units, v.segments, v.segments, v.part_units, v.body, v.segments)
       IS DISTINCT FROM
       (a.encoding, a.units, a.segments, p.parts, p.part_units, p.joined, portatext.gsm_segments(v.body));

-- GSM-07: pairs are not cut.
SELECT k, length(part), left(part, 1), right(part, 1)
  FROM portatext.sms_split(repeat('a', 152) || '€' || repeat('b', 152)) WITH ORDINALITY AS s (part, k);
SELECT k, length(part), left(part, 1), right(part, 1)
  FROM portatext.sms_split(repeat('я', 66) || '😀' || repeat('ж', 66)) WITH ORDINALITY AS s (part, k);
SELECT count(*), min(part) FROM portatext.sms_split('') AS part;
SELECT count(*) FROM portatext.sms_split(NULL) AS part;

-- GSM-10: any length is counted, 255 segments can be cut, no more.
SELECT portatext.gsm_segments(repeat('long ', 200000));
SELECT count(*) FROM portatext.sms_split(repeat('a', 255 * 153)) AS part;
SELECT portatext.sms_split(repeat('a', 255 * 153 + 1));
SELECT portatext.sms_split(repeat('я', 255 * 67 + 1));
\echo :SQLSTATE

-- A toasted, compressed text, and one in many rows.
CREATE TEMP TABLE body AS SELECT repeat('Grüße ', 3000) AS body;
SELECT pg_column_size(body) < 2000 AS compressed, portatext.gsm_segments(body) FROM body;

-- What a carrier can: a 16-bit reference, national tables.
SELECT * FROM portatext.sms_analyze(repeat('a', 153 * 2), 16);
SELECT * FROM portatext.sms_analyze(repeat('я', 67 * 2), reference_bits => 16);
SELECT string_agg(length(part)::text, ',') FROM portatext.sms_split(repeat('a', 161), 16) AS part;
SELECT * FROM portatext.sms_analyze(repeat('Opção não ', 9));
SELECT * FROM portatext.sms_analyze(repeat('Opção não ', 9), single_shift => 3);
SELECT * FROM portatext.sms_analyze(repeat('Opção não ', 15), single_shift => 3, locking_shift => 3);
SELECT * FROM portatext.sms_analyze(repeat('नमस्ते ', 50), single_shift => 6, locking_shift => 6);
SELECT string_agg(length(part)::text, ',')
  FROM portatext.sms_split(repeat('नमस्ते ', 50), 8, 6, 6) AS part;
-- one segment is one segment: no national table without need
SELECT * FROM portatext.sms_analyze('não', single_shift => 3, locking_shift => 3);
SELECT portatext.sms_analyze('a', 7);
\echo :SQLSTATE
SELECT portatext.sms_split('a', 0);
SELECT portatext.sms_analyze('a', single_shift => 14);
SELECT portatext.sms_analyze('a', locking_shift => 2);
\echo :SQLSTATE
SELECT portatext.sms_split('a', single_shift => -1);
SELECT portatext.sms_split('a', locking_shift => -1);

-- GSM-08, GSM-09: the whole alphabet.
SELECT count(*), count(*) FILTER (WHERE escaped) AS escaped,
       string_agg("character", '' ORDER BY escaped, code) FILTER (WHERE code_point COLLATE "C" > 'U+007F') AS beyond_ascii
  FROM portatext.gsm_charset();
SELECT * FROM portatext.gsm_charset() WHERE escaped OR code IN (0, 9, 17, 36) ORDER BY escaped, code;
-- it agrees with the counting
SELECT count(*) FROM portatext.gsm_charset() AS c, portatext.sms_analyze(c."character") AS a
 WHERE (a.encoding, a.units) IS DISTINCT FROM ('gsm', c.septets);
SELECT count(*) FROM generate_series(1, 65535) AS p, portatext.sms_analyze(chr(p)) AS a
 WHERE p NOT BETWEEN 55296 AND 57343
   AND (a.encoding = 'gsm') <> (chr(p) IN (SELECT "character" FROM portatext.gsm_charset()));
SELECT count(*) FROM portatext.gsm_charset(1, 1);
SELECT * FROM portatext.gsm_charset(single_shift => 2) WHERE "character" = 'ç';
SELECT * FROM portatext.gsm_charset(0, 2);
SELECT * FROM portatext.gsm_charset(99);
SELECT * FROM portatext.gsm_languages();

-- Replacing of characters, and what was replaced.
SELECT t AS before, portatext.gsm_transliterate(t) AS after,
       portatext.gsm_segments(t), portatext.gsm_segments(portatext.gsm_transliterate(t)) AS then_segments
  FROM (VALUES ('“It’s here” – see you…'), ('ça, œuvre, Łódź, naïve, è é à'),
               ('plain [€] ÄÖÜ'), ('Привет, Žižka 😀'), ('ΚΑΛΗΜΕΡΑ'), (NULL), ('')) AS v (t);
SELECT portatext.gsm_transliterate('Привет, Žižka 😀', romanize => true);
SELECT portatext.gsm_transliterate(U&'cafe\0301\00A0ol\00E9') = 'café olé' AS composed;
SELECT * FROM portatext.gsm_transliterations('“It’s” – “naïve” coöperation…');
SELECT * FROM portatext.gsm_transliterations('Привет, привет, Привет', true);
SELECT * FROM portatext.gsm_transliterations('nothing é');

-- The functions can be used in indexes and parallel queries.
SELECT p.proname, p.provolatile, p.proparallel, p.proisstrict
  FROM pg_catalog.pg_proc AS p
 WHERE p.pronamespace = 'portatext'::regnamespace
   AND p.proname IN ('gsm_segments', 'sms_analyze', 'sms_split', 'gsm_charset', 'gsm_languages',
                     'gsm_transliterate', 'gsm_transliterations')
 ORDER BY p.proname;
