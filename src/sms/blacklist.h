/*
 * blacklist.h
 *	  Is one number blacklisted?
 */
#ifndef PORTATEXT_BLACKLIST_H
#define PORTATEXT_BLACKLIST_H

#include "portatext.h"

/* Is the number on the account's or the operator's blacklist? (BL-02) */
extern bool pt_blacklisted(int64 account_id, const char *number);

#endif							/* PORTATEXT_BLACKLIST_H */
