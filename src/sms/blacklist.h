/*
 * blacklist.h
 *	  Are numbers blacklisted?
 */
#ifndef PORTATEXT_BLACKLIST_H
#define PORTATEXT_BLACKLIST_H

#include "portatext.h"

/* Is the number on the account's or the operator's blacklist? (BL-02) */
extern bool pt_blacklisted(int64 account_id, const char *number);

/* The same for many, into found, as a statement beginning now would see (BL-03). */
extern void pt_blacklisted_many(int64 account_id, const Datum *numbers, int n, bool *found);

#endif							/* PORTATEXT_BLACKLIST_H */
