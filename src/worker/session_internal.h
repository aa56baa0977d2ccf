/*
 * session_internal.h
 *	  Between session.c, session_wait.c and the launcher.
 */
#ifndef PORTATEXT_SESSION_INTERNAL_H
#define PORTATEXT_SESSION_INTERNAL_H

/* Logs an error that ended a transaction, shows it in the view; the same one at most once a minute. */
extern void pt_session_report(const char *activity, const ErrorData *error);

/* The fixed settings again, after a reload. */
extern void pt_session_fix_settings(void);

/* The scheduler tells the launcher this database's settings. */
extern void pt_session_publish(void);

/* It tells the launcher whether there is an engine of telephony: a dialer is wanted then. */
extern void pt_session_publish_engine(bool has_engine);

/* Statistics not yet sent must be within so many milliseconds; 0: none. */
extern void pt_session_note_stats(long ms);

/* Was the last wait ended by pt_wake?  Was there a reload since the last call? */
extern bool pt_session_woken(void);
extern bool pt_session_reloaded(void);

#endif							/* PORTATEXT_SESSION_INTERNAL_H */
