/*
 * session.h
 *	  What every worker does the same way: start, settings, transactions, waiting.
 */
#ifndef PORTATEXT_SESSION_H
#define PORTATEXT_SESSION_H

#include "portatext.h"

#include "worker/shared.h"

/*
 * Connects the background worker to its database, sets the fixed session
 * settings, takes portatext_owner's identity and a slot (pt_slot_attach tells it
 * a number later).  Leaves when the extension is not installed, and in any later
 * transaction when it is gone or was made anew.
 */
extern void pt_session_start(PtWorkerKind kind, Oid database);

/*
 * One transaction: body runs inside SPI_connect with a snapshot, in a memory
 * context that is reset before the next one.  An ERROR in it is logged (the
 * first of a kind; repeats are counted), the transaction is rolled back and
 * false is returned.  activity is shown by pg_stat_activity.
 */
typedef void (*PtTxBody) (void *arg);
extern bool pt_session_tx(const char *activity, PtTxBody body, void *arg);

/* The error of the last transaction that failed: its code, and its message without details. */
#define PT_ERROR_TEXT 256
extern const char *pt_session_last_error(int *sqlerrcode);

/*
 * Waits for the latch, the postmaster's death (leaves), timeout_ms, or, when
 * not negative, fd (an epoll descriptor) to become readable.  Handles
 * interrupts and SIGHUP.  Returns true when fd is readable; it may return before
 * the time is over.  A descriptor is remembered: before it is closed, wait once
 * with -1.
 */
extern bool pt_session_wait(int fd, long timeout_ms);

/* SIGTERM has come: finish what is on the wire and leave. */
extern bool pt_session_stopping(void);

#endif							/* PORTATEXT_SESSION_H */
