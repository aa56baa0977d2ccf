/*
 * gsm_property.c
 *	  What must hold for every text, tried on thousands of random ones under all
 *	  kinds of options (GSM-01 to GSM-07, GSM-10).
 *
 * The generator is seeded: a failure names the text's number and comes again.
 */
#include "tap.h"

#include <string.h>

#include "text/gsm.h"
#include "text/gsm_table.h"
#include "text/utf8.h"

#define TEXTS 20000
#define MAX_CHARACTERS 700

typedef enum Property
{
	ACCEPTED, JOINED, COUNTED, FITTING, GREEDY, ENCODED, DECODED, CHEAPEST, PROPERTIES
} Property;

static const char *const names[PROPERTIES] = {
	"GSM-10: every text is accepted",
	"the parts joined are the text",
	"units and segments agree with the parts",
	"GSM-02, GSM-03: no part is longer than its capacity",
	"GSM-07: each part is as long as it can be, and no pair is cut",
	"the octets of a part agree with its units",
	"what was encoded decodes to the part",
	"GSM-01: no other allowed way needs fewer segments",
};
static int	failures[PROPERTIES];
static int	first_failure[PROPERTIES];
static int	text_number;

/* Notes whether the property holds for the text at hand. */
static void
expect(Property property, bool holds)
{
	if (!holds && failures[property]++ == 0)
		first_failure[property] = text_number;
}

/* xorshift64*: a number below limit. */
static uint32_t
below(uint32_t limit)
{
	static uint64_t state = 0x9E3779B97F4A7C15u;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t) ((state * 0x2545F4914F6CDD1Du) >> 33) % limit;
}

/* A character of one of the kinds whose bits are set in the mixture. */
static uint32_t
character(unsigned mixture)
{
	static const uint32_t extension[] = {'^', '{', '}', '\\', '[', '~', ']', '|', '\f', 0x20AC};
	static const uint32_t latin[] = {0xE7, 0xE3, 0xF5, 0xE1, 0x131, 0x15F, 0xC7, 0xE9};

	for (;;)
	{
		switch (below(8) & (mixture | 8))
		{
			case 0:
				return 'a' + below(26);
			case 1:
				return extension[below(10)];
			case 2:
				return latin[below(8)];
			case 3:
				return 0x393 + below(0x60);
			case 4:
				return 0x1F600 + below(64);
			case 5:
				return 0x0900 + below(0x80);
			case 6:
				return 0x20 + below(0x60);
			default:
				break;
		}
	}
}

/* A random text with its length; short, long and boundary lengths alike. */
static size_t
random_text(char *out)
{
	static const uint32_t lengths[] = {70, 71, 134, 135, 152, 153, 154, 160, 161, 306, 307};
	unsigned	mixture = below(4) == 0 ? below(2) : below(8);
	uint32_t	rare = below(3);
	uint32_t	count = below(2) ? lengths[below(11)] : below(MAX_CHARACTERS);
	size_t		len = 0;

	for (uint32_t i = 0; i < count; i++)
		len += pt_utf8_put(out + len, character(rare == 0 || below(20) < rare ? mixture : 0));
	return len;
}

/* A carrier's options; half of the texts have none. */
static PtTextOptions
random_options(void)
{
	static const int languages[] = {0, 1, 3, 6};
	PtTextOptions options = {below(2) == 0, 0, 0};

	if (below(2) == 0)
		return options;
	options.single_shift = languages[below(4)];
	options.locking_shift = languages[below(4)];
	return options;
}

/* Units of the first character of a text under an analysis. */
static int
first_units(const char *text, size_t left, const PtAnalysis *how)
{
	PtAlphabet	alphabet;
	uint32_t	c = 0;

	pt_utf8_next((const unsigned char *) text, left, &c);
	if (how->encoding == PT_UCS2)
		return c > 0xFFFF ? 2 : 1;
	pt_alphabet_init(&alphabet, how->single_shift, how->locking_shift);
	return pt_alphabet_code(&alphabet, c) > 127 ? 2 : 1;
}

/* One part: its length, its octets, and whether it reads back. */
static void
check_part(const char *text, size_t len, const PtPart *part, const PtAnalysis *how)
{
	unsigned char octets[PT_PART_MAX_OCTETS];
	char		back[PT_PART_MAX_OCTETS * 3];
	size_t		end = part->offset + part->len;
	int			n = pt_text_encode(text + part->offset, part->len, how, octets, sizeof(octets));
	int			m;

	expect(FITTING, part->units <= how->capacity);
	if (end < len)
		expect(GREEDY, part->units + first_units(text + end, len - end, how) > how->capacity);
	expect(ENCODED, n == part->units * (how->encoding == PT_GSM7 ? 1 : 2));
	m = n < 0 ? -1 : pt_text_decode(octets, (size_t) n, how, back, sizeof(back));
	expect(DECODED, m == (int) part->len && memcmp(back, text + part->offset, part->len) == 0);
}

/* Fewer options never give fewer segments, and no option is not obeyed. */
static void
check_choice(const char *text, size_t len, const PtTextOptions *options, const PtAnalysis *how)
{
	PtTextOptions fewer = *options;
	PtAnalysis	other;

	expect(CHEAPEST, how->single_shift == 0 || how->single_shift == options->single_shift);
	expect(CHEAPEST, how->locking_shift == 0 || how->locking_shift == options->locking_shift);
	fewer.single_shift = 0;
	expect(CHEAPEST, pt_text_analyze(text, len, &fewer, &other) && other.segments >= how->segments);
	fewer.single_shift = options->single_shift;
	fewer.locking_shift = 0;
	expect(CHEAPEST, pt_text_analyze(text, len, &fewer, &other) && other.segments >= how->segments);
	fewer.single_shift = 0;
	expect(CHEAPEST, pt_text_analyze(text, len, &fewer, &other) && other.segments >= how->segments);
}

/* All properties on one random text. */
static void
check_text(void)
{
	static char text[MAX_CHARACTERS * 4];
	PtPart		parts[PT_MAX_PARTS];
	size_t		len = random_text(text);
	PtTextOptions options = random_options();
	PtAnalysis	how;
	size_t		end = 0;
	int			units = 0;
	int			count;

	expect(ACCEPTED, pt_text_analyze(text, len, &options, &how));
	count = pt_text_split(text, len, &how, parts);
	for (int i = 0; i < count; i++)
	{
		expect(JOINED, parts[i].offset == end);
		end += parts[i].len;
		units += parts[i].units;
		check_part(text, len, &parts[i], &how);
	}
	expect(JOINED, end == len);
	expect(COUNTED, count == how.segments && units == how.units);
	check_choice(text, len, &options, &how);
}

int
main(void)
{
	for (text_number = 1; text_number <= TEXTS; text_number++)
		check_text();
	for (int i = 0; i < PROPERTIES; i++)
		ok(failures[i] == 0, "%s: %d failures, the first on text %d", names[i],
		   failures[i], first_failure[i]);
	return tap_done();
}
