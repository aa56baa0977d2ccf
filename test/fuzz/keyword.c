/*
 * keyword.c
 *	  Fuzzer of keyword messages and listed words: what is promised of any text is
 *	  checked, valid UTF-8 or not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/keyword.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const keywords[] = {"BAJA1", "DEALS", "NEWS", "STOPPER"};
static const char *const listed[] = {"casino", "free money", "año", "赌博"};

/* Stops the fuzzer at a broken promise. */
static void
must(int holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;
	PtKeywordMessage result = pt_parse_keyword_message(text, size, keywords, 4);
	int			found = pt_find_listed_word(text, size, listed, 4);
	char	   *longer = malloc(size + 12);

	must(result.keyword >= -1 && result.keyword < 4);
	must(result.action != PT_KEYWORD_ALONE || result.keyword >= 0);
	must(found >= -1 && found < 4);
	must(!pt_reserved_word(text, size) || (result.keyword == -1 && result.action >= PT_KEYWORD_YES));

	/* Whatever follows, STOP and the keyword first is an opt-out, and STOP last is the word STOP. */
	memcpy(longer, "STOP DEALS ", 11);
	memcpy(longer + 11, text, size);
	result = pt_parse_keyword_message(longer, size + 11, keywords, 4);
	must(result.action == PT_KEYWORD_STOP && (result.keyword == 1 || result.keyword == -1));
	memcpy(longer, text, size);
	memcpy(longer + size, ". STOP", 6);
	must(pt_has_stop(longer, size + 6));
	free(longer);
	return 0;
}
