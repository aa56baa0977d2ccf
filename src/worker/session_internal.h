/*
 * session_internal.h
 *	  Between session.c and session_wait.c.
 */
#ifndef PORTATEXT_SESSION_INTERNAL_H
#define PORTATEXT_SESSION_INTERNAL_H

/* The fixed settings again, after a reload. */
extern void pt_session_fix_settings(void);

/* The scheduler tells the launcher this database's settings. */
extern void pt_session_publish(void);

/* Statistics not yet sent must be within so many milliseconds; 0: none. */
extern void pt_session_note_stats(long ms);

#endif							/* PORTATEXT_SESSION_INTERNAL_H */
