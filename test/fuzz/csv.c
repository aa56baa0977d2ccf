/*
 * csv.c
 *	  Fuzzer of reading CSV: however the text is cut, the same is read; resumed
 *	  behind any record, the rest is the same; what was read and is written with
 *	  quotes is read as itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/csv.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read, as CSV with every field in quotes, and where, as numbers. */
typedef struct Result
{
	PtCsv	   *csv;
	char	   *text;
	size_t		len;
	int64_t    *places;			/* three for each record: line, end, error or number of fields */
	size_t		n;
	size_t		stop;			/* at this place; 0: never */
	int64_t		next_line;
} Result;

/* Stops the fuzzer at a broken promise. */
static void
must(int holds)
{
	if (!holds)
		abort();
}

static void
put(Result *result, char c)
{
	result->text = realloc(result->text, result->len + 1);
	result->text[result->len++] = c;
}

static bool
take(void *context, const PtCsvField *fields, int n, PtCsvError error, int64_t line, int64_t end)
{
	Result	   *result = context;
	int64_t		last_line = result->n > 0 ? result->places[result->n - 3] : 0;
	int64_t		last_end = result->n > 0 ? result->places[result->n - 2] : 0;

	must(error == PT_CSV_OK ? n > 0 : n == 0);
	must(line > last_line && end > last_end && pt_csv_next_line(result->csv) >= line);
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			put(result, ',');
		put(result, '"');
		for (size_t at = 0; at < fields[i].len; at++)
		{
			if (fields[i].data[at] == '"')
				put(result, '"');
			put(result, fields[i].data[at]);
		}
		put(result, '"');
	}
	if (n > 0)
		put(result, '\n');
	result->places = realloc(result->places, (result->n + 3) * sizeof(int64_t));
	result->places[result->n++] = line;
	result->places[result->n++] = end;
	result->places[result->n++] = n - (int64_t) error;
	result->next_line = pt_csv_next_line(result->csv);
	return result->n != result->stop;
}

/* Reads in pieces of that size. */
static void
read_pieces(Result *result, const char *data, size_t size, size_t piece)
{
	for (size_t i = 0; i < size; i += piece)
		if (!pt_csv_feed(result->csv, data + i, size - i < piece ? size - i : piece))
			return;
	pt_csv_end(result->csv);
}

/* Reads from the beginning. */
static void
read_all(Result *result, const char *data, size_t size, size_t piece, size_t stop)
{
	memset(result, 0, sizeof(*result));
	result->stop = stop;
	result->csv = pt_csv_new(take, result);
	read_pieces(result, data, size, piece);
	pt_csv_free(result->csv);
}

static void
must_equal(const Result *one, const Result *two)
{
	must(one->len == two->len && (one->len == 0 || memcmp(one->text, two->text, one->len) == 0));
	must(one->n == two->n && (one->n == 0 || memcmp(one->places, two->places, one->n * sizeof(int64_t)) == 0));
}

static void
forget(Result *result)
{
	free(result->text);
	free(result->places);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;
	Result		whole;
	Result		other;
	size_t		cut = size > 0 ? data[size - 1] % 7 + 1 : 1;

	read_all(&whole, text, size, size + 1, 0);
	read_all(&other, text, size, cut, 0);
	must_equal(&whole, &other);
	forget(&other);

	if (whole.n > 0)
	{
		size_t		from;

		read_all(&other, text, size, size + 1, (data[0] % (whole.n / 3) + 1) * 3);
		from = (size_t) other.places[other.n - 2];
		other.stop = 0;
		other.csv = pt_csv_new(take, &other);
		pt_csv_resume(other.csv, other.next_line, (int64_t) from);
		read_pieces(&other, text + from, size - from, cut);
		pt_csv_free(other.csv);
		must_equal(&whole, &other);
		forget(&other);
	}

	read_all(&other, whole.text, whole.len, whole.len + 1, 0);
	must(other.len == whole.len && (whole.len == 0 || memcmp(other.text, whole.text, whole.len) == 0));
	forget(&other);
	forget(&whole);
	return 0;
}
