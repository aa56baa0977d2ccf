/*
 * refusal.c
 *	  Why a message is refused: SQLSTATE, message and hint of each reason.
 */
#include "portatext.h"

#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "sms/refusal.h"

typedef struct RefusalText
{
	const char *sqlstate;
	const char *name;
	const char *message;
	const char *hint;
} RefusalText;

static const RefusalText refusal_texts[PT_REFUSALS] = {
	[PT_ACCEPTED] = {"00000", "accepted", "accepted", ""},
	[PT_REFUSE_TOO_SHORT] = {"SM001", "too_short", "the text is too short",
	"Send at least 5 characters."},
	[PT_REFUSE_TOO_LONG] = {"SM002", "too_long", "the text is too long",
	"A message has at most 255 segments; shorten the text or send several messages."},
	[PT_REFUSE_BAD_NUMBER] = {"SM003", "bad_number", "the recipient is not a telephone number",
	"Give the number with its country code, as in +12223334444."},
	[PT_REFUSE_NO_TARIFF] = {"SM004", "no_tariff", "there is no tariff for the recipient",
	"Ask the operator to set one with portatext.set_tariff()."},
	[PT_REFUSE_BLACKLISTED] = {"SM005", "blacklisted", "the recipient is blacklisted",
	"Nothing was charged. See portatext.blacklist_remove() if the recipient has agreed again."},
	[PT_REFUSE_NO_CREDITS] = {"SM006", "no_credits", "the account has not enough credits",
	"Recharge the account; portatext.balance() tells its balance."},
	[PT_REFUSE_NO_SENDER] = {"SM007", "no_sender", "the account owns no number to send from",
	"Ask the operator to assign one with portatext.assign_did()."},
	[PT_REFUSE_UNKNOWN_SENDER] = {"SM008", "unknown_sender", "the sender does not belong to the account",
	"Use one of the account's own numbers (table portatext.did), or 'any'."},
	[PT_REFUSE_SUSPENDED] = {"SM009", "suspended", "the account is suspended",
	"Ask the operator."},
	[PT_REFUSE_NO_CARRIER] = {"SM010", "no_carrier", "no carrier takes the message",
	"Set one up with portatext.create_carrier(); sandbox accounts use the carrier loopback."},
	[PT_REFUSE_BAD_TIME] = {"SM011", "bad_time", "the time is not usable",
	"Give finite times, with valid_until after send_at."},
	[PT_REFUSE_STALE] = {"SM012", "stale", "the message has expired already",
	"Give a valid_until in the future."},
	[PT_REFUSE_DUPLICATE] = {"SM013", "duplicate", "the recipient is in the batch already",
	"Each number receives a batch's message once."},
	[PT_REFUSE_UNKNOWN_SERVICE] = {"SM014", "unknown_service", "the account has no such service",
	"Give the keyword of one of the account's services (table portatext.service)."},
	[PT_REFUSE_SERVICE_NOT_ACTIVE] = {"SM015", "service_not_active", "the service may not send",
	"Only an active service sends; ask the operator."},
	[PT_REFUSE_NOT_SUBSCRIBED] = {"SM016", "not_subscribed", "the recipient has not subscribed to the service",
	"A service writes to its subscribers only; see portatext.add_subscriber() for those who have agreed otherwise than by SMS."},
	[PT_REFUSE_SUBSCRIBER_PAUSED] = {"SM017", "subscriber_paused", "the recipient's subscription is paused",
	"The carrier has paused the number and says when it may get messages again."},
	[PT_REFUSE_NOT_SERVED] = {"SM018", "not_served", "the short code does not serve the recipient",
	"Only mobile numbers of the short code's countries can be reached."},
	[PT_REFUSE_TOO_FREQUENT] = {"SM019", "too_frequent", "the subscriber has got this month's messages",
	"A service writes no more often than its subscribers were told; wait for the next month."},
	[PT_REFUSE_MISSING_VARIABLE] = {"SM020", "missing_variable", "a variable of the text has no value",
	"Give it in variables, or store it with the contact; null is no value."},
	[PT_REFUSE_UNKNOWN_TEMPLATE] = {"SM021", "unknown_template", "the account has no such template",
	"Give the name or the id of one of the account's templates (table portatext.template)."},
	[PT_REFUSE_NEVER_OPEN] = {"SM022", "never_open", "the schedule never opens for the recipient",
	"See portatext.next_open_in(); an hour that a change of the clock leaves out never comes."},
	[PT_REFUSE_NOT_OFFERED] = {"0A000", "not_offered", "this way of sending is not offered by this version",
	"Give the text itself in body."},
};

/* Notes the reason and a sentence of detail. */
void
pt_refuse(PtRefusal *refusal, PtRefusalCode code, const char *detail,...)
{
	va_list		args;
	char	   *text = refusal->detail;

	refusal->code = code;
	va_start(args, detail);
	vsnprintf(text, sizeof(refusal->detail), detail, args);
	va_end(args);
	/* A cut in the middle of a character would be refused by the client. */
	text[pg_mbcliplen(text, (int) strlen(text), (int) sizeof(refusal->detail) - 4)] = '\0';
}

const char *
pt_refusal_sqlstate(PtRefusalCode code)
{
	return refusal_texts[code].sqlstate;
}

const char *
pt_refusal_name(PtRefusalCode code)
{
	return refusal_texts[code].name;
}

const char *
pt_refusal_message(PtRefusalCode code)
{
	return refusal_texts[code].message;
}

/* Raises the refusal as an ERROR with its own SQLSTATE. */
void
pt_refusal_raise(const PtRefusal *refusal)
{
	const RefusalText *t = &refusal_texts[refusal->code];
	const char *s = t->sqlstate;

	ereport(ERROR,
			(errcode(MAKE_SQLSTATE(s[0], s[1], s[2], s[3], s[4])),
			 errmsg("%s", t->message),
			 errdetail("%s", refusal->detail),
			 errhint("%s", t->hint)));
	pg_unreachable();
}

PG_FUNCTION_INFO_V1(pt_refusal_table);

/* portatext.refusals(): every reason, so that applications and docs can list them. */
Datum
pt_refusal_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = PT_ACCEPTED + 1; i < PT_REFUSALS; i++)
	{
		const RefusalText *t = &refusal_texts[i];
		Datum		values[4] = {
			CStringGetTextDatum(t->sqlstate), CStringGetTextDatum(t->name),
			CStringGetTextDatum(t->message), CStringGetTextDatum(t->hint)
		};
		bool		nulls[4] = {false};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
