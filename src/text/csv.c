/*
 * csv.c
 *	  Reading CSV in pieces of any size: libcsv, fed line by line.
 *
 * libcsv finds the fields and knows no lines; what it gets at once never goes
 * beyond the end of a line, so that each record's first line is known.  What
 * follows the first line of a record is kept until the record is complete: when
 * its quotes turn out to be wrong, only its first line is refused and the others
 * are read again.  They cannot open quotes that stay open, but for the last, so
 * nothing is read more than twice.
 *
 * Blanks are part of a field.  A line ends with LF, CRLF or CR, also inside quotes.
 *
 * Linked with: -lcsv
 */
#include "text/csv.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS (CSV_STRICT | CSV_REPALL_NL)
#define BLOCK 4096				/* bytes by which libcsv's buffer grows */

static const char byte_order_mark[] = "\xEF\xBB\xBF";
#define MARK_LEN 3

typedef struct Bytes
{
	char	   *data;
	size_t		len;
	size_t		size;
} Bytes;

struct PtCsv
{
	PtCsvRecord record;
	void	   *context;
	struct csv_parser parser;
	int64_t		offset;			/* behind all that was read */
	int64_t		line;			/* the one that begins or goes on there */
	int			mark;			/* bytes of the byte-order mark seen; MARK_LEN: it can come no more */
	bool		held;			/* a CR was fed that may be half of a CRLF */
	bool		stopped;

	/* The record. */
	PtCsvField	fields[PT_CSV_FIELDS];
	int			n;
	PtCsvError	error;
	Bytes		text;			/* of its fields */
	int64_t		first_line;
	int64_t		start;			/* offset of its first byte */
	int64_t		first_end;		/* offset behind its first line; 0: it is in that line */
	bool		ended;			/* libcsv has seen its end */
	bool		failed;			/* libcsv gets no more of it */

	/* Lines behind the first, from kept_from on; from kept_at on they are to be read again. */
	Bytes		kept;
	size_t		kept_from;
	size_t		kept_at;
};

/* The blanks that libcsv would take away from a field: none. */
static int
no_blank(unsigned char c)
{
	(void) c;
	return 0;
}

/* Makes room for len more bytes; false: no memory. */
static bool
reserve(Bytes *bytes, size_t len)
{
	size_t		size = bytes->size;
	char	   *data;

	if (bytes->len + len <= size)
		return true;
	while (size < bytes->len + len)
		size = size < 256 ? 256 : size * 2;
	data = realloc(bytes->data, size);
	if (data == NULL)
		return false;
	bytes->data = data;
	bytes->size = size;
	return true;
}

/* Appends; false: no memory. */
static bool
append(Bytes *bytes, const char *data, size_t len)
{
	if (!reserve(bytes, len))
		return false;
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
	return true;
}

/* libcsv has a field. */
static void
take_field(void *data, size_t len, void *context)
{
	PtCsv	   *csv = context;

	if (csv->error != PT_CSV_OK)
		return;
	if (csv->n == PT_CSV_FIELDS)
		csv->error = PT_CSV_TOO_MANY_FIELDS;
	else if (memchr(data, 0, len) != NULL)
		csv->error = PT_CSV_NUL;
	else if (!append(&csv->text, data, len))
		csv->error = PT_CSV_NO_MEMORY;
	else
		csv->fields[csv->n++].len = len;
}

/* libcsv has come to the end of a record, or of an empty line. */
static void
take_end(int c, void *context)
{
	PtCsv	   *csv = context;

	(void) c;
	csv->ended = true;
}

/* Gives the record, or its error, to the caller, unless it is an empty line. */
static void
deliver(PtCsv *csv)
{
	const char *data = csv->text.data;
	int			n = csv->error == PT_CSV_OK ? csv->n : 0;

	if (n == 0 && csv->error == PT_CSV_OK)
		return;
	for (int i = 0; i < n; i++)
	{
		csv->fields[i].data = data;
		data += csv->fields[i].len;
	}
	if (!csv->record(csv->context, csv->fields, n, csv->error, csv->first_line, csv->offset) ||
		csv->error == PT_CSV_NO_MEMORY)
		csv->stopped = true;
}

/* The next record begins here. */
static void
begin(PtCsv *csv)
{
	csv->n = 0;
	csv->error = PT_CSV_OK;
	csv->text.len = 0;
	csv->first_line = csv->line;
	csv->start = csv->offset;
	csv->first_end = 0;
	csv->ended = false;
	csv->failed = false;
	if (csv->kept_at == csv->kept.len)
		csv->kept_at = csv->kept.len = 0;
}

