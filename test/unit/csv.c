/*
 * csv.c
 *	  Reading CSV (CSV-01, CSV-03, CSV-04, CSV-08): vectors, in pieces cut at every
 *	  place, resumed behind every record; limits; and all short texts against a
 *	  second reader, which has the whole text before it.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "text/csv.h"

#define LOG 4096
#define LONG_LINE "1-5!it is too long, or a quote is never closed\n"

/* What was read, a line for each record: "line-end:field|field" or "line-end!error". */
typedef struct Log
{
	char		text[LOG];
	size_t		len;
	int			count;
	int			stop_after;		/* records; 0: never */
	PtCsv	   *csv;
	int64_t		next_line;
	int64_t		end;
} Log;

static void
put(Log *log, const char *data, size_t len)
{
	if (len > LOG - 1 - log->len)
		len = LOG - 1 - log->len;
	memcpy(log->text + log->len, data, len);
	log->len += len;
	log->text[log->len] = '\0';
}

static bool
take(void *context, const PtCsvField *fields, int n, PtCsvError error, int64_t line, int64_t end)
{
	Log		   *log = context;
	char		place[64];

	snprintf(place, sizeof(place), "%lld-%lld%s", (long long) line, (long long) end, error == PT_CSV_OK ? ":" : "!");
	put(log, place, strlen(place));
	put(log, pt_csv_problem(error), strlen(pt_csv_problem(error)));
	for (int i = 0; i < n; i++)
	{
		put(log, "|", i > 0);
		put(log, fields[i].data, fields[i].len);
	}
	put(log, "\n", 1);
	log->end = end;
	log->next_line = pt_csv_next_line(log->csv);
	return ++log->count != log->stop_after;
}

/* Starts a log with a reader; resumed from another's end if that is given. */
static void
start(Log *log, const Log *from)
{
	memset(log, 0, sizeof(*log));
	log->csv = pt_csv_new(take, log);
	if (from != NULL)
	{
		pt_csv_resume(log->csv, from->next_line, from->end);
		put(log, from->text, from->len);
	}
}

/* Reads a text, cut at a place. */
static bool
read_cut(Log *log, const char *data, size_t len, size_t cut)
{
	bool		on = pt_csv_feed(log->csv, data, cut) && pt_csv_feed(log->csv, data + cut, len - cut) &&
		pt_csv_end(log->csv);

	pt_csv_free(log->csv);
	return on;
}

/* Reads a text byte by byte. */
static void
read_bytes(Log *log, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		pt_csv_feed(log->csv, data + i, 1);
	pt_csv_end(log->csv);
	pt_csv_free(log->csv);
}

