/*
 * query.h
 *	  Lists that are queries: checked when they are made, run with their owner's rights.
 */
#ifndef PORTATEXT_CONTACT_QUERY_H
#define PORTATEXT_CONTACT_QUERY_H

#include "portatext.h"

#include "utils/tuplestore.h"

extern int	pt_query_timeout;	/* portatext.query_timeout, milliseconds; 0: none */

/*
 * Checks the query as the current role's: one SELECT that changes and locks
 * nothing, with a column number.  Returns it with every name qualified, so that
 * no search_path changes its meaning.  Raises 22023, or what the parser raises.
 */
extern char *pt_query_check(const char *query);

/*
 * Runs a query that pt_query_check returned as the role owner, for the account:
 * read-only, in a subtransaction that is undone, for at most pt_query_timeout.
 * The rows go to store as (number text, variables jsonb), pt_query_desc();
 * limit 0 only begins it, which checks the owner's rights.
 */
extern void pt_query_run(const char *query, Oid owner, int64 account_id, Tuplestorestate *store,
						 bool begin_only);
extern TupleDesc pt_query_desc(void);

#endif							/* PORTATEXT_CONTACT_QUERY_H */
