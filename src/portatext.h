/*
 * portatext.h
 *	  What every room shares: settings, the business clock, stop points for
 *	  tests, identifiers and prepared statements.
 */
#ifndef PORTATEXT_H
#define PORTATEXT_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "executor/spi.h"
#include "utils/uuid.h"

#include "compat.h"

/* Settings (docs/operations.md has a line for each). */
extern char *pt_account_setting;	/* portatext.account_id; NULL = not set */

/* The extension's own objects: portatext.c. */
extern Oid	pt_extension_oid(void); /* InvalidOid when it is not installed */
extern Oid	pt_owner_oid(void); /* role portatext_owner; InvalidOid if missing */

/* The one business clock: clock.c. */
extern TimestampTz pt_now(void);

/*
 * Named places where a test may stop, fail or kill the process: point.c.
 * They compile to nothing in the shipped build.
 */
#ifdef PORTATEXT_TEST
extern void pt_point(const char *name);
#define PT_POINT(name) pt_point(name)
#else
#define PT_POINT(name) ((void) 0)
#endif

/* Time-ordered identifiers (RFC 9562, version 7): uuid7.c. */
extern void pt_uuid7(pg_uuid_t *id);
extern Datum pt_uuid7_datum(void);	/* palloc'd */

/*
 * A statement that is planned once per process: spi.c.  Declare it static with
 * sql, nargs and argtypes filled in.  The caller is inside SPI_connect.
 */
#define PT_PLAN_MAX_ARGS 32
typedef struct PtPlan
{
	const char *sql;
	int			nargs;
	Oid			argtypes[PT_PLAN_MAX_ARGS];
	SPIPlanPtr	plan;
	bool		generic;		/* arrays of any length: never planned for their values */
} PtPlan;

/*
 * Runs the plan; nulls is an SPI null string or NULL.  expected is the SPI_OK_*
 * result; anything else is an internal error.  Returns the rows processed;
 * results are in SPI_tuptable.
 */
extern uint64 pt_plan_run(PtPlan *plan, const Datum *values, const char *nulls, int expected);

/* The same with the newest snapshot, also under REPEATABLE READ. */
extern uint64 pt_plan_run_latest(PtPlan *plan, const Datum *values, const char *nulls, int expected);

/*
 * A query that changes nothing, with the newest snapshot; own changes of
 * earlier commands are seen.  Also works in parallel workers.
 */
extern uint64 pt_plan_read(PtPlan *plan, const Datum *values, const char *nulls);

/* The same with the snapshot of the statement that is running. */
extern uint64 pt_plan_read_statement(PtPlan *plan, const Datum *values, const char *nulls);

/* A cursor over it, with the newest snapshot, for SPI_cursor_fetch(). */
extern Portal pt_plan_cursor(PtPlan *plan, const Datum *values, const char *nulls);

/* Column col (from 1) of row (from 0) of SPI_tuptable. */
extern Datum pt_result(uint64 row, int col, bool *isnull);

/*
 * Runs a stretch of code as portatext_owner (C code that is not reached
 * through a SECURITY DEFINER function: transaction callbacks).  An error in
 * between is undone by the transaction's abort.
 */
typedef struct PtRole
{
	Oid			userid;
	int			sec_context;
} PtRole;
extern void pt_become_owner(PtRole *saved);

/*
 * The same, and row-level security does not bind: for code that names the
 * account itself, such as the books.  A PtPlan is either always run so or never.
 */
extern void pt_become_keeper(PtRole *saved);
extern void pt_become_caller(const PtRole *saved);

#endif							/* PORTATEXT_H */
