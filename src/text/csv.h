/*
 * csv.h
 *	  Reading CSV as it comes, in pieces of any size (RFC 4180, CSV-01 to CSV-08).
 *
 * Core: no PostgreSQL header.  A skin over libcsv that knows line numbers, the
 * byte-order mark and limits.  Memory: one record, by malloc; a callback that
 * leaves by longjmp leaves nothing behind that pt_csv_free does not free.
 *
 * LF, CRLF and CR end a line, mixed as they come.  Blanks are part of a field.
 * After a bad quote, a quote that is never closed or a record that is too long,
 * reading goes on with the line behind the record's first line; after the
 * other errors, behind the record.
 */
#ifndef PORTATEXT_TEXT_CSV_H
#define PORTATEXT_TEXT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PT_CSV_FIELDS 1000		/* of a record, at most */
#define PT_CSV_RECORD 1000000	/* bytes of a record with its line end, at most */

typedef struct PtCsvField
{
	const char *data;			/* not NUL-terminated; may hold anything */
	size_t		len;
} PtCsvField;

typedef enum PtCsvError
{
	PT_CSV_OK,
	PT_CSV_BAD_QUOTE,			/* a quote where none may be, or text behind the closing one */
	PT_CSV_OPEN_QUOTE,			/* the file ends inside quotes */
	PT_CSV_TOO_MANY_FIELDS,
	PT_CSV_TOO_LONG,
	PT_CSV_NUL,					/* a NUL byte */
	PT_CSV_NO_MEMORY			/* reading stops */
} PtCsvError;

/*
 * A record, or a line that is none (error, n = 0).  line is that of its first byte,
 * from 1; end is the offset behind its last byte in all that was fed.  Empty lines are not reported.
 * false: stop; pt_csv_feed returns at once.
 */
typedef bool (*PtCsvRecord) (void *context, const PtCsvField *fields, int n,
							 PtCsvError error, int64_t line, int64_t end);

typedef struct PtCsv PtCsv;

/* What is wrong with the line, for people: "the quotes are wrong". */
extern const char *pt_csv_problem(PtCsvError error);

extern PtCsv *pt_csv_new(PtCsvRecord record, void *context);	/* NULL: no memory */
extern bool pt_csv_feed(PtCsv *csv, const char *data, size_t len);	/* false: stopped */
extern bool pt_csv_end(PtCsv *csv); /* the last record may lack its line end */
extern void pt_csv_free(PtCsv *csv);

/* Inside the callback: the line that begins at its end.  Elsewhere: the line of the next byte to be read. */
extern int64_t pt_csv_next_line(const PtCsv *csv);

/* Between two feeds: offset and line where the record begins that is not complete, behind empty lines, too. */
extern int64_t pt_csv_position(const PtCsv *csv, int64_t *line);

/* Goes on in the middle of a file: the next byte fed is the first of that line and has that offset (0: a mark may come). */
extern void pt_csv_resume(PtCsv *csv, int64_t line, int64_t offset);

#endif							/* PORTATEXT_TEXT_CSV_H */
