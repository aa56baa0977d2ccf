/*
 * number_plan.c
 *	  The numbering plan's tables against the answers of Google's own Python
 *	  library (number_samples.tsv) and against a naive scan of all prefixes.
 */
#include <stdlib.h>
#include <string.h>

#include "number/number.h"
#include "number/number_data.h"
#include "tap.h"

#define SAMPLES "test/unit/number_samples.tsv"
#define PREFIXES_MAX 40000
#define RANDOM_NUMBERS 2000

typedef struct Prefix
{
	char		digits[PT_E164_SIZE];
	unsigned	value;
} Prefix;

typedef struct PrefixTable
{
	const uint16_t (*next)[10];
	const uint16_t *value;
	unsigned	start;
	Prefix	   *prefixes;
	int			count;
} PrefixTable;

/* The zones of a number in the form of the samples: a list, or "42 zones". */
static void
zones_text(const char *number, char *out, size_t size)
{
	const char *zones[PT_ZONES_MAX];
	int			n = pt_number_timezones(number, strlen(number), zones, PT_ZONES_MAX);
	size_t		used = 0;

	if (n >= 9)
	{
		snprintf(out, size, "%d zones", n);
		return;
	}
	snprintf(out, size, "-");
	for (int i = 0; i < n; i++)
		used += snprintf(out + used, size - used, "%s%s", i > 0 ? "," : "", zones[i]);
}

/* Compares one sample; prints what differs. */
static bool
sample_agrees(char *line)
{
	char	   *field[6];
	char		zones[1024];
	PtNumberPlan plan;
	const char *operator_name;
	char	   *rest = line;

	for (int i = 0; i < 6; i++)
		field[i] = strsep(&rest, "\t");
	if (field[5] == NULL)
		return ok(false, "a sample has six fields: %s", line);
	pt_number_plan(field[0], strlen(field[0]), &plan);
	zones_text(field[0], zones, sizeof(zones));
	operator_name = pt_number_operator(field[0], strlen(field[0]));

	/* Where the library names no region we may: that of the first digits. */
	if (plan.possible == (field[1][0] == 't') &&
		pt_number_possible(field[0], strlen(field[0])) == plan.possible &&
		(field[2][0] == '-' || strcmp(plan.country ? plan.country : "-", field[2]) == 0) &&
		(int) plan.type == atoi(field[3]) &&
		plan.assigned == (atoi(field[3]) != 0) &&
		strcmp(zones, field[4]) == 0 &&
		strcmp(operator_name ? operator_name : "-", field[5]) == 0)
		return true;
	return ok(false, "%s: possible %d, %s, type %d, %s, %s; expected %s, %s, %s, %s, %s",
			  field[0], plan.possible, plan.country ? plan.country : "-", plan.type, zones,
			  operator_name ? operator_name : "-",
			  field[1], field[2], field[3], field[4], field[5]);
}

static void
test_samples(void)
{
	FILE	   *file = fopen(SAMPLES, "r");
	char		line[2048];
	int			count = 0;
	int			agreeing = 0;

	if (!ok(file != NULL, "%s can be read", SAMPLES))
		return;
	while (fgets(line, sizeof(line), file) != NULL)
	{
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		count++;
		agreeing += sample_agrees(line);
	}
	fclose(file);
	ok(count > 2000 && agreeing == count,
	   "country, line type, time zones, operator: %d of %d samples agree with the library",
	   agreeing, count);
}

/* Lists all prefixes of a table. */
static void
collect(PrefixTable *table, unsigned state, char *digits, size_t depth)
{
	if (table->value[state] != 0 && table->count < PREFIXES_MAX)
	{
		memcpy(table->prefixes[table->count].digits, digits, depth);
		table->prefixes[table->count].digits[depth] = '\0';
		table->prefixes[table->count++].value = table->value[state];
	}
	for (int d = 0; d < 10; d++)
		if (table->next[state][d] != 0 && depth < PT_E164_MAX_DIGITS)
		{
			digits[depth] = '0' + d;
			collect(table, table->next[state][d], digits, depth + 1);
		}
}

/* The value of the longest listed prefix of the digits, by looking at each. */
static unsigned
naive_scan(const PrefixTable *table, const char *digits)
{
	size_t		best = 0;
	unsigned	value = 0;

	for (int i = 0; i < table->count; i++)
	{
		size_t		n = strlen(table->prefixes[i].digits);

		if (n > best && strncmp(digits, table->prefixes[i].digits, n) == 0)
		{
			best = n;
			value = table->prefixes[i].value;
		}
	}
	return value;
}

/* A number that begins with some prefix of the table, cut or changed at random. */
static void
random_number(const PrefixTable *table, char out[PT_E164_SIZE])
{
	const char *prefix = table->prefixes[rand() % table->count].digits;
	size_t		len = 4 + rand() % 12;

	out[0] = '+';
	for (size_t i = 0; i < len; i++)
		out[i + 1] = i < strlen(prefix) && rand() % 20 != 0 ? prefix[i] : '0' + rand() % 10;
	if (out[1] == '0')
		out[1] = '9';
	out[len + 1] = '\0';
}

