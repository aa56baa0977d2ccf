/*
 * transliterate_sql.c
 *	  gsm_transliterate and gsm_transliterations: the replaced text, and what was
 *	  replaced in it.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "text/encoding.h"
#include "text/gsm.h"
#include "text/transliterate.h"

PG_FUNCTION_INFO_V1(pt_gsm_transliterate);
PG_FUNCTION_INFO_V1(pt_gsm_transliterations);

/* Transliterates or raises ICU's error. */
static void
transliterate(const char *utf8, size_t len, bool romanize, PtPieceSink sink, void *context)
{
	const char *error = pt_transliterate(utf8, len, romanize, sink, context);

	if (error != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not open a transliterator: %s", error)));
}

/* Sink that builds the new text in a StringInfo. */
static void
append_piece(void *context, const char *original, size_t original_len,
			 const char *replacement, size_t replacement_len, bool replaced)
{
	appendBinaryStringInfo((StringInfo) context, replacement, (int) replacement_len);
}

/* gsm_transliterate(text, romanize) → text. */
Datum
pt_gsm_transliterate(PG_FUNCTION_ARGS)
{
	text	   *body = PG_GETARG_TEXT_PP(0);
	size_t		len;
	const char *utf8 = pt_text_utf8(body, &len);
	PtAnalysis	how;
	StringInfoData result;

	if (pt_text_analyze(utf8, len, NULL, &how) && how.encoding == PT_GSM7)
		PG_RETURN_TEXT_P(body);
	initStringInfo(&result);
	transliterate(utf8, len, PG_GETARG_BOOL(1), append_piece, &result);
	PG_RETURN_DATUM(pt_utf8_text(result.data, (size_t) result.len));
}

/* What was replaced by what, how often. */
typedef struct Replaced
{
	char		original[PT_REPLACED_MAX];	/* the key */
	char	   *replacement;
	int			occurrences;
} Replaced;

typedef struct ReplacedList
{
	HTAB	   *by_original;
	List	   *in_order;		/* of Replaced */
} ReplacedList;

/* Sink that counts replacements; the same original is always replaced alike. */
static void
count_piece(void *context, const char *original, size_t original_len,
			const char *replacement, size_t replacement_len, bool replaced)
{
	ReplacedList *list = context;
	char		key[PT_REPLACED_MAX];
	Replaced   *entry;
	bool		found;

	if (!replaced)
		return;
	Assert(original_len < PT_REPLACED_MAX);
	memcpy(key, original, original_len);
	key[original_len] = '\0';
	entry = hash_search(list->by_original, key, HASH_ENTER, &found);
	if (!found)
	{
		entry->replacement = pnstrdup(replacement, replacement_len);
		entry->occurrences = 0;
		list->in_order = lappend(list->in_order, entry);
	}
	entry->occurrences++;
}

/* gsm_transliterations(text, romanize) → (original, replacement, occurrences). */
Datum
pt_gsm_transliterations(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	size_t		len;
	const char *utf8 = pt_text_utf8(PG_GETARG_TEXT_PP(0), &len);
	HASHCTL		options = {.keysize = PT_REPLACED_MAX, .entrysize = sizeof(Replaced),
	.hcxt = CurrentMemoryContext};
	ReplacedList list = {NULL, NIL};
	ListCell   *cell;

	list.by_original = hash_create("replaced characters", 32, &options,
								   HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	transliterate(utf8, len, PG_GETARG_BOOL(1), count_piece, &list);
	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, list.in_order)
	{
		Replaced   *entry = lfirst(cell);
		Datum		values[3];
		bool		nulls[3] = {false};

		values[0] = pt_utf8_text(entry->original, strlen(entry->original));
		values[1] = pt_utf8_text(entry->replacement, strlen(entry->replacement));
		values[2] = Int32GetDatum(entry->occurrences);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	hash_destroy(list.by_original);
	return (Datum) 0;
}
