/*
 * receipt_json.c
 *	  Fuzzer of JSON callbacks: whatever is read must lie in the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "worker/receiver_parse.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The stretch that strings may point into. */
typedef struct Bounds
{
	const char *from;
	const char *to;
} Bounds;

/* A string must end within the text. */
static void
must_lie_in(const Bounds *bounds, const char *text)
{
	if (text != NULL && (text < bounds->from || text + strlen(text) > bounds->to))
		abort();
}

/* PtFieldsDone: looks at every field. */
static bool
look(void *context, const PtFields *fields)
{
	const char *problem = NULL;
	PtReceipt	receipt;

	must_lie_in(context, fields->id);
	must_lie_in(context, fields->ref);
	must_lie_in(context, fields->part);
	must_lie_in(context, fields->status);
	must_lie_in(context, fields->text);
	if (!pt_receipt_read(fields, &receipt, &problem) && problem == NULL)
		abort();
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = malloc(size + 1);
	Bounds		bounds = {text, text + size};

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	(void) pt_json_read(text, size, look, &bounds);
	free(text);
	return 0;
}
