/*
 * gsm_vectors.c
 *	  Every line of test/data/gsm_vectors.tsv (GSM-01 to GSM-10): encoding, units,
 *	  segments and the units of each segment.
 *
 * Run from the root of the project, or with the file's name as argument.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "text/gsm.h"
#include "text/utf8.h"

#define MAX_LINE 65536
#define MAX_FIELDS 6

/* Reads four hexadecimal digits. */
static uint32_t
hex4(const char *digits)
{
	char		copy[5] = {0};

	memcpy(copy, digits, 4);
	return (uint32_t) strtoul(copy, NULL, 16);
}

/* Reads an escape of a JSON string after the backslash; returns what follows. */
static const char *
json_escape(const char *in, uint32_t *code_point)
{
	static const char letters[] = "nrtbf";
	static const char values[] = "\n\r\t\b\f";
	const char *letter = strchr(letters, *in);

	if (*in != 'u')
	{
		*code_point = letter != NULL ? (uint32_t) values[letter - letters] : (unsigned char) *in;
		return in + 1;
	}
	*code_point = hex4(in + 1);
	in += 5;
	if (*code_point >= 0xD800 && *code_point < 0xDC00)
	{
		*code_point = 0x10000 + ((*code_point - 0xD800) << 10) + (hex4(in + 2) - 0xDC00);
		in += 6;
	}
	return in;
}

/* Turns an ASCII JSON string into UTF-8; returns its octets. */
static size_t
json_string(const char *in, char *out)
{
	size_t		len = 0;

	for (in++; *in != '"' && *in != '\0';)
	{
		uint32_t	code_point = (unsigned char) *in++;

		if (code_point == '\\')
			in = json_escape(in, &code_point);
		len += pt_utf8_put(out + len, code_point);
	}
	return len;
}

/* Cuts a line at its tabs; returns the number of fields. */
static int
fields_of(char *line, char **fields)
{
	int			n = 0;

	line[strcspn(line, "\n")] = '\0';
	while (line != NULL && n < MAX_FIELDS)
	{
		fields[n++] = line;
		line = strchr(line, '\t');
		if (line != NULL)
			*line++ = '\0';
	}
	return n;
}

/* The units of each part as the file writes them: 153,153,8. */
static void
print_units(const PtPart *parts, int count, char *out, size_t room)
{
	size_t		n = 0;

	out[0] = '\0';
	for (int i = 0; i < count && n < room; i++)
		n += (size_t) snprintf(out + n, room - n, "%s%d", i > 0 ? "," : "", parts[i].units);
}

/* Tests one line. */
static void
test_line(char **fields)
{
	static char text[MAX_LINE];
	size_t		len = json_string(fields[0], text);
	bool		gsm = strcmp(fields[1], "GSM-7") == 0;
	char		units[256];
	PtPart		parts[PT_MAX_PARTS];
	PtAnalysis	how;
	int			count;

	if (!ok(pt_text_analyze(text, len, NULL, &how), "analyzed: %s", fields[5]))
		return;
	count = pt_text_split(text, len, &how, parts);
	print_units(parts, count, units, sizeof(units));
	ok(how.encoding == (gsm ? PT_GSM7 : PT_UCS2), "encoding %s: %s", fields[1], fields[5]);
	ok(how.units == atoi(fields[2]), "units %s: %s", fields[2], fields[5]);
	ok(how.segments == atoi(fields[3]) && count == how.segments, "segments %s: %s", fields[3], fields[5]);
	ok(strcmp(units, fields[4]) == 0, "parts of %s units: %s", fields[4], fields[5]);
}

int
main(int argc, char **argv)
{
	static char line[MAX_LINE];
	const char *name = argc > 1 ? argv[1] : "test/data/gsm_vectors.tsv";
	FILE	   *file = fopen(name, "r");
	int			tested = 0;

	ok(file != NULL, "opened %s", name);
	if (file == NULL)
		return tap_done();
	while (fgets(line, sizeof(line), file) != NULL)
	{
		char	   *fields[MAX_FIELDS];

		if (line[0] == '#')
			continue;
		if (ok(fields_of(line, fields) == MAX_FIELDS, "line %d has %d fields", ++tested, MAX_FIELDS))
			test_line(fields);
	}
	fclose(file);
	ok(tested > 200, "the file has more than 200 vectors: %d", tested);
	return tap_done();
}
