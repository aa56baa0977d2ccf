/*
 * store.h
 *	  Writing accepted messages.
 */
#ifndef PORTATEXT_STORE_H
#define PORTATEXT_STORE_H

#include "sms/order.h"

extern const char *pt_encoding_name(PtEncoding encoding);	/* gsm or ucs2 */

/* Writes one accepted, charged order. */
extern void pt_store_one(const PtOrder *order, Datum message_id);

/*
 * Writes n of them, which share account, times, priority and kind; all are a
 * service's or none.  ids holds uuid Datums.  Fastest when they also share body and client_ref
 * (by pointer) and have no group; texts that are the first one's are best given as its pointer.
 */
extern void pt_store_many(const PtOrder *const *orders, Datum *ids, int n);

#endif							/* PORTATEXT_STORE_H */