/* No more of the record for libcsv, which is made ready for the next.  The first error counts. */
static void
fail(PtCsv *csv, PtCsvError error)
{
	if (csv->error == PT_CSV_OK)
		csv->error = error;
	csv->failed = true;
	(void) csv_fini(&csv->parser, NULL, NULL, NULL);
}

/* Gives libcsv some bytes of a line, as many as a record may still have. */
static void
parse(PtCsv *csv, const char *data, size_t len)
{
	size_t		room = PT_CSV_RECORD - (size_t) (csv->offset - csv->start);
	size_t		n = len < room ? len : room;

	if (csv_parse(&csv->parser, data, n, take_field, take_end, csv) < n)
		fail(csv, csv_error(&csv->parser) == CSV_EPARSE ? PT_CSV_BAD_QUOTE : PT_CSV_NO_MEMORY);
	else if (n < len)
		fail(csv, PT_CSV_TOO_LONG);
}

/* Reports the first line of a record alone; its other lines are to be read again. */
static void
fall_back(PtCsv *csv)
{
	csv->offset = csv->first_end;
	csv->line = csv->first_line + 1;
	deliver(csv);
	csv->kept.len -= csv->kept_from;
	if (csv->kept.len > 0)
		memmove(csv->kept.data, csv->kept.data + csv->kept_from, csv->kept.len);
	csv->kept_at = 0;
	begin(csv);
}

/*
 * A line or a part of one, which is complete with its line end.  again: it is one of those kept.
 */
static void
take_line(PtCsv *csv, const char *data, size_t len, bool complete, bool again)
{
	if (csv->first_end != 0 && !again)
	{
		if (!append(&csv->kept, data, len))
			csv->error = PT_CSV_NO_MEMORY;
		csv->kept_at = csv->kept.len;
	}
	if (!csv->failed)
		parse(csv, data, len);
	csv->offset += (int64_t) len;
	if (complete)
		csv->line++;
	if (csv->failed && csv->first_end != 0)
		fall_back(csv);
	else if (complete && (csv->failed || csv->ended))
	{
		deliver(csv);
		begin(csv);
	}
	else if (complete && csv->first_end == 0)
	{
		csv->first_end = csv->offset;
		csv->kept_from = csv->kept_at;
	}
}

/*
 * The length of the first line of some bytes, with its line end if it has one
 * (*complete).  *lf is where the first LF is known to be: NULL before the first call.
 */
static size_t
line_length(const char *data, const char *end, const char **lf, bool *complete)
{
	const char *cr;

	if (*lf == NULL || *lf < data)
	{
		*lf = memchr(data, '\n', (size_t) (end - data));
		if (*lf == NULL)
			*lf = end;
	}
	cr = memchr(data, '\r', (size_t) (*lf - data));
	*complete = cr != NULL || *lf < end;
	if (cr != NULL && cr + 1 < *lf)
		return (size_t) (cr + 1 - data);
	return (size_t) (*lf - data) + (*lf < end ? 1 : 0);
}

/* Reads what was kept, line by line, until nothing is left. */
static void
read_again(PtCsv *csv)
{
	const char *lf = NULL;

	while (csv->kept_at < csv->kept.len && !csv->stopped)
	{
		const char *data = csv->kept.data + csv->kept_at;
		bool		complete;
		size_t		len = line_length(data, csv->kept.data + csv->kept.len, &lf, &complete);
		size_t		at = csv->kept_at += len;

		take_line(csv, data, len, complete, true);
		if (csv->kept_at != at)
			lf = NULL;			/* they have moved */
	}
}

/* Reads bytes that do not end with a CR that may be half of a CRLF. */
static void
read_lines(PtCsv *csv, const char *data, size_t len)
{
	const char *end = data + len;
	const char *lf = NULL;

	while (data < end && !csv->stopped)
	{
		bool		complete;
		size_t		n = line_length(data, end, &lf, &complete);

		take_line(csv, data, n, complete, false);
		read_again(csv);
		data += n;
	}
}

/* Steps over a byte-order mark at the very beginning; returns how many of the bytes it took. */
static size_t
skip_mark(PtCsv *csv, const char *data, size_t len)
{
	size_t		i = 0;

	while (i < len && csv->mark < MARK_LEN && data[i] == byte_order_mark[csv->mark])
	{
		csv->mark++;
		i++;
	}
	if (csv->mark == MARK_LEN)
	{
		csv->offset = csv->start = MARK_LEN;
		return i;
	}
	if (i < len)
	{
		size_t		seen = (size_t) csv->mark;

		csv->mark = MARK_LEN;
		read_lines(csv, byte_order_mark, seen);
	}
	return i;
}

