/*
 * lifecycle.h
 *	  Finding what a tenant's functions name.
 */
#ifndef PORTATEXT_LIFECYCLE_H
#define PORTATEXT_LIFECYCLE_H

#include "portatext.h"

/*
 * The run of that number of a campaign of the caller's; 0: the newest.  Raises
 * 42704 when there is none.  Inside SPI, as the keeper.
 */
extern int64 pt_campaign_newest_run(int64 campaign_id, int32 ord);

/* A contact's number as the runs have it: canonical if it can be read, else as it is. */
extern Datum pt_contact_number(Datum given);

#endif							/* PORTATEXT_LIFECYCLE_H */
