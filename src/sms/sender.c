/*
 * sender.c
 *	  Which of an account's own numbers a message is sent from (SMS-14).
 *
 * Among several the choice is sticky without a table: each pair of sender and
 * recipient has a fixed rank and the highest wins (weighted rendezvous hashing),
 * so that a recipient keeps its sender when others are added or removed, and
 * thousands of recipients spread by the senders' weights (CAMP-08, CAMP-09).
 * Senders whose messages do not arrive are taken only when there are no others.
 */
#include "portatext.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "cache.h"
#include "carrier/choice.h"
#include "sms/order.h"
#include "sms/service_hook.h"

/* A sender of the account. */
typedef struct Sender
{
	char	   *name;
	const char *country;		/* NULL: no country's */
	int32		weight;
	bool		healthy;
} Sender;

/* What is best of those looked at. */
typedef struct Best
{
	const Sender *sender;		/* NULL: none yet */
	int			class;			/* the higher the better, whatever the rank */
	double		rank;
} Best;

/* The senders of the account asked for last; most sessions have one account. */
static PtCache senders_cache = {.tables = {"did", "unhealthy_sender"}};
static MemoryContext senders_context = NULL;
static int64 senders_account = 0;
static Sender *senders = NULL;
static int	senders_count = 0;

static void
load_senders(int64 account_id)
{
	static PtPlan plan = {
		"SELECT d.number::text, d.weight, NOT EXISTS ("
		"SELECT FROM portatext.unhealthy_sender u WHERE u.number = d.number) "
		"FROM portatext.did d WHERE d.account_id = $1 ORDER BY 1",
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
	senders = palloc0((n + 1) * sizeof(Sender));
	for (uint64 i = 0; i < n; i++)
	{
		Sender	   *s = &senders[i];
		bool		isnull;

		s->name = TextDatumGetCString(pt_result(i, 1, &isnull));
		s->country = s->name[0] == '+' ? pt_number_country(s->name) : NULL;
		s->weight = DatumGetInt32(pt_result(i, 2, &isnull));
		s->healthy = DatumGetBool(pt_result(i, 3, &isnull));
	}
	MemoryContextSwitchTo(old);
	senders_count = (int) n;
	senders_account = account_id;
	pt_cache_loaded(&senders_cache);
}

/* Keeps the better of two senders for the recipient. */
static void
keep_better(Best *best, const Sender *sender, int class, int32 weight, const char *to)
{
	double		rank;

	if (best->sender != NULL && class < best->class)
		return;
	rank = pt_weighted_rank(sender->name, to, weight);
	if (best->sender != NULL && class == best->class && rank <= best->rank)
		return;
	best->sender = sender;
	best->class = class;
	best->rank = rank;
}

/* The account's own spelling of a sender as the caller wrote it; NULL: not its. */
static const Sender *
find_own(const char *name, size_t len)
{
	char		canonical[PT_E164_SIZE];

	for (int i = 0; i < senders_count; i++)
	{
		if (strlen(senders[i].name) == len && memcmp(senders[i].name, name, len) == 0)
			return &senders[i];
	}
	if (pt_number_read(name, len, NULL, canonical) == PT_NUMBER_OK)
	{
		for (int i = 0; i < senders_count; i++)
		{
			if (strcmp(senders[i].name, canonical) == 0)
				return &senders[i];
		}
	}
	return NULL;
}

/* Is it the short code of a service of the account? */
static bool
is_services(const char *name, size_t len)
{
	return pt_service_hooks != NULL && isdigit((unsigned char) name[0]) &&
		pt_service_hooks->owns(senders_account, name, len);
}

/* Raises 22023 for a service's short code: who writes from it must name the service (LAW-05). */
static void
require_no_service(const char *name, size_t len)
{
	if (len > 0 && is_services(name, len))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%.*s is the short code of a service", (int) len, name),
				 errhint("Name the service in the argument service instead; it writes to its subscribers only.")));
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
	Best		best = {NULL};

	do
	{
		size_t		len;
		const char *item = next_item(&at, end, &len);
		const Sender *own;

		require_no_service(item, len);
		own = find_own(item, len);
		if (own == NULL)
		{
			pt_refuse(refusal, PT_REFUSE_UNKNOWN_SENDER, "The sender is \"%.*s\".",
					  pg_mbcliplen(item, (int) len, 100), item);
			return NULL;
		}
		keep_better(&best, own, own->healthy, Max(own->weight, 1), to);
	} while (at < end);
	return best.sender->name;
}

/*
 * The choice among all: telephone numbers first, names and codes only without
 * them; of the numbers the healthy ones, of those the recipient's country's.
 */
static const char *
choose_any(const char *to, PtRefusal *refusal)
{
	const char *country = pt_number_country(to);
	Best		best = {NULL};

	for (int i = 0; i < senders_count; i++)
	{
		const Sender *s = &senders[i];
		int			class = s->name[0] == '+' ? 4 : 0;

		if (s->weight == 0 || is_services(s->name, strlen(s->name)))
			continue;
		if (s->healthy)
			class += 2;
		if (country != NULL && s->country != NULL && strcmp(country, s->country) == 0)
			class++;
		keep_better(&best, s, class, s->weight, to);
	}
	if (best.sender != NULL)
		return best.sender->name;
	pt_refuse(refusal, PT_REFUSE_NO_SENDER, "No number is assigned to account %lld.",
			  (long long) senders_account);
	return NULL;
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
