/*
 * telephony.h
 *	  Calls, agents and telephony campaigns: what the files of this room offer each
 *	  other, the dialer and the receiver.
 *
 * Unless said otherwise a function is called inside SPI, as the keeper.
 */
#ifndef PORTATEXT_TELEPHONY_H
#define PORTATEXT_TELEPHONY_H

#include "portatext.h"

#include "telephony/engine.h"

extern void pt_telephony_init(void);	/* from _PG_init: init.c */

/*
 * Reads an engine and its secrets (malloc'ed, to be freed by pt_engine_free); NULL:
 * problem says why it cannot be used.  engine_load.c.
 */
extern PtEngine *pt_engine_load(int32 engine_id, char *problem, size_t size);
extern void pt_engine_free(PtEngine *engine);

/*
 * What engines have told of calls, applied in the order of the array; an event that is
 * known already, or is about an unknown or ended call, changes nothing.  States only
 * move forward.  Wakes the dialer at commit.  Returns how many were new.  apply.c.
 */
extern int	pt_call_events_apply(int32 engine_id, const PtCallEvent *events, int n);

/*
 * Ends a call of which the engine will tell nothing more: leg A with this result
 * (portatext.call_result), cause (PT_CALL_UNKNOWN: none) and problem (NULL: none).
 * Everything that follows from an end follows: the target's next iteration, counters,
 * NER, credits, the agent.  False: it had ended already.  end.c.
 */
extern bool pt_call_end(const pg_uuid_t *call_id, const char *result, int q850, const char *problem);

/*
 * Takes the credits for the first minute of a call before it is placed: sets reserved,
 * rate and paid_until of its row, which the caller has inserted in state placing.  False:
 * the funds do not suffice, nothing was taken.  Raises nothing for a missing tariff: *tariff is false.
 * call_charge.c.
 */
extern bool pt_call_reserve(const pg_uuid_t *call_id, int64 account_id, const char *to, bool *tariff);

/*
 * Takes the next minute of all calls that need one before "until"; calls whose account
 * cannot pay are marked to be hung up (hang_up_at, no_credits).  Returns how many.  call_charge.c.
 */
extern int	pt_calls_pay_on(TimestampTz until);

/*
 * Gives the call to the agent of its team that has been idle longest (or to the one it
 * was placed for): the call becomes connecting, the agent ringing.  False: nobody is free.  agent.c.
 */
extern bool pt_agent_take(const pg_uuid_t *call_id, TimestampTz now);

/* Agents whose post-call work is over become available (or paused, when they asked for it); returns how many.  agent.c. */
extern int	pt_agents_wake(TimestampTz now);

/* Stops a run (state stopped, event, ALERT-21) if its NER says so; called for each call that ends.  ner_stop.c. */
extern bool pt_ner_check(int64 run_id);

#endif							/* PORTATEXT_TELEPHONY_H */
