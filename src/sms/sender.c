/*
 * sender.c
 *	  Which of an account's own numbers a message is sent from (SMS-14).
 *
 * Among several the choice is sticky without a table: each pair of sender and
 * recipient has a fixed rank and the highest wins (rendezvous hashing), so that
 * a recipient keeps its sender when others are added or removed, and thousands
 * of recipients spread evenly.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "cache.h"
#include "sms/order.h"

/* The senders of the account asked for last; most sessions have one account. */
static PtCache senders_cache = {.tables = {"did"}};
static MemoryContext senders_context = NULL;
static int64 senders_account = 0;
static char **senders = NULL;
static int	senders_count = 0;

static void
load_senders(int64 account_id)
{
	static PtPlan plan = {
		"SELECT number::text FROM portatext.did WHERE account_id = $1 ORDER BY 1",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(account_id);
	MemoryContext old;
	uint64		n;

	if (senders_context == NULL)
		senders_context = AllocSetContextCreate(TopMemoryContext, "portatext senders",
												ALLOCSET_SMALL_SIZES);
	pt_cache_begin(&senders_cache);
	n = pt_plan_read(&plan, &value, NULL);
	MemoryContextReset(senders_context);
	old = MemoryContextSwitchTo(senders_context);
	senders = palloc((n + 1) * sizeof(char *));
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;

		senders[i] = TextDatumGetCString(pt_result(i, 1, &isnull));
	}
	MemoryContextSwitchTo(old);
	senders_count = (int) n;
	senders_account = account_id;
	pt_cache_loaded(&senders_cache);
}

/* The fixed rank of a sender for a recipient. */
static uint32
rank(const char *sender, const char *to)
{
	uint32		a = hash_bytes((const unsigned char *) sender, (int) strlen(sender));
	uint32		b = hash_bytes((const unsigned char *) to, (int) strlen(to));

	return murmurhash32(hash_combine(a, b));
}

/* Keeps the better of two senders for the recipient. */
static const char *
better(const char *best, const char *sender, const char *to)
{
	if (best == NULL || rank(sender, to) > rank(best, to))
		return sender;
	return best;
}

/* The account's own spelling of a sender as the caller wrote it; NULL: not its. */
static const char *
find_own(const char *name, size_t len)
{
	char		canonical[PT_E164_SIZE];

	for (int i = 0; i < senders_count; i++)
	{
		if (strlen(senders[i]) == len && memcmp(senders[i], name, len) == 0)
			return senders[i];
	}
	if (pt_number_read(name, len, NULL, canonical) == PT_NUMBER_OK)
	{
		for (int i = 0; i < senders_count; i++)
		{
			if (strcmp(senders[i], canonical) == 0)
				return senders[i];
		}
	}
	return NULL;
}

/* One item of a list, without the blanks around it; moves *at behind it. */
static const char *
next_item(const char **at, const char *end, size_t *len)
{
	const char *start = *at;
	const char *stop;

	while (start < end && *start == ' ')
		start++;
	for (stop = start; stop < end && *stop != ','; stop++)
		;
	*at = stop < end ? stop + 1 : end;
	while (stop > start && stop[-1] == ' ')
		stop--;
	*len = (size_t) (stop - start);
	return start;
}

/* The choice among the numbers listed in from; each must be the account's own. */
static const char *
choose_listed(const text *from, const char *to, PtRefusal *refusal)
{
	const char *at = VARDATA_ANY(from);
	const char *end = at + VARSIZE_ANY_EXHDR(from);
	const char *best = NULL;

	do
	{
		size_t		len;
		const char *item = next_item(&at, end, &len);
		const char *own = find_own(item, len);

		if (own == NULL)
		{
			pt_refuse(refusal, PT_REFUSE_UNKNOWN_SENDER, "The sender is \"%.*s\".",
					  pg_mbcliplen(item, (int) len, 100), item);
			return NULL;
		}
		best = better(best, own, to);
	} while (at < end);
	return best;
}

/* The choice among all: telephone numbers first, names and codes only without them. */
static const char *
choose_any(const char *to, PtRefusal *refusal)
{
	const char *best = NULL;
	const char *other = NULL;

	for (int i = 0; i < senders_count; i++)
	{
		if (senders[i][0] == '+')
			best = better(best, senders[i], to);
		else
			other = better(other, senders[i], to);
	}
	if (best == NULL)
		best = other;
	if (best == NULL)
		pt_refuse(refusal, PT_REFUSE_NO_SENDER, "No number is assigned to account %lld.",
				  (long long) senders_account);
	return best;
}

const char *
pt_sender_choose(int64 account_id, const text *from, const char *to, PtRefusal *refusal)
{
	if (!pt_cache_fresh(&senders_cache) || senders_account != account_id)
		load_senders(account_id);
	if (from == NULL || VARSIZE_ANY_EXHDR(from) == 0 ||
		(VARSIZE_ANY_EXHDR(from) == 3 && pg_strncasecmp(VARDATA_ANY(from), "any", 3) == 0))
		return choose_any(to, refusal);
	return choose_listed(from, to, refusal);
}
