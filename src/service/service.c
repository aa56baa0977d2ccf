/*
 * service.c
 *	  The cache of services: those that have their short code, with the texts
 *	  they answer with.
 */
#include "service/service.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "cache.h"
#include "number/number.h"

static PtCache cache = {.tables = {"service", "short_code", "service_text"}};
static MemoryContext context = NULL;
static PtService *services = NULL;
static PtService **by_id = NULL;
static PtService **by_name = NULL;	/* account, keyword, usable ones first */
static const char **keywords = NULL;	/* in the order of services */
static int	n_services = 0;

/* By id */
static int
compare_id(const void *a, const void *b)
{
	int64		left = (*(PtService *const *) a)->service_id;
	int64		right = (*(PtService *const *) b)->service_id;

	return (left > right) - (left < right);
}

/* By account, keyword and state; between equals the older one first. */
static int
compare_name(const void *a, const void *b)
{
	const PtService *left = *(PtService *const *) a;
	const PtService *right = *(PtService *const *) b;
	int			order = (left->account_id > right->account_id) - (left->account_id < right->account_id);

	if (order == 0)
		order = strcmp(left->keyword, right->keyword);
	if (order == 0)
		order = (right->state == PT_SERVICE_ACTIVE) - (left->state == PT_SERVICE_ACTIVE);
	return order != 0 ? order : compare_id(a, b);
}

/* A column of the row just read as a string; NULL: null. */
static char *
read_string(uint64 row, int col)
{
	bool		isnull;
	Datum		value = pt_result(row, col, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* The countries of a short code as a NULL-terminated list. */
static const char *const *
read_countries(Datum value)
{
	Datum	   *items;
	bool	   *nulls;
	int			n;
	const char **list;

	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &items, &nulls, &n);
	list = palloc0((n + 1) * sizeof(char *));
	for (int i = 0, at = 0; i < n; i++)
	{
		if (!nulls[i])
			list[at++] = TextDatumGetCString(items[i]);
	}
	return list;
}

/* One service from the row just read. */
static void
read_service(uint64 row, PtService *s)
{
	bool		isnull;

	s->service_id = DatumGetInt64(pt_result(row, 1, &isnull));
	s->account_id = DatumGetInt64(pt_result(row, 2, &isnull));
	s->short_code_id = DatumGetInt64(pt_result(row, 3, &isnull));
	s->keyword = read_string(row, 4);
	s->code = read_string(row, 5);
	s->country = read_string(row, 6);
	s->countries = read_countries(pt_result(row, 7, &isnull));
	s->carrier_id = DatumGetInt32(pt_result(row, 8, &isnull));
	s->state = (PtServiceState) DatumGetInt32(pt_result(row, 9, &isnull));
	s->double_opt_in = DatumGetBool(pt_result(row, 10, &isnull));
	s->marketing = DatumGetBool(pt_result(row, 11, &isnull));
	s->line_breaks = DatumGetBool(pt_result(row, 12, &isnull));
	s->frequency = DatumGetInt32(pt_result(row, 13, &isnull));
	s->frequency_rule = (PtFrequencyRule) DatumGetInt32(pt_result(row, 14, &isnull));
	s->tc_url = read_string(row, 15);
	s->phone = read_string(row, 16);
	s->language = read_string(row, 17);
}

#define EQ " OPERATOR(pg_catalog.=) "

/* Reads the services; the digits of state and rule are those of the C enums. */
static void
read_services(void)
{
	static PtPlan plan = {
		"SELECT s.service_id, s.account_id, c.short_code_id, s.keyword, c.code::pg_catalog.text, c.country, c.countries, "
		"COALESCE(c.carrier_id, -1), "
		"CASE s.state::pg_catalog.text WHEN 'approved' THEN 0 WHEN 'active' THEN 1 ELSE 2 END, "
		"s.double_opt_in, s.purpose" EQ "'marketing', s.line_breaks, s.frequency, "
		"CASE s.frequency_rule::pg_catalog.text WHEN 'count' THEN 0 WHEN 'warn' THEN 1 ELSE 2 END, "
		"s.tc_url, s.phone, s.language "
		"FROM portatext.service s JOIN portatext.short_code c ON c.short_code_id" EQ "s.short_code_id "
		"WHERE s.state::pg_catalog.text" EQ "ANY (ARRAY['approved', 'active', 'suspended']) "
		"ORDER BY c.code::pg_catalog.text COLLATE \"C\", c.country COLLATE \"C\", s.keyword COLLATE \"C\"",
		0
	};
	uint64		n = pt_plan_read(&plan, NULL, NULL);
	MemoryContext old = MemoryContextSwitchTo(context);

	services = palloc0((n + 1) * sizeof(PtService));
	keywords = palloc0((n + 1) * sizeof(char *));
	by_id = palloc0((n + 1) * sizeof(PtService *));
	by_name = palloc0((n + 1) * sizeof(PtService *));
	for (uint64 i = 0; i < n; i++)
	{
		read_service(i, &services[i]);
		keywords[i] = services[i].keyword;
		by_id[i] = by_name[i] = &services[i];
	}
	qsort(by_id, n, sizeof(PtService *), compare_id);
	qsort(by_name, n, sizeof(PtService *), compare_name);
	n_services = (int) n;
	MemoryContextSwitchTo(old);
}

/* The service among those that are loaded; NULL: none. */
static PtService *
find_id(int64 service_id)
{
	PtService	wanted = {.service_id = service_id};
	PtService  *key = &wanted;
	PtService **found = n_services == 0 ? NULL :
		bsearch(&key, by_id, n_services, sizeof(PtService *), compare_id);

	return found == NULL ? NULL : *found;
}

/* Reads the services' own texts. */
static void
read_texts(void)
{
	static const char *const names[PT_KINDS] = PT_KIND_NAMES;
	static PtPlan plan = {
		"SELECT t.service_id, t.kind::pg_catalog.text, t.body FROM portatext.service_text t",
		0
	};
	uint64		n = pt_plan_read(&plan, NULL, NULL);
	MemoryContext old = MemoryContextSwitchTo(context);

	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;
		PtService  *service = find_id(DatumGetInt64(pt_result(i, 1, &isnull)));
		const char *kind = read_string(i, 2);

		for (int k = 0; k < PT_KINDS && service != NULL; k++)
		{
			if (strcmp(kind, names[k]) == 0)
				service->texts[k] = read_string(i, 3);
		}
	}
	MemoryContextSwitchTo(old);
}

