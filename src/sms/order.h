/*
 * order.h
 *	  A message as it is asked for, and the checks and figures that decide it.
 *
 * simulate, send and batch (and campaigns later) all go through
 * pt_order_check(), so that text, segments and cost come from one code path.
 */
#ifndef PORTATEXT_ORDER_H
#define PORTATEXT_ORDER_H

#include "portatext.h"

#include "account/account.h"
#include "contact/contact.h"
#include "number/number.h"
#include "sms/kind.h"
#include "sms/refusal.h"
#include "text/gsm.h"

/* Where the values of a text's variables come from; earlier ones go before later ones (TPL-02). */
enum
{
	PT_VALUES_GIVEN,			/* the argument variables */
	PT_VALUES_OF_LIST,			/* stored with the recipient in a list */
	PT_VALUES_OF_CONTACT,		/* stored with the recipient in the account's own contacts */
	PT_VALUE_LAYERS
};

typedef struct PtOrder
{
	/* asked for */
	const PtAccount *account;
	text	   *recipient;		/* as given; NULL: null */
	text	   *body;			/* the text, after the checks the final one; NULL: null */
	text	   *template_name;	/* instead of body; NULL: none */
	const PtTemplate *template; /* the text, if it is to be rendered: pt_order_find_text() */
	const Jsonb *values[PT_VALUE_LAYERS];	/* NULL: none */
	text	   *from;			/* a number, a list, 'any' or NULL */
	bool		bulk;
	bool		has_send_at;
	bool		has_valid_until;
	TimestampTz send_at;
	TimestampTz valid_until;
	text	   *client_ref;
	text	   *key;			/* idempotency key */
	text	   *service_name;	/* keyword of the service to send from; NULL: a number */
	PtMessageKind kind;
	int64		group_id;		/* messages that are counted together; 0: none */
	int64		campaign_id;	/* 0: none; the same for all that are stored at once */
	struct PtOrderSchedule *schedule;	/* shared by the orders of a batch; NULL: it may go at any time */

	/* found out, in this order, as far as the checks came */
	char		to[PT_E164_SIZE];	/* empty: not a number; may be given instead of recipient */
	int32		carrier_id;		/* -1: none */
	bool		counted;		/* analysis is there, by the options of counted_for */
	int32		counted_for;	/* carrier id */
	PtAnalysis	analysis;
	bool		priced;			/* tariff and cost are there */
	Datum		tariff;			/* numeric: credits a segment */
	Datum		cost;			/* numeric */
	const char *sender;			/* NULL: none */
	int64		service_id;		/* 0: none */
	bool		held;			/* waits for review (LAW-07) */
	bool		warns;			/* the first of the month beyond the declared frequency (LAW-02) */
	TimestampTz opens;			/* with a schedule: when it may go, not before send_at */
	bool		own_zone;		/* with a schedule: by the account's time zone (SCH-07) */
} PtOrder;

/* Blacklists, subscribers and contacts are asked for one number here, for a batch as a set elsewhere. */
typedef enum PtListCheck
{
	PT_ASK_LISTS,
	PT_LISTS_ASKED
} PtListCheck;

/*
 * Reads the text that is to be rendered, of the template or of body when
 * variables are given, once for all orders that are copies of this one.  Raises
 * 22023 for both a body and a template, variables that are no object, and braces that are not closed.
 * Inside SPI, as the keeper, when the account is known.
 */
extern void pt_order_find_text(PtOrder *order);

/* Renders it for the recipient, if there is anything to render; false: refused. */
extern bool pt_order_render(PtOrder *order, PtListCheck lists, PtRefusal *refusal);

/*
 * Runs every check but that of funds and fills in what it finds out.  Returns
 * false, with the first reason in refusal, when the message is refused.
 * Inside SPI_connect, as the keeper
 * (pt_become_keeper): every statement of sending names its account, and the
 * policies would be asked a dozen times a message.
 */
extern bool pt_order_check(PtOrder *order, PtListCheck lists, PtRefusal *refusal);

/* The account's own number to send from; NULL with a refusal: sender.c. */
extern const char *pt_sender_choose(int64 account_id, const text *from, const char *to,
									PtRefusal *refusal);

/* What the carrier takes, for counting: order.c. */
extern const PtTextOptions *pt_carrier_text_options(int32 carrier_id);

/* Idempotency keys: idempotency.c.  Both return true when the key is taken. */
extern bool pt_key_find(const PtOrder *order, pg_uuid_t *message_id);
extern bool pt_key_claim(const PtOrder *order, pg_uuid_t *message_id);

static inline int32
pt_lane(int32 carrier_id, bool bulk)
{
	return carrier_id * 2 + (bulk ? 1 : 0);
}

#endif							/* PORTATEXT_ORDER_H */
