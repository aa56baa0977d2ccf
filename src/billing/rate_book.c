/*
 * rate_book.c
 *	  Rates by destination: longest prefix, with a cache.
 *
 * The cache holds the rows in force, the general ones and those of accounts
 * that were asked for, until a row changes or the next one begins or ends.
 */
#include "billing/rate_book.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "account/account.h"

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
	Datum		amounts[PT_RATE_AMOUNTS];
} Rate;

typedef struct AccountRates
{
	int64		account_id;
	int			longest;		/* digits of its longest prefix, -1: no rows */
} AccountRates;

/*
 * Begins an empty cache.  The old one lives until the transaction's end, for
 * callers that hold an amount from it.
 */
static void
start_cache(PtRateBook *book, TimestampTz now)
{
	HASHCTL		of_rates = {.keysize = sizeof(RateKey),.entrysize = sizeof(Rate)};
	HASHCTL		of_accounts = {.keysize = sizeof(int64),.entrysize = sizeof(AccountRates)};

	if (book->memory != NULL)
		MemoryContextSetParent(book->memory, TopTransactionContext);
	book->memory = AllocSetContextCreate(TopMemoryContext, "portatext rates", ALLOCSET_DEFAULT_SIZES);
	of_rates.hcxt = of_accounts.hcxt = book->memory;
	book->rates = hash_create("portatext rates", 256, &of_rates, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	book->accounts = hash_create("portatext rates of accounts", 16, &of_accounts, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	book->loaded_at = now;
	book->good_until = DT_NOEND;
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

/* Takes over the amounts of a row that was read. */
static void
keep_amounts(PtRateBook *book, uint64 row, const RateKey *key)
{
	Rate	   *rate = hash_search(book->rates, key, HASH_ENTER, NULL);
	MemoryContext caller = MemoryContextSwitchTo(book->memory);
	bool		isnull;

	for (int i = 0; i < book->n_amounts; i++)
		rate->amounts[i] = datumCopy(pt_result(row, 4 + i, &isnull), false, -1);
	MemoryContextSwitchTo(caller);
}

/* Takes over the rows that were read, later beginnings last; returns the longest prefix in force. */
static int
keep_rows(PtRateBook *book, int64 account_id, uint64 rows)
{
	int			longest = -1;

	for (uint64 row = 0; row < rows; row++)
	{
		bool		isnull;
		text	   *prefix = DatumGetTextPP(pt_result(row, 1, &isnull));
		TimestampTz from = DatumGetTimestampTz(pt_result(row, 2, &isnull));
		TimestampTz to = DatumGetTimestampTz(pt_result(row, 3, &isnull));
		int			len = VARSIZE_ANY_EXHDR(prefix);
		RateKey		key = {account_id, prefix_key(VARDATA_ANY(prefix), len)};

		book->good_until = Min(book->good_until, from > book->loaded_at ? from : to);
		if (from > book->loaded_at)
			continue;
		keep_amounts(book, row, &key);
		longest = Max(longest, len);
	}
	return longest;
}

/* Reads the rows of one account, or the general ones (0), that are not over. */
static int
load_rows(PtRateBook *book, int64 account_id)
{
	Datum		values[2] = {Int64GetDatum(account_id), TimestampTzGetDatum(book->loaded_at)};
	PtRole		saved;
	int			longest;

	SPI_connect();
	pt_become_keeper(&saved);
	longest = keep_rows(book, account_id, pt_plan_read(&book->query, values, NULL));
	pt_become_caller(&saved);
	SPI_finish();
	return longest;
}

/* The account's rows (0: the general ones) are in the cache; returns their longest prefix. */
static int
longest_prefix(PtRateBook *book, int64 account_id)
{
	AccountRates *account = hash_search(book->accounts, &account_id, HASH_FIND, NULL);
	int			longest;

	if (account != NULL)
		return account->longest;
	longest = load_rows(book, account_id);
	account = hash_search(book->accounts, &account_id, HASH_ENTER, NULL);
	account->longest = longest;
	return longest;
}

/* One look-up. */
static bool
rate_of(PtRateBook *book, int64 account_id, int64 prefix, Datum *amounts)
{
	RateKey		key = {account_id, prefix};
	Rate	   *rate = hash_search(book->rates, &key, HASH_FIND, NULL);

	if (rate != NULL)
		memcpy(amounts, rate->amounts, book->n_amounts * sizeof(Datum));
	return rate != NULL;
}

/* Throws away what is not good any more. */
static void
freshen(PtRateBook *book)
{
	TimestampTz now = pt_now();

	if (pt_cache_fresh(&book->cache) && now >= book->loaded_at && now < book->good_until)
		return;
	pt_cache_begin(&book->cache);
	start_cache(book, now);
	pt_cache_loaded(&book->cache);
}

bool
pt_rate_find(PtRateBook *book, int64 account_id, const char *e164, Datum *amounts)
{
	const char *digits = e164 + 1;
	int			len = Min(strlen(digits), MAX_DIGITS);
	bool		general = !pt_account_get(account_id)->sandbox;
	int			own_longest;
	int			longest;
	int64		prefix;

	freshen(book);
	own_longest = longest_prefix(book, account_id);
	longest = general ? longest_prefix(book, 0) : -1;
	len = Min(len, Max(own_longest, longest));
	if (len < 0)
		return false;
	prefix = prefix_key(digits, len);
	for (; len >= 0; len--, prefix /= 10)
	{
		if (len <= own_longest && rate_of(book, account_id, prefix, amounts))
			return true;
		if (len <= longest && rate_of(book, 0, prefix, amounts))
			return true;
	}
	return false;
}
