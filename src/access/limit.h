/*
 * limit.h
 *	  How many requests a key, a session or an address makes in a minute: counters in
 *	  shared memory, so that reading and refused requests count too.
 */
#ifndef PORTATEXT_LIMIT_H
#define PORTATEXT_LIMIT_H

#include "portatext.h"

typedef enum PtLimitKind
{
	PT_LIMIT_KEY,				/* id: key_id */
	PT_LIMIT_SESSION,			/* id: user_id */
	PT_LIMIT_ACCOUNT,			/* id: account_id, of JWTs */
	PT_LIMIT_ADDRESS,			/* id: hash of an address: anonymous requests and failed credentials */
	PT_LIMIT_PASSWORD			/* id: hash of an e-mail address; in a quarter of an hour */
} PtLimitKind;

/* From _PG_init while preloading, beside pt_shared_request(). */
extern void pt_limit_request(void);

/*
 * Counts a request of this database; most: in a minute of the clock (passwords: in
 * a quarter of an hour), 0: no limit.  false: it is one too many, and *reset is the
 * epoch second at which the next minute begins.  For keys the time is also kept as the last use.  Without shared memory
 * nothing is counted and the answer is true.
 */
extern bool pt_limit_take(PtLimitKind kind, int64 id, int most, TimestampTz now, int64 *reset);

/* What was counted is forgotten. */
extern void pt_limit_forget(PtLimitKind kind, int64 id);

/*
 * Hands out the last uses of keys that were not flushed yet, at most n; returns how
 * many.  For the scheduler's task, which writes them into portatext.api_key.
 */
typedef struct PtLastUse
{
	int64		key_id;
	TimestampTz at;
} PtLastUse;
extern int	pt_limit_last_uses(PtLastUse *uses, int n);

/* The task's body: writes api_key.last_used_at; returns whether there may be more. */
extern bool pt_limit_flush(void);

#endif							/* PORTATEXT_LIMIT_H */
