/*
 * children.h
 *	  The launcher's workers: wanted, running, waiting to be tried again.
 */
#ifndef PORTATEXT_CHILDREN_H
#define PORTATEXT_CHILDREN_H

#include "portatext.h"

#include "worker/shared.h"

/* Nothing is wanted, until pt_child_want says so. */
extern void pt_children_unwant(void);

/* This worker should run; index tells dispatchers of one database apart. */
extern void pt_child_want(Oid database, PtWorkerKind kind, int index);

/*
 * Starts what is wanted, stops what is not, notes what has ended.  Returns the
 * milliseconds until there is something to do by time alone.
 */
extern long pt_children_settle(void);

/* Tells other processes how many workers each database has. */
extern void pt_children_publish(void);

#endif							/* PORTATEXT_CHILDREN_H */
