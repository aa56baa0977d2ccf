/*
 * text.c
 *	  The SQL functions of the text room: counting, cutting and alphabets.
 *
 * They work on the text in place; only in a database of another encoding than
 * UTF8 is it converted first.
 */
#include "portatext.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "text/encoding.h"
#include "text/gsm.h"
#include "text/gsm_table.h"
#include "text/utf8.h"

PG_FUNCTION_INFO_V1(pt_gsm_segments);
PG_FUNCTION_INFO_V1(pt_sms_analyze);
PG_FUNCTION_INFO_V1(pt_sms_split);
PG_FUNCTION_INFO_V1(pt_gsm_charset);
PG_FUNCTION_INFO_V1(pt_gsm_languages_sql);

/* Counts a text; the options have been checked and a text value is valid UTF-8. */
static void
analyze(const char *utf8, size_t len, const PtTextOptions *options, PtAnalysis *how)
{
	if (!pt_text_analyze(utf8, len, options, how))
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("text could not be analyzed")));
}

/* gsm_segments(text) → int: BILL-01's number of segments (GSM-01 to GSM-07). */
Datum
pt_gsm_segments(PG_FUNCTION_ARGS)
{
	size_t		len;
	const char *utf8 = pt_text_utf8(PG_GETARG_TEXT_PP(0), &len);
	PtAnalysis	how;

	analyze(utf8, len, NULL, &how);
	PG_RETURN_INT32(how.segments);
}

/* Checks the language arguments, first and the one after it; 22023 if unknown. */
static void
get_languages(FunctionCallInfo fcinfo, int first, PtTextOptions *options)
{
	int			single_shift = PG_GETARG_INT32(first);
	int			locking_shift = PG_GETARG_INT32(first + 1);

	if (!pt_gsm_has_single_shift(single_shift))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no single shift table for language %d", single_shift),
				 errhint("portatext.gsm_languages() lists the tables; 0 is the default.")));
	if (!pt_gsm_has_locking_shift(locking_shift))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no locking shift table for language %d", locking_shift),
				 errhint("portatext.gsm_languages() lists the tables; 0 is the default.")));
	options->single_shift = single_shift;
	options->locking_shift = locking_shift;
}

/* The arguments (reference_bits, single_shift, locking_shift) from first on. */
static void
get_options(FunctionCallInfo fcinfo, int first, PtTextOptions *options)
{
	int			bits = PG_GETARG_INT32(first);

	if (bits != 8 && bits != 16)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("reference of %d bits does not exist", bits),
				 errhint("A concatenated message has a reference of 8 or of 16 bits.")));
	options->wide_reference = bits == 16;
	get_languages(fcinfo, first + 1, options);
}

/* sms_analyze(...) → (encoding, units, segments, units_per_segment). */
Datum
pt_sms_analyze(PG_FUNCTION_ARGS)
{
	size_t		len;
	const char *utf8 = pt_text_utf8(PG_GETARG_TEXT_PP(0), &len);
	TupleDesc	desc = fcinfo->flinfo->fn_extra;
	PtTextOptions options;
	PtAnalysis	how;
	Datum		values[4];
	bool		nulls[4] = {false};

	get_options(fcinfo, 1, &options);
	analyze(utf8, len, &options, &how);
	if (desc == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("return type must be a row type")));
		desc = BlessTupleDesc(CreateTupleDescCopy(desc));
		fcinfo->flinfo->fn_extra = desc;
		MemoryContextSwitchTo(caller);
	}
	values[0] = CStringGetTextDatum(how.encoding == PT_GSM7 ? "gsm" : "ucs2");
	values[1] = Int32GetDatum(how.units);
	values[2] = Int32GetDatum(how.segments);
	values[3] = Int32GetDatum(how.capacity);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}

/* sms_split(...) → setof text: the parts in order; 54000 if more than 255. */
Datum
pt_sms_split(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	size_t		len;
	const char *utf8 = pt_text_utf8(PG_GETARG_TEXT_PP(0), &len);
	PtTextOptions options;
	PtAnalysis	how;
	PtPart		parts[PT_MAX_PARTS];
	int			count;

	get_options(fcinfo, 1, &options);
	analyze(utf8, len, &options, &how);
	count = pt_text_split(utf8, len, &how, parts);
	if (count < 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("text needs %d segments", how.segments),
				 errdetail("A message has at most %d segments, here of %d units each.",
						   PT_MAX_PARTS, how.capacity),
				 errhint("Shorten the text or send it as several messages.")));
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	for (int i = 0; i < count; i++)
	{
		Datum		part = pt_utf8_text(utf8 + parts[i].offset, parts[i].len);
		bool		isnull = false;

		tuplestore_putvalues(result->setResult, result->setDesc, &part, &isnull);
	}
	return (Datum) 0;
}

/* One row of gsm_charset. */
static void
put_character(ReturnSetInfo *result, uint32 code_point, int code, bool escaped)
{
	char		utf8[4];
	Datum		values[5];
	bool		nulls[5] = {false};

	values[0] = pt_utf8_text(utf8, pt_utf8_put(utf8, code_point));
	values[1] = CStringGetTextDatum(psprintf("U+%04X", code_point));
	values[2] = Int32GetDatum(code);
	values[3] = BoolGetDatum(escaped);
	values[4] = Int32GetDatum(escaped ? 2 : 1);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* gsm_charset(...): every character of an alphabet once, by code (GSM-08). */
Datum
pt_gsm_charset(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	PtTextOptions options;
	PtAlphabet	alphabet;

	get_languages(fcinfo, 0, &options);
	pt_alphabet_init(&alphabet, options.single_shift, options.locking_shift);
	InitMaterializedSRF(fcinfo, 0);
	for (int code = 0; code < 128; code++)
		if (pt_alphabet_code(&alphabet, alphabet.main[code]) == code)
			put_character(result, alphabet.main[code], code, false);
	for (int code = 0; code < 128; code++)
		if (pt_alphabet_code(&alphabet, alphabet.shift[code]) == (PT_GSM_ESCAPE << 8 | code))
			put_character(result, alphabet.shift[code], code, true);
	return (Datum) 0;
}

/* gsm_languages(): the national tables there are. */
Datum
pt_gsm_languages_sql(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int language = 1; language <= PT_MAX_LANGUAGE; language++)
	{
		Datum		values[4];
		bool		nulls[4] = {false};

		values[0] = Int32GetDatum(language);
		values[1] = CStringGetTextDatum(pt_gsm_languages[language]);
		values[2] = BoolGetDatum(pt_gsm_has_single_shift(language));
		values[3] = BoolGetDatum(pt_gsm_has_locking_shift(language));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
