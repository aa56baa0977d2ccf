/*
 * finish.h
 *	  Ending messages that will not be handed over (again).
 */
#ifndef PORTATEXT_FINISH_H
#define PORTATEXT_FINISH_H

#include "portatext.h"

#include "sms/column.h"

typedef struct PtFinish
{
	PtColumn	ids;
	PtColumn	states;			/* labels of portatext.message_state */
	PtColumn	codes;
	PtColumn	texts;
} PtFinish;

#define PT_FINISH_INIT {{UUIDOID}, {TEXTOID}, {TEXTOID}, {TEXTOID}}

extern void pt_finish_add(PtFinish *finish, const pg_uuid_t *id, const char *state,
						  const char *code, const char *text);
extern void pt_finish_write(PtFinish *finish, const char *note);

/* Event rows of the messages in the CTE done, where their account wants them. */
#define PT_MESSAGE_EVENTS \
	"INSERT INTO portatext.event (account_id, type, subject, payload) " \
	"SELECT d.account_id, 'message.' || d.state::text, d.message_id::text, " \
	"portatext.message_payload(d.state, d.from_number, d.to_number, d.client_ref, d.error_code) " \
	"FROM done d JOIN portatext.account a ON a.account_id = d.account_id " \
	"WHERE a.message_events"

#define PT_EVENT_COLUMNS \
	"m.message_id, m.account_id, m.state, m.step, m.from_number, m.to_number, " \
	"m.client_ref, m.error_code, m.error_text, m.group_id, m.cost"

#endif							/* PORTATEXT_FINISH_H */
