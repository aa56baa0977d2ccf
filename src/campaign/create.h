/*
 * create.h
 *	  What making a campaign of messages and one of calls have in common.
 */
#ifndef PORTATEXT_CREATE_H
#define PORTATEXT_CREATE_H

#include "portatext.h"

#include "utils/array.h"
#include "utils/jsonb.h"

/* Raises 22023: this argument cannot be used; detail is a sentence. */
pg_noreturn extern void pt_campaign_bad_argument(const char *name, const char *detail);

/* Raises 22023 for none. */
extern void pt_campaign_check_name(const text *name);

/* Defaults for the texts: an object of strings, numbers and booleans, or NULL (CAMP-15); else raises 22023. */
extern void pt_campaign_check_variables(Jsonb *variables);

/* Is at least one list named? */
extern bool pt_campaign_has_lists(ArrayType *lists);

/* Stores a schedule and returns its id; 0: none.  Raises 22023 for one that never opens. */
extern int32 pt_campaign_schedule(int64 account_id, Jsonb *given);

#endif							/* PORTATEXT_CREATE_H */
