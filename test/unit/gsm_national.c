/*
 * gsm_national.c
 *	  Every code of every national table against test/data/gsm_national.tsv
 *	  (3GPP TS 23.038, annex A).
 *
 * Run from the root of the project, or with the file's name as argument.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "text/gsm.h"
#include "text/gsm_table.h"

#define TABLES 25				/* 13 single shift, 12 locking shift */
#define MAX_LINE 4096

/* Applies one change as the file writes it, 1F:00C9 or -1F; false if malformed. */
static bool
apply_change(const char *change, uint16_t *table)
{
	bool		removed = change[0] == '-';
	char	   *end;
	unsigned long code = strtoul(change + removed, &end, 16);

	if (code > 127 || (removed ? *end != '\0' : *end != ':'))
		return false;
	table[code] = removed ? 0 : (uint16_t) strtoul(end + 1, &end, 16);
	return *end == '\0';
}

/* Tests the table of one line. */
static void
test_table(char *line)
{
	char	   *kind = strtok(line, "\t");
	char	   *number = strtok(NULL, "\t");
	int			language = number != NULL ? atoi(number) : 0;
	bool		single = strcmp(kind, "single") == 0;
	PtAlphabet	expected;
	PtAlphabet	found;
	char	   *change;
	int			malformed = 0;

	pt_alphabet_init(&expected, 0, 0);
	while ((change = strtok(NULL, " \n")) != NULL)
		malformed += !apply_change(change, single ? expected.shift : expected.main);
	ok(malformed == 0, "line for %s %d is well-formed", kind, language);
	ok(single ? pt_gsm_has_single_shift(language) : pt_gsm_has_locking_shift(language),
	   "%s %d exists", kind, language);
	pt_alphabet_init(&found, single ? language : 0, single ? 0 : language);
	ok(memcmp(found.main, expected.main, sizeof(found.main)) == 0, "%s %d: main table", kind, language);
	ok(memcmp(found.shift, expected.shift, sizeof(found.shift)) == 0, "%s %d: after the escape", kind, language);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "test/data/gsm_national.tsv";
	char		line[MAX_LINE];
	FILE	   *file = fopen(name, "r");
	int			tables = 0;

	ok(file != NULL, "opened %s", name);
	if (file == NULL)
		return tap_done();
	while (fgets(line, sizeof(line), file) != NULL)
	{
		if (line[0] == '#')
			continue;
		test_table(line);
		tables++;
	}
	fclose(file);
	ok(tables == TABLES, "%d tables of %d", tables, TABLES);
	return tap_done();
}
