/*
 * failover.c
 *	  Where a message goes whose carrier could not take it: the next route that
 *	  was not tried; when all were, it rests and begins again (BILL-04).
 *
 * message.tried notes the carriers of the round under way, and, negative, those
 * that refused the message for good: they are not asked again.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "carrier/route.h"
#include "sms/failover.h"
#include "sms/order.h"
#include "sms/service_hook.h"
#include "worker/shared.h"

/* A text whose charge must stay as it is. */
typedef struct Fit
{
	int32		carrier_id;		/* counted by its options */
	int			segments;
	const char *body;
	size_t		body_len;
} Fit;

/* Does the carrier count the text alike? */
static bool
same_options(const PtTextOptions *a, const PtTextOptions *b)
{
	return a != NULL && b != NULL && a->wide_reference == b->wide_reference &&
		a->single_shift == b->single_shift && a->locking_shift == b->locking_shift;
}

/* PtRouteFits: the text needs as many segments as were charged. */
static bool
fits(int32 carrier_id, void *arg)
{
	const Fit  *fit = arg;
	const PtTextOptions *options = pt_carrier_text_options(carrier_id);
	PtAnalysis	how;

	if (same_options(options, pt_carrier_text_options(fit->carrier_id)))
		return true;
	return options != NULL && pt_text_analyze(fit->body, fit->body_len, options, &how) &&
		how.segments == fit->segments;
}

/* Notes the carrier of this outcome behind those tried before. */
static void
note_tried(PtOutcome *o)
{
	const PtMessage *m = o->message;

	o->n_tried = m->n_tried;
	memcpy(o->tried, m->tried, sizeof(int32) * m->n_tried);
	if (o->n_tried < PT_TRIED_MAX)
		o->tried[o->n_tried++] = pt_tried_note(o->carrier_id, o->refused);
}

/* A new round: only those that refused for good stay noted. */
static void
begin_round(PtOutcome *o)
{
	int			n = 0;

	for (int i = 0; i < o->n_tried; i++)
	{
		if (o->tried[i] < 0)
			o->tried[n++] = o->tried[i];
	}
	o->n_tried = n;
}

/* The message goes to the carrier, now or when it has rested. */
static void
move_to(PtOutcome *o, int32 carrier_id, TimestampTz due)
{
	o->moves = true;
	o->next_carrier = carrier_id;
	o->next_due = due;
}

/*
 * Every route was tried.  One that rests begins with the first route again; one
 * that the last carrier refused, too, if others only failed.
 */
static void
round_is_over(PtOutcome *o, Fit *fit)
{
	const PtMessage *m = o->message;
	bool		begin = o->kind == PT_OUTCOME_AGAIN ||
		(o->refused && !o->exhausted && pt_tried_failed(o->tried, o->n_tried) > 0);
	int32		first;

	if (!begin || o->stops_carrier)
		return;
	begin_round(o);
	first = pt_route_next(m->account_id, m->from, m->to, o->tried, o->n_tried, true, fits, fit);
	if (first >= 0)
		move_to(o, first, o->due);
}

/* Is it of a service that has a carrier of its own? */
static bool
stays(int64 service_id)
{
	return service_id != 0 && pt_service_hooks != NULL && pt_service_hooks->stays(service_id);
}

void
pt_failover_decide(PtOutcome *o)
{
	const PtMessage *m = o->message;
	Fit			fit = {o->carrier_id, m->segments, m->body, m->body_len};
	int32		next;

	o->moves = false;
	o->n_tried = 0;
	if (!o->may_move || stays(m->service_id))
		return;
	note_tried(o);
	next = m->n_tried >= PT_TRIED_MAX ? -1 :
		pt_route_next(m->account_id, m->from, m->to, o->tried, o->n_tried,
					  o->kind == PT_OUTCOME_FAILED, fits, &fit);
	if (next >= 0)
		move_to(o, next, pt_now());
	else
		round_is_over(o, &fit);
	if (!o->moves)
		o->n_tried = 0;
}

PG_FUNCTION_INFO_V1(pt_next_route);

/*
 * portatext.next_route(account_id, from_number, to_number, body, segments,
 * carrier_id, tried, service_id): where a message that waits could go instead.
 */
Datum
pt_next_route(PG_FUNCTION_ARGS)
{
	text	   *body = PG_GETARG_TEXT_PP(3);
	Fit			fit = {PG_GETARG_INT32(5), PG_GETARG_INT32(4), VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body)};
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(6);
	int			given = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	int32		tried[PT_TRIED_MAX + 1];
	int			n = 0;
	int32		next;

	if (ARR_HASNULL(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a tried carrier must not be null")));
	for (; n < Min(given, PT_TRIED_MAX); n++)
		tried[n] = ((const int32 *) ARR_DATA_PTR(array))[n];
	tried[n++] = fit.carrier_id;
	SPI_connect();
	next = stays(PG_GETARG_INT64(7)) ? -1 :
		pt_route_next(PG_GETARG_INT64(0), text_to_cstring(PG_GETARG_TEXT_PP(1)),
					  text_to_cstring(PG_GETARG_TEXT_PP(2)), tried, n, false, fits, &fit);
	SPI_finish();
	if (next < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(next);
}
