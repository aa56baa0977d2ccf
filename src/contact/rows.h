/*
 * rows.h
 *	  Writing the contacts of a version in batches, the last of a number wins (CSV-08).
 */
#ifndef PORTATEXT_CONTACT_ROWS_H
#define PORTATEXT_CONTACT_ROWS_H

#include "portatext.h"

#include "utils/jsonb.h"

typedef struct PtContactRows PtContactRows;

/* In the current memory context. */
extern PtContactRows *pt_rows_new(int64 account_id, int64 version);

/*
 * Adds one contact; variables (NULL: none) is copied.  When the batch is full, it is written.
 * Inside SPI, as the keeper.
 */
extern void pt_rows_add(PtContactRows *rows, const char *number, const Jsonb *variables);

/* Writes what is left. */
extern void pt_rows_flush(PtContactRows *rows);

extern int64 pt_rows_added(const PtContactRows *rows);
extern int64 pt_rows_duplicates(const PtContactRows *rows);

/* A new version number; inside SPI, as the keeper. */
extern int64 pt_version_new(void);

/* Nothing names the version any more. */
extern void pt_version_retire(int64 account_id, int64 version);

#endif							/* PORTATEXT_CONTACT_ROWS_H */
