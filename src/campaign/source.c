/*
 * source.c
 *	  Where the recipients of a campaign come from: contact lists, contacts that
 *	  came with the request, subscribers of a service (CAMP-02, CAMP-03).
 */
#include "campaign/source.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "campaign/campaign.h"
#include "contact/contact.h"
#include "contact/import.h"
#include "job/job.h"
#include "service/service.h"

#define TO_STRING_(x) #x
#define TO_STRING(x) TO_STRING_(x)

/* The id of the account's list with that name, or else id. */
static int64
find_list(int64 account_id, const text *name)
{
	static PtPlan plan = {
		"SELECT l.list_id FROM portatext.contact_list l WHERE l.account_id = $1"
		" AND (l.name = $2 OR (l.list_id::text = $2 AND l.name IS NOT NULL)) ORDER BY l.name <> $2 LIMIT 1",
		2, {INT8OID, TEXTOID}
	};
	Datum		values[2] = {Int64GetDatum(account_id), PointerGetDatum(name)};
	bool		isnull;

	if (pt_plan_run(&plan, values, NULL, SPI_OK_SELECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("contact list \"%s\" does not exist", text_to_cstring(name)),
				 errhint("The view portatext.contact_lists lists the account's lists.")));
	return DatumGetInt64(pt_result(0, 1, &isnull));
}

/* Adds one, unless the campaign has it already. */
static void
store_list(int64 account_id, int64 campaign_id, int64 list_id)
{
	static PtPlan plan = {
		"INSERT INTO portatext.campaign_source (campaign_id, ord, account_id, list_id)"
		" SELECT $1, (SELECT count(*) + 1 FROM portatext.campaign_source s WHERE s.campaign_id = $1), $2, $3"
		" WHERE NOT EXISTS (SELECT FROM portatext.campaign_source s WHERE s.campaign_id = $1 AND s.list_id = $3)",
		3, {INT8OID, INT8OID, INT8OID}
	};
	Datum		values[3] = {
		Int64GetDatum(campaign_id), Int64GetDatum(account_id), Int64GetDatum(list_id)
	};

	pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
}

/* Raises 22023: the contacts of the request cannot be used as they are. */
pg_noreturn static void
refuse_csv(const PtImportCounts *counts, const char *problem)
{
	if (problem == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the campaign's csv has no contacts"),
				 errhint("Its first line is the header, such as number,name.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the campaign's csv has lines that cannot be used: %lld", (long long) counts->refused),
			 errdetail("The first is %s", problem),
			 errhint("Import them into a contact list with skip_bad to leave such lines out.")));
	pg_unreachable();
}

/* The contacts that came with the request, as a version of their own; first of the sources (CAMP-03). */
static void
store_csv(int64 account_id, int64 campaign_id, const text *csv)
{
	static PtPlan plan = {
		"INSERT INTO portatext.campaign_source (campaign_id, ord, account_id, version) VALUES ($1, 1, $2, $3)",
		3, {INT8OID, INT8OID, INT8OID}
	};
	PtImportCounts counts;
	const char *problem;
	int64		version;
	Datum		values[3] = {Int64GetDatum(campaign_id), Int64GetDatum(account_id)};

	if (!pt_import_text(account_id, 0, csv, NULL, &version, &counts, &problem) ||
		counts.refused > 0 || counts.contacts == 0)
		refuse_csv(&counts, problem);
	values[2] = Int64GetDatum(version);
	pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
}

void
pt_sources_store(int64 account_id, int64 campaign_id, ArrayType *lists, text *csv)
{
	Datum	   *names;
	bool	   *isnull;
	int			n = 0;

	if (csv != NULL)
		store_csv(account_id, campaign_id, csv);
	if (lists != NULL)
		deconstruct_array(lists, TEXTOID, -1, false, TYPALIGN_INT, &names, &isnull, &n);
	for (int i = 0; i < n; i++)
	{
		if (isnull[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a contact list is null")));
		store_list(account_id, campaign_id, find_list(account_id, DatumGetTextPP(names[i])));
	}
}

/* Adds one to the array, which grows. */
static void
add_source(PtSources *sources, bool subscribers, int64 id)
{
	if (sources->n % 16 == 0)
		sources->list = sources->n == 0 ? palloc(16 * sizeof(PtSource)) :
			repalloc(sources->list, (sources->n + 16) * sizeof(PtSource));
	sources->list[sources->n].subscribers = subscribers;
	sources->list[sources->n++].id = id;
}

/* The services that a name means: all of the account with that keyword, or the one with that id. */
static void
open_services(int64 account_id, const text *name, PtSources *sources)
{
	const PtService *const *list;
	const PtService *service;
	int			n = pt_services_named(account_id, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &list);

	for (int i = 0; i < n; i++)
		add_source(sources, true, list[i]->service_id);
	if (n > 0)
		return;
	service = pt_service_of_id(account_id, name);
	if (service != NULL)
		add_source(sources, true, service->service_id);
	else
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("service \"%s\" does not exist", text_to_cstring(name))));
}

