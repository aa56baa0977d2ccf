/*
 * gsm_transliterate.c
 *	  Fuzzer of the replacing of characters; the first octet chooses romanize.
 *
 * Libraries: icu-i18n icu-uc
 */
#include <stdlib.h>
#include <string.h>

#include "text/gsm.h"
#include "text/transliterate.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Sink: originals must follow one another, replacements be in the set. */
static void
check_piece(void *context, const char *original, size_t original_len,
			const char *replacement, size_t replacement_len, bool replaced)
{
	const char **next = context;
	PtAnalysis	how;

	if (original != *next || original_len == 0 || original_len >= PT_REPLACED_MAX)
		abort();
	*next += original_len;
	if (!pt_text_analyze(replacement, replacement_len, NULL, &how) ||
		(replaced && how.encoding != PT_GSM7))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data + 1;
	const char *next = text;
	PtAnalysis	how;

	if (size == 0 || !pt_text_analyze(text, size - 1, NULL, &how))
		return 0;
	if (pt_transliterate(text, size - 1, (data[0] & 1) != 0, check_piece, &next) != NULL ||
		next != text + size - 1)
		abort();
	return 0;
}
