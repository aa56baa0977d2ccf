/*
 * rows.h
 *	  Writing the contacts of a version, the last of a number wins (CSV-08).
 */
#ifndef PORTATEXT_CONTACT_ROWS_H
#define PORTATEXT_CONTACT_ROWS_H

#include "portatext.h"

#include "utils/jsonb.h"

typedef struct PtContactRows PtContactRows;

/* In the current memory context.  fresh: the version has no contacts yet, and all come before the one flush. */
extern PtContactRows *pt_rows_new(int64 account_id, int64 version, bool fresh);

/* Adds one contact; variables (NULL: none) is copied. */
extern void pt_rows_add(PtContactRows *rows, const char *number, const Jsonb *variables);

/* Writes what was added since the last flush; inside SPI, as the keeper. */
extern void pt_rows_flush(PtContactRows *rows);

/* Rows that another one has replaced, as of the last flush. */
extern int64 pt_rows_duplicates(const PtContactRows *rows);

/* A new version number; inside SPI, as the keeper. */
extern int64 pt_version_new(void);

/* Nothing names the version any more. */
extern void pt_version_retire(int64 account_id, int64 version);

/* A batch of rows with different numbers: rows_write.c. */
#define PT_ROWS_BATCH 1000

typedef struct PtRowBatch
{
	int64		account_id;
	int64		version;
	int			n;
	Size		bytes;			/* of the variables */
	Datum		numbers[PT_ROWS_BATCH];
	Datum		variables[PT_ROWS_BATCH];
	bool		none[PT_ROWS_BATCH];	/* no variables */
} PtRowBatch;

/* Writes the batch, also over rows that are there; returns how many those were. */
extern int64 pt_rows_merge(const PtRowBatch *batch);

/*
 * Writes batches into a version that has none of the numbers, past the executor.
 * NULL: the table is not as this extension has made it; then merge.
 */
typedef struct PtRowAppend PtRowAppend;
extern PtRowAppend *pt_rows_append_begin(void);
extern void pt_rows_append(PtRowAppend *append, const PtRowBatch *batch);
extern void pt_rows_append_end(PtRowAppend *append);

#endif							/* PORTATEXT_CONTACT_ROWS_H */