void
pt_sources_open(int64 account_id, int64 campaign_id, text *service, PtSources *sources)
{
	static PtPlan plan = {
		"SELECT s.version, l.name, s.list_id FROM portatext.campaign_source s"
		" LEFT JOIN portatext.contact_list l ON l.list_id = s.list_id"
		" WHERE s.campaign_id = $1 ORDER BY s.ord",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(campaign_id);
	uint64		n = pt_plan_run(&plan, &value, NULL, SPI_OK_SELECT);
	SPITupleTable *rows = SPI_tuptable;

	memset(sources, 0, sizeof(*sources));
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;
		Datum		version = SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &isnull);
		Datum		name;
		PtContactList list;

		if (!isnull)
		{
			add_source(sources, false, DatumGetInt64(version));
			continue;
		}
		name = SPI_getbinval(rows->vals[i], rows->tupdesc, 2, &isnull);
		if (isnull)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("contact list %s of the campaign has been deleted",
							SPI_getvalue(rows->vals[i], rows->tupdesc, 3))));
		pt_list_open(account_id, DatumGetTextPP(name), &list);
		add_source(sources, false, list.version);
		sources->refused += list.refused;
	}
	if (service != NULL)
		open_services(account_id, service, sources);
}

int64
pt_sources_count(const PtSources *sources)
{
	static PtPlan contacts = {
		"SELECT count(*) FROM portatext.contact c WHERE c.version = $1", 1, {INT8OID}
	};
	static PtPlan subscribers = {
		"SELECT count(*) FROM portatext.subscriber s WHERE s.service_id = $1 AND s.state IN ('active', 'paused')",
		1, {INT8OID}
	};
	int64		total = 0;

	for (int i = 0; i < sources->n; i++)
	{
		Datum		value = Int64GetDatum(sources->list[i].id);
		bool		isnull;

		pt_plan_run(sources->list[i].subscribers ? &subscribers : &contacts, &value, NULL, SPI_OK_SELECT);
		total += DatumGetInt64(pt_result(0, 1, &isnull));
	}
	return total;
}

void
pt_sources_out(const PtSources *sources, StringInfo json)
{
	appendStringInfoString(json, "\"sources\": [");
	for (int i = 0; i < sources->n; i++)
		appendStringInfo(json, "%s{\"%s\": %lld}", i == 0 ? "" : ", ",
						 sources->list[i].subscribers ? "service" : "version",
						 (long long) sources->list[i].id);
	appendStringInfo(json, "], \"refused\": %lld", (long long) sources->refused);
}

void
pt_sources_in(const Jsonb *position, PtSources *sources)
{
	JsonbContainer *root = (JsonbContainer *) &position->root;
	JsonbValue	found;
	JsonbContainer *array;

	memset(sources, 0, sizeof(*sources));
	if (getKeyJsonValueFromContainer(root, "sources", 7, &found) == NULL || found.type != jbvBinary)
		return;
	sources->refused = pt_job_int(position, "refused", 0);
	array = found.val.binary.data;
	for (uint32 i = 0; i < JsonContainerSize(array); i++)
	{
		Jsonb	   *one = JsonbValueToJsonb(getIthJsonbValueFromContainer(array, i));
		int64		service = pt_job_int(one, "service", 0);

		add_source(sources, service != 0, service != 0 ? service : pt_job_int(one, "version", 0));
	}
}

/* A statement that reads a page; columns are those behind the number. */
#define PAGE(columns) \
	"SELECT c.number::text" columns " FROM portatext.contact c" \
	" WHERE c.version = $1 AND c.number::text > $2" \
	" ORDER BY c.number::text LIMIT " TO_STRING(PT_BUILD_SLICE)

#define OWN(number) \
	"(SELECT o.variables FROM portatext.contact o WHERE o.version = $3 AND o.number::text = " number "::text)"

#define SUBSCRIBERS(columns) \
	"SELECT s.number::text" columns " FROM portatext.subscriber s" \
	" WHERE s.service_id = $1 AND s.number::text > $2 AND s.state IN ('active', 'paused')" \
	" ORDER BY s.number::text LIMIT " TO_STRING(PT_BUILD_SLICE)

uint64
pt_source_read(const PtSource *source, const char *after, int64 own, bool variables)
{
	static PtPlan plain = {PAGE(""), 2, {INT8OID, TEXTOID}, .generic = true};
	static PtPlan listed = {PAGE(", c.variables"), 2, {INT8OID, TEXTOID}, .generic = true};
	static PtPlan both = {PAGE(", c.variables, " OWN("c.number")), 3, {INT8OID, TEXTOID, INT8OID}, .generic = true};
	static PtPlan people = {SUBSCRIBERS(""), 2, {INT8OID, TEXTOID}, .generic = true};
	static PtPlan known_people = {SUBSCRIBERS(", NULL::jsonb, " OWN("s.number")), 3, {INT8OID, TEXTOID, INT8OID}, .generic = true};
	Datum		values[3] = {
		Int64GetDatum(source->id), CStringGetTextDatum(after), Int64GetDatum(own)
	};
	PtPlan	   *plan;

	if (source->subscribers)
		plan = variables && own != 0 ? &known_people : &people;
	else if (variables)
		plan = own != 0 ? &both : &listed;
	else
		plan = &plain;
	return pt_run_by_index(plan, values, SPI_OK_SELECT);
}