/*
 * Reads everything into a context of its own.  The one before lives until the
 * transaction ends, so that who holds a service keeps it.
 */
static void
load(void)
{
	PtRole		saved;

	pt_cache_begin(&cache);
	n_services = 0;
	if (context != NULL)
		MemoryContextSetParent(context, TopTransactionContext);
	context = AllocSetContextCreate(TopMemoryContext, "portatext services", ALLOCSET_SMALL_SIZES);
	SPI_connect();
	pt_become_keeper(&saved);
	read_services();
	read_texts();
	pt_become_caller(&saved);
	SPI_finish();
	pt_cache_loaded(&cache);
}

const PtService *
pt_services(int *count)
{
	if (!pt_cache_fresh(&cache))
		load();
	*count = n_services;
	return services;
}

const char *const *
pt_service_keywords(void)
{
	return keywords;
}

const PtService *
pt_service_by_id(int64 service_id)
{
	int			n;

	(void) pt_services(&n);
	return find_id(service_id);
}

/* Is the service before (-1), at (0) or behind (1) the account's keyword? */
static int
compare_to_name(const PtService *s, int64 account_id, const char *keyword, size_t len)
{
	int			order = (s->account_id > account_id) - (s->account_id < account_id);

	if (order == 0)
		order = pg_strncasecmp(s->keyword, keyword, len);
	return order != 0 ? order : s->keyword[len] != '\0';
}

int
pt_services_named(int64 account_id, const char *keyword, size_t len, const PtService *const **list)
{
	int			low = 0;
	int			end;
	int			high;

	(void) pt_services(&high);
	end = high;
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (compare_to_name(by_name[middle], account_id, keyword, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < end && compare_to_name(by_name[high], account_id, keyword, len) == 0; high++)
		;
	*list = (const PtService *const *) by_name + low;
	return high - low;
}

int
pt_services_of(int64 account_id, const PtService *const **list)
{
	int			n = 0;

	(void) pt_services_named(account_id, "", 0, list);	/* before all of its keywords */
	while (*list + n < (const PtService *const *) by_name + n_services && (*list)[n]->account_id == account_id)
		n++;
	return n;
}

const PtService *
pt_service_named(int64 account_id, const char *keyword, size_t len)
{
	const PtService *const *list;

	return pt_services_named(account_id, keyword, len, &list) > 0 ? list[0] : NULL;
}

bool
pt_service_serves(const PtService *service, const char *number)
{
	PtNumberPlan plan;

	(void) pt_number_plan(number, strlen(number), &plan);
	if (plan.country == NULL || plan.type == PT_LINE_FIXED)
		return false;
	for (const char *const *c = service->countries; *c != NULL; c++)
	{
		if (strcmp(*c, plan.country) == 0)
			return true;
	}
	return false;
}
