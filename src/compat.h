/*
 * compat.h
 *	  Every condition on the server's version: PostgreSQL 15 to 18.
 */
#ifndef PORTATEXT_COMPAT_H
#define PORTATEXT_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "portatext needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* Memory contexts handed to callbacks, LWLock tranches etc. are the same on all. */

#endif							/* PORTATEXT_COMPAT_H */
