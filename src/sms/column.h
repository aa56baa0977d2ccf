/*
 * column.h
 *	  Columns of values handed to a statement as arrays for unnest().
 */
#ifndef PORTATEXT_COLUMN_H
#define PORTATEXT_COLUMN_H

#include "portatext.h"

typedef struct PtColumn
{
	Oid			type;			/* of the elements */
	int			n;
	int			room;
	Datum	   *values;
	bool	   *nulls;
} PtColumn;

extern void pt_column_add(PtColumn *column, Datum value);
extern void pt_column_add_text(PtColumn *column, const char *text); /* NULL or empty: null */
extern void pt_column_add_null(PtColumn *column);
extern void pt_column_add_uuid(PtColumn *column, const pg_uuid_t *id);
extern Datum pt_column_array(const PtColumn *column);

/* Runs a statement over as many columns as it has parameters, if there are rows. */
extern void pt_column_run(PtPlan *plan, const PtColumn *columns, int expected);

#endif							/* PORTATEXT_COLUMN_H */
