/*
 * tariff.c
 *	  Credits per segment by destination: longest prefix, with a cache.
 *
 * The cache holds the rows in force, the general ones and those of accounts
 * that were asked for, until a row changes or the next one begins or ends.
 */
#include "billing/billing.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "account/account.h"
#include "cache.h"

#define MAX_DIGITS 15

/* A prefix is kept as the number that "1" and its digits make, so that 044 is not 44. */
typedef struct RateKey
{
	int64		account_id;		/* 0: general */
	int64		prefix;
} RateKey;

typedef struct Rate
{
	RateKey		key;
	Datum		credits;
} Rate;

typedef struct Book
{
	int64		account_id;
	int			longest;		/* digits of its longest prefix, -1: no rows */
} Book;

static MemoryContext memory = NULL; /* of all that follows */
static HTAB *rates;
static HTAB *books;				/* the accounts whose rows are in rates */
static TimestampTz loaded_at;
static TimestampTz good_until;
static PtCache cache = {.tables = {"tariff"}};

/*
 * Begins an empty cache.  The old one lives until the transaction's end, for
 * callers that hold an amount from it.
 */
static void
start_cache(TimestampTz now)
{
	HASHCTL		of_rates = {.keysize = sizeof(RateKey), .entrysize = sizeof(Rate)};
	HASHCTL		of_books = {.keysize = sizeof(int64), .entrysize = sizeof(Book)};

	if (memory != NULL)
		MemoryContextSetParent(memory, TopTransactionContext);
	memory = AllocSetContextCreate(TopMemoryContext, "portatext tariffs", ALLOCSET_DEFAULT_SIZES);
	of_rates.hcxt = of_books.hcxt = memory;
	rates = hash_create("portatext rates", 256, &of_rates, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	books = hash_create("portatext tariff books", 16, &of_books, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	loaded_at = now;
	good_until = DT_NOEND;
}

/* "44" as 144. */
static int64
prefix_key(const char *digits, int len)
{
	int64		key = 1;

	for (int i = 0; i < len; i++)
		key = key * 10 + (digits[i] - '0');
	return key;
}

/* Takes over the rows that were read, later beginnings last; returns the longest prefix in force. */
static int
keep_rows(int64 account_id, uint64 rows)
{
	int			longest = -1;

	for (uint64 row = 0; row < rows; row++)
	{
		bool		isnull;
		text	   *prefix = DatumGetTextPP(pt_result(row, 1, &isnull));
		TimestampTz from = DatumGetTimestampTz(pt_result(row, 3, &isnull));
		TimestampTz to = DatumGetTimestampTz(pt_result(row, 4, &isnull));
		int			len = VARSIZE_ANY_EXHDR(prefix);
		RateKey		key = {account_id, prefix_key(VARDATA_ANY(prefix), len)};
		MemoryContext caller;
		Rate	   *rate;

		good_until = Min(good_until, from > loaded_at ? from : to);
		if (from > loaded_at)
			continue;
		rate = hash_search(rates, &key, HASH_ENTER, NULL);
		caller = MemoryContextSwitchTo(memory);
		rate->credits = datumCopy(pt_result(row, 2, &isnull), false, -1);
		MemoryContextSwitchTo(caller);
		longest = Max(longest, len);
	}
	return longest;
}

/* Reads the rows of one account, or the general ones (0), that are not over. */
static int
load_rows(int64 account_id)
{
	static PtPlan plan = {
		"SELECT prefix, credits, valid_from, valid_to FROM portatext.tariff "
		"WHERE COALESCE(account_id, 0) OPERATOR(pg_catalog.=) $1 "
		"AND valid_to OPERATOR(pg_catalog.>) $2 ORDER BY prefix, valid_from",
		2, {INT8OID, TIMESTAMPTZOID}
	};
	Datum		values[2] = {Int64GetDatum(account_id), TimestampTzGetDatum(loaded_at)};
	PtRole		saved;
	int			longest;

	SPI_connect();
	pt_become_keeper(&saved);
	longest = keep_rows(account_id, pt_plan_read(&plan, values, NULL));
	pt_become_caller(&saved);
	SPI_finish();
	return longest;
}

/* The account's rows (0: the general ones) are in the cache; returns their longest prefix. */
static int
longest_prefix(int64 account_id)
{
	Book	   *book = hash_search(books, &account_id, HASH_FIND, NULL);
	int			longest;

	if (book != NULL)
		return book->longest;
	longest = load_rows(account_id);
	book = hash_search(books, &account_id, HASH_ENTER, NULL);
	book->longest = longest;
	return longest;
}

/* One look-up. */
static bool
rate_of(int64 account_id, int64 prefix, Datum *credits)
{
	RateKey		key = {account_id, prefix};
	Rate	   *rate = hash_search(rates, &key, HASH_FIND, NULL);

	if (rate != NULL)
		*credits = rate->credits;
	return rate != NULL;
}

bool
pt_tariff_for(int64 account_id, const char *e164, Datum *credits)
{
	const char *digits = e164 + 1;
	int			len = Min(strlen(digits), MAX_DIGITS);
	bool		general = !pt_account_get(account_id)->sandbox;
	TimestampTz now = pt_now();
	int			own_longest;
	int			longest;
	int64		prefix;

	if (!pt_cache_fresh(&cache) || now < loaded_at || now >= good_until)
	{
		pt_cache_begin(&cache);
		start_cache(now);
		pt_cache_loaded(&cache);
	}
	own_longest = longest_prefix(account_id);
	longest = general ? longest_prefix(0) : -1;
	len = Min(len, Max(own_longest, longest));
	if (len < 0)
		return false;
	prefix = prefix_key(digits, len);
	for (; len >= 0; len--, prefix /= 10)
	{
		if (len <= own_longest && rate_of(account_id, prefix, credits))
			return true;
		if (len <= longest && rate_of(0, prefix, credits))
			return true;
	}
	return false;
}