/* Feeds the next bytes; false: the callback wants no more. */
bool
pt_csv_feed(PtCsv *csv, const char *data, size_t len)
{
	if (csv->mark < MARK_LEN)
	{
		size_t		n = skip_mark(csv, data, len);

		data += n;
		len -= n;
	}
	if (csv->stopped || len == 0)
		return !csv->stopped;
	if (csv->held)
	{
		bool		pair = *data == '\n';

		csv->held = false;
		read_lines(csv, "\r\n", pair ? 2 : 1);
		data += pair;
		len -= pair;
	}
	csv->held = len > 0 && data[len - 1] == '\r';
	read_lines(csv, data, len - csv->held);
	return !csv->stopped;
}

/* The record that the end of the file ends, if there is one. */
static void
end_record(PtCsv *csv)
{
	int			status = 0;

	if (!csv->failed)
	{
		(void) csv_set_opts(&csv->parser, OPTIONS | CSV_STRICT_FINI);
		status = csv_fini(&csv->parser, take_field, take_end, csv);
		(void) csv_set_opts(&csv->parser, OPTIONS);
	}
	if (status != 0)
		fail(csv, PT_CSV_OPEN_QUOTE);
	if (status != 0 && csv->first_end != 0)
		fall_back(csv);
	else
	{
		deliver(csv);
		begin(csv);
	}
}

/* The end of the file; false: the callback wants no more. */
bool
pt_csv_end(PtCsv *csv)
{
	if (csv->mark < MARK_LEN)
	{
		size_t		seen = (size_t) csv->mark;

		csv->mark = MARK_LEN;
		read_lines(csv, byte_order_mark, seen);
	}
	if (csv->held)
		read_lines(csv, "\r", 1);
	csv->held = false;
	while (!csv->stopped && csv->offset > csv->start)
	{
		end_record(csv);
		read_again(csv);
	}
	return !csv->stopped;
}

/* Goes on at the first byte of a line; what was fed before is forgotten. */
void
pt_csv_resume(PtCsv *csv, int64_t line, int64_t offset)
{
	(void) csv_fini(&csv->parser, NULL, NULL, NULL);
	csv->line = line;
	csv->offset = offset;
	csv->mark = offset == 0 ? 0 : MARK_LEN;
	csv->held = false;
	csv->stopped = false;
	csv->kept_at = csv->kept.len = 0;
	begin(csv);
}

/* The line that begins behind the record, inside the callback: what pt_csv_resume wants. */
int64_t
pt_csv_next_line(const PtCsv *csv)
{
	return csv->line;
}

/* Where the record begins that is not complete: pt_csv_resume may go on there. */
int64_t
pt_csv_position(const PtCsv *csv, int64_t *line)
{
	*line = csv->first_line;
	return csv->start;
}

/* What is wrong with a line, in words. */
const char *
pt_csv_problem(PtCsvError error)
{
	switch (error)
	{
		case PT_CSV_OK:
			break;
		case PT_CSV_BAD_QUOTE:
			return "the quotes are wrong";
		case PT_CSV_OPEN_QUOTE:
			return "a quote is never closed";
		case PT_CSV_TOO_MANY_FIELDS:
			return "it has too many columns";
		case PT_CSV_TOO_LONG:
			return "it is too long, or a quote is never closed";
		case PT_CSV_NUL:
			return "it has a NUL byte";
		case PT_CSV_NO_MEMORY:
			return "out of memory";
	}
	return "";
}

/* A reader at the beginning of a file; NULL: no memory. */
PtCsv *
pt_csv_new(PtCsvRecord record, void *context)
{
	PtCsv	   *csv = calloc(1, sizeof(PtCsv));

	if (csv == NULL || csv_init(&csv->parser, OPTIONS) != 0 || !reserve(&csv->text, BLOCK))
	{
		free(csv);
		return NULL;
	}
	csv_set_space_func(&csv->parser, no_blank);
	csv_set_blk_size(&csv->parser, BLOCK);
	csv->record = record;
	csv->context = context;
	pt_csv_resume(csv, 1, 0);
	return csv;
}

/* Frees the reader. */
void
pt_csv_free(PtCsv *csv)
{
	csv_free(&csv->parser);
	free(csv->text.data);
	free(csv->kept.data);
	free(csv);
}
