/*
 * gsm_text.c
 *	  Fuzzer of counting, cutting and encoding: the first octet chooses the
 *	  carrier's options, the rest is the text.  What the parts promise is checked.
 */
#include <stdlib.h>
#include <string.h>

#include "text/gsm.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the fuzzer at a broken promise. */
static void
must(int holds)
{
	if (!holds)
		abort();
}

/* One part must fit, encode to its units and read back. */
static void
check_part(const char *text, const PtPart *part, const PtAnalysis *how)
{
	unsigned char octets[PT_PART_MAX_OCTETS];
	char		back[PT_PART_MAX_OCTETS * 3];
	int			n = pt_text_encode(text + part->offset, part->len, how, octets, sizeof(octets));
	int			m;

	must(part->units <= how->capacity);
	must(n == part->units * (how->encoding == PT_GSM7 ? 1 : 2));
	if (memchr(text + part->offset, 0, part->len) != NULL)
		return;					/* U+0000 is not decoded */
	m = pt_text_decode(octets, (size_t) n, how, back, sizeof(back));
	must(m == (int) part->len && memcmp(back, text + part->offset, part->len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static PtPart parts[PT_MAX_PARTS];
	const char *text = (const char *) data + 1;
	PtTextOptions options;
	PtAnalysis	how;
	size_t		end = 0;
	int			units = 0;
	int			count;

	if (size == 0)
		return 0;
	options.wide_reference = (data[0] & 1) != 0;
	options.single_shift = data[0] >> 1 & 15;
	options.locking_shift = (data[0] & 32) != 0 ? options.single_shift : 0;
	if (!pt_text_analyze(text, size - 1, &options, &how))
		return 0;
	count = pt_text_split(text, size - 1, &how, parts);
	must(count == (how.segments > PT_MAX_PARTS ? -1 : how.segments));
	for (int i = 0; i < count; i++)
	{
		must(parts[i].offset == end);
		check_part(text, &parts[i], &how);
		end += parts[i].len;
		units += parts[i].units;
	}
	must(count < 0 || (end == size - 1 && units == how.units));
	return 0;
}