static const struct
{
	const char *what;
	const char *text;
	const char *log;
}			vectors[] =
{
	{"CSV-04: the example", "number,first_name,last_name\n12223334444,John,Doe\n13334445555,Albert,Beckenbauer\n",
	"1-28:number|first_name|last_name\n2-49:12223334444|John|Doe\n3-80:13334445555|Albert|Beckenbauer\n"},
	{"nothing", "", ""},
	{"no line end at the end", "a,b\nc,d", "1-4:a|b\n2-7:c|d\n"},
	{"CSV-08: an empty last line and others", "a\n\n\r\n\rb\n\n", "1-2:a\n5-8:b\n"},
	{"CSV-03, CSV-08: line ends mixed", "a\nb\r\nc\rd\r\n\ne\r\r\nf", "1-2:a\n2-5:b\n3-7:c\n4-10:d\n6-13:e\n8-16:f\n"},
	{"CR at the end", "a\r", "1-2:a\n"},
	{"empty fields", ",\n,,\na,\n\"\"\n", "1-2:|\n2-5:||\n3-8:a|\n4-11:\n"},
	{"blanks are part of a field", " a , b\t\n  \n", "1-8: a | b\t\n2-11:  \n"},
	{"quotes", "\"a\",\"b,c\"\n\"d\"\"e\",\"\"\"\"\n", "1-10:a|b,c\n2-22:d\"e|\"\n"},
	{"line ends inside quotes", "\"a\nb\",c\r\n\"d\r\ne\rf\",g\nh\n", "1-9:a\nb|c\n3-20:d\r\ne\rf|g\n6-22:h\n"},
	{"CSV-08: a byte-order mark", "\xEF\xBB\xBF\"a\",b\nc,d\n", "1-9:a|b\n2-13:c|d\n"},
	{"a mark alone", "\xEF\xBB\xBF", ""},
	{"a second mark is text", "\xEF\xBB\xBF\xEF\xBB\xBF" "a", "1-7:\xEF\xBB\xBF" "a\n"},
	{"half a mark is text", "\xEF\xBB" "a\n\xEF\xBB\xBF" "b\n", "1-4:\xEF\xBB" "a\n2-9:\xEF\xBB\xBF" "b\n"},
	{"half a mark alone", "\xEF\xBB", "1-2:\xEF\xBB\n"},
	{"a quote within a field", "a,b\"c\nd,e\n", "1-6!the quotes are wrong\n2-10:d|e\n"},
	{"text behind the closing quote", "a,\"b\"c,d\r\ne\n", "1-10!the quotes are wrong\n2-12:e\n"},
	{"a blank behind the closing quote", "\"a\" ,b\nc\n", "1-7!the quotes are wrong\n2-9:c\n"},
	{"a blank before the opening quote", "a, \"b\"\nc\n", "1-7!the quotes are wrong\n2-9:c\n"},
	{"all bad lines, not the first alone", "a\"\nb\nc\"\n\nd\"", "1-3!the quotes are wrong\n2-5:b\n3-8!the quotes are wrong\n5-11!the quotes are wrong\n"},
	{"a quote that is never closed takes its line alone", "a,\"b\nc,d\ne,f\n", "1-5!a quote is never closed\n2-9:c|d\n3-13:e|f\n"},
	{"an open quote in the last line", "a\n\"b", "1-2:a\n2-4!a quote is never closed\n"},
	{"an open quote at the very end", "a\n\"", "1-2:a\n2-3!a quote is never closed\n"},
	{"an open quote and a good one below", "a,\"b\nc,d\ne,\"f\"\ng\n", "1-5!the quotes are wrong\n2-9:c|d\n3-15:e|f\n4-17:g\n"},
	{"open quotes, one below the other", "\"a\nb\n\"c\nd\n\"e\nf\n", "1-3!the quotes are wrong\n2-5:b\n3-8!the quotes are wrong\n4-10:d\n5-13!a quote is never closed\n6-15:f\n"},
	{"an open quote, then a field of two lines", "x,\"y\n1,\"a\nb\"\n2\n", "1-5!the quotes are wrong\n2-13:1|a\nb\n4-15:2\n"},
	{"an open quote in a file with CR", "x,\"y\r1,2\r", "1-5!a quote is never closed\n2-9:1|2\n"},
};
#define VECTORS ((int) (sizeof(vectors) / sizeof(vectors[0])))

/* Is the vector read the same resumed behind each of its records? */
static bool
resumes(const char *text, size_t len, const char *expected, int records)
{
	for (int i = 1; i <= records; i++)
	{
		Log			first;
		Log			second;

		start(&first, NULL);
		first.stop_after = i;
		if (read_cut(&first, text, len, len / 2) || first.count != i)
			return false;
		start(&second, &first);
		if (!read_cut(&second, text + first.end, len - first.end, 0) || strcmp(second.text, expected) != 0)
			return false;
	}
	return true;
}

static void
test_vector(const char *what, const char *text, const char *expected)
{
	size_t		len = strlen(text);
	size_t		cut = 0;
	Log			log;
	Log			bytes;

	do
	{
		start(&log, NULL);
		read_cut(&log, text, len, cut);
	} while (strcmp(log.text, expected) == 0 && ++cut <= len);
	ok(cut > len, "%s", what);
	if (cut <= len)
		printf("# cut at %zu:\n# %s\n# expected:\n# %s\n", cut, log.text, expected);
	start(&bytes, NULL);
	read_bytes(&bytes, text, len);
	ok(strcmp(bytes.text, expected) == 0, "%s: byte by byte", what);
	ok(resumes(text, len, expected, log.count), "%s: resumed behind each record", what);
}

