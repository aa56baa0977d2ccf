/*
 * did_inbound.c
 *	  What a message to a number of an account sets off: STOP and the auto-reply
 *	  (DID-01 to DID-07).
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "service/keyword.h"
#include "sms/automatic.h"
#include "sms/campaign_hook.h"
#include "sms/inbound_route.h"
#include "text/encoding.h"

/* The arguments of the steps. */
typedef struct DidReply
{
	const PtInbound *message;
	const PtDid *did;
	const pg_uuid_t *id;
	PtMessageKind kind;
	bool		wanted;			/* a reply is due */
} DidReply;

/*
 * Onto the account's blacklist, with an event, and what waits for the number
 * ends with a refund, as blacklist_add() does it.  No row: it was on it.  The
 * second column: may it be confirmed?  Not past the operator's list.
 */
static PtPlan stop_plan = {
	"WITH added AS ("
	"  INSERT INTO portatext.blacklist (account_id, number, reason) VALUES ($1, $2, 'STOP')"
	"    ON CONFLICT DO NOTHING RETURNING number),"
	" told AS ("
	"  INSERT INTO portatext.event (account_id, type, subject, payload)"
	"    SELECT $1, 'did.stop', $4::text, pg_catalog.jsonb_build_object('number', a.number, 'did', $3) FROM added a)"
	" SELECT portatext.drop_waiting($1, $2, 'blacklisted'),"
	"    NOT EXISTS (SELECT FROM portatext.global_blacklist g WHERE g.number::text = $2) FROM added",
	4, {INT8OID, TEXTOID, TEXTOID, UUIDOID}
};

/* Step: blacklists the sender; a reply is due unless that was done before (DID-03). */
static void
stop(void *arg)
{
	DidReply   *r = arg;
	Datum		values[4] = {Int64GetDatum(r->did->account_id), CStringGetTextDatum(r->message->from),
		CStringGetTextDatum(r->message->to), UUIDPGetDatum(r->id)};
	PtRole		saved;
	bool		isnull;

	pt_become_keeper(&saved);
	r->wanted = pt_plan_run(&stop_plan, values, NULL, SPI_OK_SELECT) > 0 &&
		DatumGetBool(pt_result(0, 2, &isnull));
	pt_become_caller(&saved);
	if (pt_campaign_hooks != NULL)
		pt_campaign_hooks->responded(r->did->account_id, r->message->from, true);
}

/* Step: sends the confirmation or the auto-reply; unpaid ones are kept as skipped. */
static void
reply(void *arg)
{
	DidReply   *r = arg;
	PtAutomatic automatic = {
		.account_id = r->did->account_id,
		.kind = r->kind,
		.from = r->message->to,
		.carrier_id = -1,
		.to = r->message->from,
		.body = r->kind == PT_KIND_AUTO_REPLY ? r->did->auto_reply : r->did->stop_text,
		.record = true,
	};
	pg_uuid_t	id;

	pt_send_automatic(&automatic, &id);
}

/* Step: may the auto-reply be sent, or is it one of two robots talking (DID-07)? */
static void
ask_guard(void *arg)
{
	DidReply   *r = arg;

	r->wanted = pt_reply_allowed(r->did->account_id, r->message->to, r->message->from);
}

/* Does the text hold STOP as a word (DID-04)? */
static bool
has_stop(text *body)
{
	size_t		len;
	const char *utf8 = pt_text_utf8(body, &len);

	return pt_has_stop(utf8, len);
}

void
pt_did_inbound(const PtInbound *message, const PtDid *did, const pg_uuid_t *id)
{
	DidReply	r = {.message = message,.did = did,.id = id};

	if ((!did->stop_detection && did->auto_reply == NULL) || !pt_inbound_answerable(message))
		return;
	if (did->stop_detection && has_stop(message->body))
	{
		r.kind = PT_KIND_STOP_CONFIRMATION;
		pt_inbound_step("blacklisting", id, stop, &r);
	}
	else if (did->auto_reply != NULL)
	{
		r.kind = PT_KIND_AUTO_REPLY;
		pt_inbound_step("auto-reply", id, ask_guard, &r);
	}
	if (r.wanted)
		pt_inbound_step("reply", id, reply, &r);
}
