/*
 * account.h
 *	  Who is speaking, and what an account is like.
 */
#ifndef PORTATEXT_ACCOUNT_H
#define PORTATEXT_ACCOUNT_H

#include "portatext.h"

#include "pgtime.h"

typedef struct PtAccount
{
	int64		account_id;
	bool		prepaid;
	bool		sandbox;
	bool		suspended;
	bool		message_events;
	bool		has_alert;
	int32		carrier_id;		/* pinned carrier, -1: none */
	int64		alert_below;	/* millionths of a credit, if has_alert (ALERT-02) */
	char		timezone[TZ_STRLEN_MAX + 1];
} PtAccount;

/*
 * The caller's account: portatext.account_id, else the map of login roles, else
 * (superuser or operator only) the default account, made at its first use.
 * Raises 42501 when there is none.
 */
extern int64 pt_current_account(void);

/* The same without making anything; 0 when there is none.  For policies. */
extern int64 pt_known_account(void);

/*
 * Cached, and refreshed in place when portatext.account has changed: the
 * pointer stays good.  Raises 42704 when missing.
 */
extern const PtAccount *pt_account_get(int64 account_id);

/* Is the caller (the outermost role, after SET ROLE) a superuser or operator? */
extern bool pt_is_operator(void);

/* Worker processes, and operators who have chosen no account, see every row; a stored query never does. */
extern bool pt_sees_all(void);

/* Raises 42501 unless the caller sees every row; what: "receipts are not applied". */
extern void pt_require_all(const char *what);

/* Declares this process a worker; is it one? */
extern void pt_mark_worker(void);
extern bool pt_is_worker(void);

extern void pt_account_init(void);	/* from _PG_init: settings */

#endif							/* PORTATEXT_ACCOUNT_H */
