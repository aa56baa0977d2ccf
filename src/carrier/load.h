/*
 * load.h
 *	  Carriers from their tables to the structs that dispatchers work with.
 */
#ifndef PORTATEXT_LOAD_H
#define PORTATEXT_LOAD_H

#include "portatext.h"

#include "carrier/carrier.h"

/*
 * Reads one carrier with its credentials and the operator's answer rules, and
 * configures its adapter.  Inside a transaction, outside SPI or in it.  The
 * result is malloc'ed and knows nothing of transactions.  NULL: there is no such
 * carrier, or its settings are unsound; problem says which, without secrets.
 */
extern PtCarrier *pt_carrier_load(int32 carrier_id, char *problem, size_t size);
extern void pt_carrier_free(PtCarrier *carrier);	/* NULL is allowed */

/*
 * Has nothing that pt_carrier_load reads changed since this last returned
 * false?  Inside a transaction; false means: load again what you have loaded.
 * Requests on the wire keep the struct they were built with.
 */
extern bool pt_carriers_fresh(void);

extern void pt_carrier_init(void);	/* from _PG_init: settings */

#endif							/* PORTATEXT_LOAD_H */
