/*
 * destination.h
 *	  The leading digits by which numbers are known to be of a country.  No
 *	  PostgreSQL header.
 */
#ifndef PORTATEXT_DESTINATION_H
#define PORTATEXT_DESTINATION_H

#include "number/number.h"

/* Gets one prefix (digits) and its country (ISO 3166-1); both hold during the call. */
typedef void (*PtDestinationTaker) (void *arg, const char *prefix, const char *country);

#define PT_DESTINATION_DIGITS 8
#define PT_PLAN_STATES_MAX 65536	/* states have 16 bits */

/*
 * Calls take for every prefix: the longest one that a number begins with tells its
 * country, as pt_number_country() does for assigned numbers.  states: room for PT_PLAN_STATES_MAX bytes.
 */
extern void pt_number_destinations(PtDestinationTaker take, void *arg, unsigned char *states);

#endif							/* PORTATEXT_DESTINATION_H */
