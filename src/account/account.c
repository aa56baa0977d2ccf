/*
 * account.c
 *	  What an account is like: a cache of portatext.account.
 */
#include "account/account.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "billing/credits.h"
#include "cache.h"

typedef struct Entry
{
	PtAccount	account;		/* account_id, the key, comes first */
	bool		loaded;
} Entry;

static HTAB *entries = NULL;
static PtCache cache = {.tables = {"account"}};

/* Everything must be read again; the entries stay, as callers point to them. */
static void
forget_all(void)
{
	HASH_SEQ_STATUS seq;
	Entry	   *entry;

	if (entries == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(int64), .entrysize = sizeof(Entry)};

		entries = hash_create("portatext accounts", 64, &ctl, HASH_ELEM | HASH_BLOBS);
		return;
	}
	hash_seq_init(&seq, entries);
	while ((entry = hash_seq_search(&seq)) != NULL)
		entry->loaded = false;
}

/* Copies the row that was just read. */
static void
fill(PtAccount *account)
{
	bool		isnull;
	Datum		value;

	account->prepaid = DatumGetBool(pt_result(0, 1, &isnull));
	account->sandbox = DatumGetBool(pt_result(0, 2, &isnull));
	account->suspended = DatumGetBool(pt_result(0, 3, &isnull));
	account->message_events = DatumGetBool(pt_result(0, 4, &isnull));
	account->carrier_id = DatumGetInt32(pt_result(0, 5, &isnull));
	value = pt_result(0, 6, &isnull);
	account->has_alert = !isnull;
	account->alert_below = isnull ? 0 : pt_micro(value);
	strlcpy(account->timezone, TextDatumGetCString(pt_result(0, 7, &isnull)), sizeof(account->timezone));
}

/* Reads one account; false when there is none. */
static bool
load(PtAccount *account)
{
	static PtPlan plan = {
		"SELECT kind OPERATOR(pg_catalog.=) 'prepaid', sandbox, suspended, message_events, "
		"pg_catalog.int4(COALESCE(carrier_id, -1)), alert_when_credit_less_than, timezone "
		"FROM portatext.account WHERE account_id OPERATOR(pg_catalog.=) $1",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(account->account_id);
	PtRole		saved;
	bool		found;

	SPI_connect();
	pt_become_keeper(&saved);
	found = pt_plan_read(&plan, &value, NULL) > 0;
	if (found)
		fill(account);
	pt_become_caller(&saved);
	SPI_finish();
	return found;
}

const PtAccount *
pt_account_get(int64 account_id)
{
	static Entry *last = NULL;
	bool		known;

	if (!pt_cache_fresh(&cache))
	{
		pt_cache_begin(&cache);
		forget_all();
		pt_cache_loaded(&cache);
	}
	if (last == NULL || last->account.account_id != account_id)
	{
		last = hash_search(entries, &account_id, HASH_ENTER, &known);
		if (!known)
			last->loaded = false;
	}
	if (!last->loaded)
	{
		Entry	   *entry = last;

		if (!load(&entry->account))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("account %lld does not exist", (long long) account_id)));
		entry->loaded = true;
	}
	return &last->account;
}
