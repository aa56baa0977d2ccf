/*
 * agent_state.h
 *	  An agent whose state is about to change, for the functions of its account.
 */
#ifndef PORTATEXT_AGENT_STATE_H
#define PORTATEXT_AGENT_STATE_H

#include "portatext.h"

typedef struct PtAgent
{
	int64		agent_id;
	int64		account_id;
	int64		team_id;
	char	   *state;
	bool		has_call;
	pg_uuid_t	call_id;
	bool		pause_next;
} PtAgent;

/* Locks an agent of the caller's; raises 42704.  Inside SPI, as the keeper. */
extern void pt_agent_lock(int64 agent_id, PtAgent *agent);

extern bool pt_agent_is(const PtAgent *agent, const char *state);

/* Raises 55000: not in this state. */
extern void pt_agent_raise(const PtAgent *agent, const char *hint);

#endif							/* PORTATEXT_AGENT_STATE_H */
