/*
 * rate_book.h
 *	  Rates by destination: the longest prefix of a number that has one in force, of equal
 *	  ones the account's own, with a cache.
 */
#ifndef PORTATEXT_RATE_BOOK_H
#define PORTATEXT_RATE_BOOK_H

#include "portatext.h"

#include "utils/hsearch.h"

#include "cache.h"

#define PT_RATE_AMOUNTS 2		/* at most, of a row */

/*
 * The rates of one table, static in the file that has it.  Its query is given the
 * account (0: the general rows) and a time, and selects prefix, valid_from, valid_to
 * and the amounts (numeric) of the rows that are not over then, in the order of prefix
 * and valid_from.
 */
typedef struct PtRateBook
{
	PtPlan		query;
	PtCache		cache;
	int			n_amounts;
	MemoryContext memory;		/* of all that follows */
	HTAB	   *rates;
	HTAB	   *accounts;		/* those whose rows are in rates */
	TimestampTz loaded_at;
	TimestampTz good_until;
} PtRateBook;

/*
 * The amounts in force for a number (+ and digits) now; they stay valid for the transaction.
 * False: there is no rate.  General rates are not for sandbox accounts.
 */
extern bool pt_rate_find(PtRateBook *book, int64 account_id, const char *e164, Datum *amounts);

#endif							/* PORTATEXT_RATE_BOOK_H */
