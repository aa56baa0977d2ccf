/*
 * sender.c
 *	  Which service a message is sent from (SVC-12): by its keyword, or else its id.
 */
#include "service/service.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

/* Does the caller leave the sender to us? */
static bool
any_sender(const text *from)
{
	return from == NULL || VARSIZE_ANY_EXHDR(from) == 0 ||
		(VARSIZE_ANY_EXHDR(from) == 3 && pg_strncasecmp(VARDATA_ANY(from), "any", 3) == 0);
}

/* Is from_number left out, or this short code? */
static bool
sender_fits(const text *from, const PtService *service)
{
	return any_sender(from) ||
		(VARSIZE_ANY_EXHDR(from) == strlen(service->code) &&
		 memcmp(VARDATA_ANY(from), service->code, strlen(service->code)) == 0);
}

/*
 * Of several services with the keyword the one that serves the recipient, the
 * active ones first.  Raises 22023 when from_number is no short code of theirs.
 */
static const PtService *
best_service(const PtOrder *order, const PtService *const *list, int n)
{
	int			best = -1;

	for (int i = 0; i < n; i++)
	{
		if (!sender_fits(order->from, list[i]))
			continue;
		if (pt_service_serves(list[i], order->to))
			return list[i];
		if (best < 0)
			best = i;
	}
	if (best < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"from_number\" is not the short code of the service"),
				 errhint("Leave from_number out: the service sends from its short code, %s.", list[0]->code)));
	return list[best];
}

/* The account's service of the id that the name is; NULL: it is no such id. */
const PtService *
pt_service_of_id(int64 account_id, const text *name)
{
	const char *digits = VARDATA_ANY(name);
	int			len = (int) VARSIZE_ANY_EXHDR(name);
	int64		id = 0;
	const PtService *service;

	if (len < 1 || len > 18)
		return NULL;
	for (int i = 0; i < len; i++)
	{
		if (digits[i] < '0' || digits[i] > '9')
			return NULL;
		id = id * 10 + (digits[i] - '0');
	}
	service = pt_service_by_id(id);
	return service != NULL && service->account_id == account_id ? service : NULL;
}

/* Refuses a keyword that no loaded service has: unknown, requested, rejected or closed. */
static void
refuse_missing(const PtOrder *order, PtRefusal *refusal)
{
	static PtPlan plan = {
		"SELECT s.state::text FROM portatext.service s"
		" WHERE s.account_id = $1 AND (s.keyword = upper($2) OR s.service_id::text = $2)"
		" ORDER BY s.keyword = upper($2) DESC, s.state, s.service_id DESC LIMIT 1",
		2, {INT8OID, TEXTOID}
	};
	Datum		values[2] = {
		Int64GetDatum(order->account->account_id), PointerGetDatum(order->service_name)
	};
	const char *name = VARDATA_ANY(order->service_name);
	int			len = (int) VARSIZE_ANY_EXHDR(order->service_name);
	bool		isnull;

	len = pg_mbcliplen(name, len, 100);
	if (pt_plan_run(&plan, values, NULL, SPI_OK_SELECT) == 0)
		pt_refuse(refusal, PT_REFUSE_UNKNOWN_SERVICE, "The service is \"%.*s\".", len, name);
	else
		pt_refuse(refusal, PT_REFUSE_SERVICE_NOT_ACTIVE, "The service %.*s is %s.", len, name,
				  TextDatumGetCString(pt_result(0, 1, &isnull)));
}

bool
pt_service_choose(PtOrder *order, PtRefusal *refusal)
{
	const PtService *const *list;
	const PtService *service;
	int			n = pt_services_named(order->account->account_id, VARDATA_ANY(order->service_name),
									  VARSIZE_ANY_EXHDR(order->service_name), &list);

	if (n == 0 && (service = pt_service_of_id(order->account->account_id, order->service_name)) != NULL)
	{
		list = &service;
		n = 1;
	}
	if (n == 0)
	{
		refuse_missing(order, refusal);
		return false;
	}
	service = best_service(order, list, n);
	if (!pt_service_may_send(service, order->kind, refusal))
		return false;
	order->service_id = service->service_id;
	order->sender = service->code;
	order->carrier_id = service->carrier_id;
	return true;
}

/* Is the sender that a caller names the short code of a service of the account (LAW-05)? */
bool
pt_service_owns(int64 account_id, const char *sender, size_t len)
{
	const PtService *const *list;
	int			n = pt_services_of(account_id, &list);

	for (int i = 0; i < n; i++)
	{
		if (strlen(list[i]->code) == len && memcmp(list[i]->code, sender, len) == 0)
			return true;
	}
	return false;
}

bool
pt_service_stays(int64 service_id)
{
	const PtService *service = service_id == 0 ? NULL : pt_service_by_id(service_id);

	return service != NULL && service->carrier_id >= 0;
}