/* The first of the zones, or the operator, that a table's value stands for. */
static const char *
first_zone(unsigned value)
{
	return value == 0 ? NULL : pt_zone_names[pt_zone_lists[value + 1]];
}

static const char *
found_first_zone(const char *number)
{
	const char *zones[1];

	return pt_number_timezones(number, strlen(number), zones, 1) == 1 ? zones[0] : NULL;
}

static void
test_naive(bool zones)
{
	PrefixTable table = {pt_operator_next, pt_operator_value, pt_operator_start, NULL, 0};
	char		digits[PT_E164_SIZE];
	char		number[PT_E164_SIZE];
	int			agreeing = 0;
	int			known = 0;

	if (zones)
		table = (PrefixTable) {pt_zone_next, pt_zone_value, pt_zone_start, NULL, 0};
	table.prefixes = malloc(PREFIXES_MAX * sizeof(Prefix));
	collect(&table, table.start, digits, 0);
	srand(5);
	for (int i = 0; i < RANDOM_NUMBERS; i++)
	{
		unsigned	value;
		const char *expected;
		const char *found;

		random_number(&table, number);
		value = naive_scan(&table, number + 1);
		expected = zones ? first_zone(value) : value == 0 ? NULL : pt_operator_names[value];
		found = zones ? found_first_zone(number) : pt_number_operator(number, strlen(number));
		known += expected != NULL;
		if (expected == found)
			agreeing++;
		else
			ok(false, "%s: %s, expected %s", number, found ? found : "-", expected ? expected : "-");
	}
	ok(agreeing == RANDOM_NUMBERS && known > RANDOM_NUMBERS / 4,
	   "%s: longest prefix equals a scan of %d prefixes (%d numbers, %d known)",
	   zones ? "time zones" : "operators", table.count, RANDOM_NUMBERS, known);
	free(table.prefixes);
}

/* Countries that share a code, by prefix, also outside assigned ranges. */
static void
test_shared_codes(void)
{
	static const char *const cases[][2] = {
		{"+12423456789", "BS"}, {"+12420000000", "BS"}, {"+14165550123", "CA"},
		{"+12223334444", "US"}, {"+13334445555", "US"}, {"+15550001000", "US"},
		{"+77012345678", "KZ"}, {"+79161234567", "RU"}, {"+441481256789", "GG"},
		{"+447911123456", "GG"}, {"+442079460018", "GB"}, {"+441534456789", "JE"},
		{"+393123456789", "IT"}, {"+390669812345", "VA"}, {"+59899123456", "UY"},
		{"+80012345678", NULL}, {"+999123456", NULL}, {"+1", NULL}, {"12423456789", NULL}
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const char *country = pt_number_country(cases[i][0]);

		ok(cases[i][1] == NULL ? country == NULL :
		   country != NULL && strcmp(country, cases[i][1]) == 0,
		   "country of %s: %s", cases[i][0], country ? country : "none");
	}
}

/* NUM-01, NUM-02, NUM-03: the forms of numbers and addresses. */
static void
test_forms(void)
{
	static const struct
	{
		const char *s;
		PtAddressKind kind;
	}			cases[] = {
		{"+12", PT_ADDRESS_E164}, {"+123456789012345", PT_ADDRESS_E164},
		{"+1234567890123456", PT_ADDRESS_INVALID}, {"+1", PT_ADDRESS_INVALID},
		{"+0123456", PT_ADDRESS_INVALID}, {"+12 34", PT_ADDRESS_INVALID},
		{"", PT_ADDRESS_INVALID}, {"+", PT_ADDRESS_INVALID}, {"+12a", PT_ADDRESS_INVALID},
		{"12", PT_ADDRESS_INVALID}, {"123", PT_ADDRESS_SHORT_CODE}, {"12345", PT_ADDRESS_SHORT_CODE},
		{"012345", PT_ADDRESS_SHORT_CODE}, {"12345678", PT_ADDRESS_SHORT_CODE},
		{"123456789", PT_ADDRESS_INVALID},
		{"Pizza-24", PT_ADDRESS_ALPHANUMERIC}, {"Ann & Co", PT_ADDRESS_ALPHANUMERIC},
		{"ABCDEFGHIJK", PT_ADDRESS_ALPHANUMERIC}, {"ABCDEFGHIJKL", PT_ADDRESS_INVALID},
		{" abc", PT_ADDRESS_INVALID}, {"abc ", PT_ADDRESS_INVALID}, {"12-34", PT_ADDRESS_INVALID},
		{"a[b]", PT_ADDRESS_INVALID}, {"caf\xC3\xA9", PT_ADDRESS_INVALID}
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		PtAddressKind kind = pt_address_kind(cases[i].s, strlen(cases[i].s));

		ok(kind == cases[i].kind && pt_e164_valid(cases[i].s, strlen(cases[i].s)) ==
		   (kind == PT_ADDRESS_E164), "form of \"%s\": %d", cases[i].s, kind);
	}
	ok(pt_address_kind("a\0b", 3) == PT_ADDRESS_INVALID &&
	   pt_address_kind("a\nb", 3) == PT_ADDRESS_INVALID, "no control characters in a sender name");
}

int
main(void)
{
	test_forms();
	test_samples();
	test_shared_codes();
	test_naive(true);
	test_naive(false);
	return tap_done();
}