/* NUL bytes, which no vector can hold. */
static void
test_nul(void)
{
	static const char text[] = "a\n\"b\n\0\",c\nd\n\0\n";
	Log			log;

	start(&log, NULL);
	read_cut(&log, text, sizeof(text) - 1, 3);
	ok(strcmp(log.text, "1-2:a\n2-10!it has a NUL byte\n4-12:d\n5-14!it has a NUL byte\n") == 0, "NUL bytes are refused for their record");
}

/* A text of n times the same piece, with something before and behind. */
static char *
repeated(const char *before, const char *piece, size_t n, const char *behind)
{
	size_t		len = strlen(piece);
	char	   *text = malloc(strlen(before) + len * n + strlen(behind) + 1);
	char	   *at = stpcpy(text, before);

	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, piece);
	stpcpy(at, behind);
	return text;
}

/* Reads a text in pieces of 4096 bytes; returns how many records, and errors of one kind. */
static int
count_errors(char *text, PtCsvError error, Log *log)
{
	size_t		len = strlen(text);
	int			found = 0;

	start(log, NULL);
	for (size_t i = 0; i < len; i += 4096)
		pt_csv_feed(log->csv, text + i, len - i < 4096 ? len - i : 4096);
	pt_csv_end(log->csv);
	pt_csv_free(log->csv);
	free(text);
	for (const char *at = log->text; (at = strstr(at, pt_csv_problem(error))) != NULL; at++)
		found++;
	return found;
}

static void
test_limits(void)
{
	Log			log;

	ok(count_errors(repeated("", ",", PT_CSV_FIELDS - 1, "\nb\n"), PT_CSV_TOO_MANY_FIELDS, &log) == 0 && log.count == 2,
	   "a record of the most fields");
	ok(count_errors(repeated("", ",", PT_CSV_FIELDS, "\nb\n"), PT_CSV_TOO_MANY_FIELDS, &log) == 1 &&
	   strcmp(log.text, "1-1001!it has too many columns\n2-1003:b\n") == 0, "one field more");
	ok(count_errors(repeated("\"x\ny\"", ",", PT_CSV_FIELDS, "\nb\n"), PT_CSV_TOO_MANY_FIELDS, &log) == 1 &&
	   strcmp(log.text, "1-1006!it has too many columns\n3-1008:b\n") == 0, "of two lines: reading goes on behind the record");
	ok(count_errors(repeated("", "x", PT_CSV_RECORD - 1, "\nb\n"), PT_CSV_TOO_LONG, &log) == 0 && log.count == 2,
	   "a record of the most bytes");
	ok(count_errors(repeated("\xEF\xBB\xBF", "x", PT_CSV_RECORD - 1, "\nb\n"), PT_CSV_TOO_LONG, &log) == 0 &&
	   log.count == 2, "a byte-order mark does not count");
	ok(count_errors(repeated("", "x", PT_CSV_RECORD, "\nb\n"), PT_CSV_TOO_LONG, &log) == 1 &&
	   strcmp(log.text, "1-1000001!it is too long, or a quote is never closed\n2-1000003:b\n") == 0, "one byte more");
	ok(count_errors(repeated("", "x", PT_CSV_RECORD - 1, "\r\nb\n"), PT_CSV_TOO_LONG, &log) == 1 && log.count == 2,
	   "the limit lies between CR and LF");
	ok(count_errors(repeated("a,\"b\n", "c,d\n", PT_CSV_RECORD, ""), PT_CSV_TOO_LONG, &log) == 1 &&
	   log.count == PT_CSV_RECORD + 1 && strncmp(log.text, LONG_LINE "2-9:c|d\n", strlen(LONG_LINE) + 8) == 0,
	   "an open quote far from the end takes its line alone");
	ok(count_errors(repeated("", "\"\n", PT_CSV_RECORD, ""), PT_CSV_BAD_QUOTE, &log) == 0 && log.count == PT_CSV_RECORD / 2,
	   "a million quotes, each on its line, are pairs");
	ok(count_errors(repeated("", "\"a\n", PT_CSV_RECORD, ""), PT_CSV_BAD_QUOTE, &log) > 0 && log.count == PT_CSV_RECORD,
	   "a million open quotes are a million errors");
}

/* The second reader: the length of the line that begins at i, with its end. */
static size_t
line_end(const char *text, size_t len, size_t i)
{
	i += strcspn(text + i, "\r\n");
	if (i < len && text[i] == '\r' && text[i + 1] == '\n')
		i++;
	return i < len ? i + 1 : len;
}

