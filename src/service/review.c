/*
 * review.c
 *	  Texts that the operator wants to see before a service sends them: those
 *	  with a word of portatext.review_word (LAW-07).
 */
#include "service/service.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "cache.h"
#include "service/keyword.h"
#include "text/encoding.h"

static PtCache cache = {.tables = {"review_word"}};
static MemoryContext context = NULL;
static const char **words = NULL;	/* UTF-8 */
static int	n_words = 0;

/* A word in UTF-8, in the current context. */
static char *
utf8_word(Datum value)
{
	size_t		len;
	const char *word = pt_text_utf8(DatumGetTextPP(value), &len);

	return pnstrdup(word, len);
}

/* Reads the words. */
static void
load(void)
{
	static PtPlan plan = {"SELECT w.word FROM portatext.review_word w", 0};
	PtRole		saved;
	MemoryContext old;
	uint64		n;

	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "portatext review words", ALLOCSET_SMALL_SIZES);
	pt_cache_begin(&cache);
	n_words = 0;
	MemoryContextReset(context);
	SPI_connect();
	pt_become_keeper(&saved);
	n = pt_plan_read(&plan, NULL, NULL);
	old = MemoryContextSwitchTo(context);
	words = palloc((n + 1) * sizeof(char *));
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;

		words[i] = utf8_word(pt_result(i, 1, &isnull));
	}
	MemoryContextSwitchTo(old);
	n_words = (int) n;
	pt_become_caller(&saved);
	SPI_finish();
	pt_cache_loaded(&cache);
}

bool
pt_service_reviews(text *body)
{
	size_t		len;
	const char *utf8;

	if (!pt_cache_fresh(&cache))
		load();
	if (n_words == 0)
		return false;
	utf8 = pt_text_utf8(body, &len);
	return pt_find_listed_word(utf8, len, words, n_words) >= 0;
}
