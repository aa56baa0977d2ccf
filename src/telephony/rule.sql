-- What the end of a call means.

CREATE FUNCTION portatext.is_contacted(leg_a boolean, has_amd boolean, amd_result text, subflow_empty boolean,
                                       has_forward boolean, leg_b boolean) RETURNS boolean
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_is_contacted_sql';
COMMENT ON FUNCTION portatext.is_contacted(boolean, boolean, text, boolean, boolean, boolean) IS
    'Does a call count as contact with its target (TEL-20 to TEL-32)? leg_a, leg_b: answered; amd_result: HUMAN, MACHINE, NOTSURE, HANGUP or null; subflow_empty: of that result; has_forward: of the flow in force, with AMD the sub-flow. Null is false. False: the next iteration calls again.';

CREATE FUNCTION portatext.amd_word(word text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_amd_word_sql';
COMMENT ON FUNCTION portatext.amd_word(text) IS
    'The result of answering machine detection that a word of an engine stands for (Asterisk, Twilio, Bandwidth): HUMAN, MACHINE, NOTSURE or HANGUP.';

CREATE FUNCTION portatext.call_cause_table(
        OUT q850 smallint, OUT alerted boolean, OUT result text, OUT issued boolean, OUT ner_failed boolean,
        OUT retry_after interval, OUT stops smallint, OUT slows_trunk boolean)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 40
    AS 'MODULE_PATHNAME', 'pt_call_causes_sql';
COMMENT ON FUNCTION portatext.call_cause_table() IS 'Internal: the rows of the view call_causes, from the table in C.';
GRANT EXECUTE ON FUNCTION portatext.call_cause_table() TO portatext_account, portatext_operator;

CREATE VIEW portatext.call_causes AS
    SELECT c.q850, c.alerted, c.result::portatext.call_result AS result, c.ner_failed, c.retry_after, c.stops,
           c.issued, c.slows_trunk
        FROM portatext.call_cause_table() c;
COMMENT ON VIEW portatext.call_causes IS
    'What becomes of a leg that was not answered, by its Q.850 cause and whether it rang, and what follows from the result. The first row that fits counts; a cause without a row is judged by its class.';
COMMENT ON COLUMN portatext.call_causes.q850 IS 'Null: no cause leads to this result.';
COMMENT ON COLUMN portatext.call_causes.alerted IS 'Did it ring? Null: in all other cases.';
COMMENT ON COLUMN portatext.call_causes.ner_failed IS 'Fails for the network effectiveness ratio when leg A ends so (NER-03); leg B fails with everything but ANSWER.';
COMMENT ON COLUMN portatext.call_causes.retry_after IS 'When the next iteration calls again, if the campaign''s retry_delays say nothing else; never before min_iteration_time. Null: it does not. For ANSWER: when the target was not contacted all the same.';
COMMENT ON COLUMN portatext.call_causes.stops IS 'The target is given up when this has happened so often; null: not for this.';
COMMENT ON COLUMN portatext.call_causes.issued IS 'Counts as a call: for the NER and the iterations.';
COMMENT ON COLUMN portatext.call_causes.slows_trunk IS 'A sign that the trunk has more calls than it can take.';
GRANT SELECT ON portatext.call_causes TO portatext_account, portatext_operator;