/* A field at *i, put into the log; false: its quotes are wrong, with the error. */
static bool
second_field(const char *text, size_t *i, Log *log, PtCsvError *error)
{
	bool		quoted = text[*i] == '"';

	for (*i += quoted; quoted && (text[*i] != '"' || text[*i + 1] == '"'); (*i)++)
	{
		if (text[*i] == '\0')
			return *error = PT_CSV_OPEN_QUOTE, false;
		put(log, text + *i, 1);
		*i += text[*i] == '"';
	}
	*i += quoted;
	for (; strchr(",\r\n", text[*i]) == NULL; (*i)++)
	{
		if (quoted || text[*i] == '"')
			return *error = PT_CSV_BAD_QUOTE, false;
		put(log, text + *i, 1);
	}
	return true;
}

/* Reads a text with neither marks nor NUL and below the limits. */
static void
second_reader(const char *text, size_t len, Log *log)
{
	long long	line = 1;

	for (size_t i = 0; i < len;)
	{
		Log			record = {.len = 0};
		PtCsvError	error = PT_CSV_OK;
		size_t		at = i;
		char		place[64];

		if (text[i] != '\r' && text[i] != '\n')
		{
			while (second_field(text, &at, &record, &error) && text[at] == ',')
			{
				put(&record, "|", 1);
				at++;
			}
			at = error == PT_CSV_OK ? line_end(text, len, at) : line_end(text, len, i);
			snprintf(place, sizeof(place), "%lld-%zu%s%s", line, at, error == PT_CSV_OK ? ":" : "!", pt_csv_problem(error));
			put(log, place, strlen(place));
			put(log, record.text, error == PT_CSV_OK ? record.len : 0);
			put(log, "\n", 1);
		}
		else
			at = line_end(text, len, i);
		for (; i < at; i = line_end(text, len, i))
			line++;
	}
}

/* Reads a text up to a place, and by another reader from where the first had got to. */
static void
read_resumed(Log *log, const char *text, size_t len, size_t cut)
{
	int64_t		line;
	int64_t		offset;

	start(log, NULL);
	pt_csv_feed(log->csv, text, cut);
	offset = pt_csv_position(log->csv, &line);
	pt_csv_free(log->csv);
	log->csv = pt_csv_new(take, log);
	pt_csv_resume(log->csv, line, offset);
	read_cut(log, text + offset, len - (size_t) offset, 0);
}

/* A reader's position is behind empty lines. */
static void
test_position(void)
{
	PtCsv	   *csv = pt_csv_new(take, &(Log) {.len = 0});
	int64_t		line;

	pt_csv_feed(csv, "\n\r\n\nab", 6);
	ok(pt_csv_position(csv, &line) == 4 && line == 4, "empty lines are done with when they are read");
	pt_csv_free(csv);
}

/* All texts of up to n of the characters that matter. */
static void
test_all(size_t n)
{
	static const char letters[] = "\",\r\na";
	char		text[16] = "";
	long		count = 0;
	long		wrong = 0;

	for (size_t len = 1; len <= n; len++)
	{
		long		texts = 1;

		for (size_t i = 0; i < len; i++)
			texts *= 5;
		for (long number = 0; number < texts; number++, count++)
		{
			Log			one;
			Log			two = {.len = 0};
			Log			three;
			long		rest = number;

			for (size_t i = 0; i < len; i++, rest /= 5)
				text[i] = letters[rest % 5];
			second_reader(text, len, &two);
			start(&one, NULL);
			read_cut(&one, text, len, (size_t) number % len);
			read_resumed(&three, text, len, (size_t) number % len);
			wrong += strcmp(one.text, two.text) != 0 || strcmp(three.text, two.text) != 0;
		}
	}
	ok(wrong == 0, "all %ld texts of up to %zu characters are read as by the second reader (%ld are not)", count, n, wrong);
}

int
main(void)
{
	for (int i = 0; i < VECTORS; i++)
		test_vector(vectors[i].what, vectors[i].text, vectors[i].log);
	test_nul();
	test_limits();
	test_position();
	test_all(7);
	return tap_done();
}
