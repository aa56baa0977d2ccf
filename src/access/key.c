/*
 * key.c
 *	  API keys as requests bring them: found by their SHA-256, and remembered.
 *
 * What a wrong key takes says nothing about the right ones: only keys that were
 * found are remembered, and those by their hash.
 */
#include "access/access.h"

#include "catalog/pg_type.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inet.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "cache.h"

#define KEYS_KEPT 4096			/* then all are forgotten */

/* Whose key it is depends on the hash; whether it is good here also on the address. */
typedef struct KnownKeyId
{
	char		hash[PG_SHA256_DIGEST_LENGTH];
	char		address[PT_ADDRESS_LEN];	/* with zeros behind it; empty: unknown */
} KnownKeyId;

typedef struct KnownKey
{
	KnownKeyId	id;				/* the key */
	PtApiKey	key;
	TimestampTz expires_at;
} KnownKey;

static HTAB *known = NULL;
static PtCache cache = {.tables = {"api_key", "api_acl"}};

/* Empties what is remembered, if a key or an address has changed, or it is too much. */
static void
refresh(void)
{
	HASHCTL		ctl = {.keysize = sizeof(KnownKeyId),.entrysize = sizeof(KnownKey)};

	if (pt_cache_fresh(&cache) && hash_get_num_entries(known) < KEYS_KEPT)
		return;
	pt_cache_begin(&cache);
	if (known != NULL)
		hash_destroy(known);
	known = NULL;
	known = hash_create("portatext API keys", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	pt_cache_loaded(&cache);
}

/* Reads the row of the key with this hash into *found; false: there is none that holds. */
static bool
load(Datum hash, const PtAddress *address, KnownKey *found)
{
	static PtPlan plan = {
		"SELECT k.key_id, k.account_id, k.rights::pg_catalog.text, COALESCE(k.requests_per_minute, 0),"
		" CASE WHEN k.addresses IS NULL THEN EXISTS (SELECT FROM portatext.api_acl a"
		"  WHERE a.account_id OPERATOR(pg_catalog.=) k.account_id"
		"  AND (pg_catalog.masklen(a.network) OPERATOR(pg_catalog.=) 0 OR a.network OPERATOR(pg_catalog.>>=) $2))"
		" ELSE EXISTS (SELECT FROM pg_catalog.unnest(k.addresses) a (network)"
		"  WHERE pg_catalog.masklen(a.network) OPERATOR(pg_catalog.=) 0 OR a.network OPERATOR(pg_catalog.>>=) $2) END,"
		" COALESCE(k.expires_at, 'infinity')"
		" FROM portatext.api_key k WHERE k.hash OPERATOR(pg_catalog.=) $1 AND k.revoked_at IS NULL",
		2, {BYTEAOID, INETOID}
	};
	Datum		values[2] = {hash, (Datum) 0};
	PtRole		saved;
	bool		there;
	bool		isnull;

	if (address != NULL)
		values[1] = DirectFunctionCall1(inet_in, CStringGetDatum(address->text));
	pt_become_keeper(&saved);
	there = pt_plan_read(&plan, values, address == NULL ? " n" : NULL) > 0;
	pt_become_caller(&saved);
	if (!there)
		return false;
	found->key.key_id = DatumGetInt64(pt_result(0, 1, &isnull));
	found->key.account_id = DatumGetInt64(pt_result(0, 2, &isnull));
	found->key.rights = pt_rights_in(TextDatumGetCString(pt_result(0, 3, &isnull)));
	found->key.most = DatumGetInt32(pt_result(0, 4, &isnull));
	found->key.allowed = DatumGetBool(pt_result(0, 5, &isnull));
	found->expires_at = DatumGetTimestampTz(pt_result(0, 6, &isnull));
	return true;
}

bool
pt_api_key_find(const char *secret, const PtAddress *address, PtApiKey *key)
{
	Datum		hash = pt_secret_hash(secret);
	KnownKeyId	id = {{0}};
	KnownKey	loaded;
	KnownKey   *entry;

	refresh();
	memcpy(id.hash, VARDATA(DatumGetPointer(hash)), sizeof(id.hash));
	if (address != NULL)
		strlcpy(id.address, address->text, sizeof(id.address));
	entry = hash_search(known, &id, HASH_FIND, NULL);
	if (entry == NULL)
	{
		if (!load(hash, address, &loaded))
			return false;
		/* A change that arrived meanwhile has made the cache stale: the next request begins anew. */
		entry = hash_search(known, &id, HASH_ENTER, NULL);
		entry->key = loaded.key;
		entry->expires_at = loaded.expires_at;
	}
	*key = entry->key;
	return entry->expires_at > pt_now();
}
