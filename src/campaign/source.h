/*
 * source.h
 *	  Where the recipients of a campaign come from.
 */
#ifndef PORTATEXT_SOURCE_H
#define PORTATEXT_SOURCE_H

#include "portatext.h"

#include "utils/array.h"
#include "utils/jsonb.h"

/* One place to read numbers from, as a build has noted it. */
typedef struct PtSource
{
	bool		subscribers;	/* of a service; else contacts of a version */
	int64		id;
} PtSource;

typedef struct PtSources
{
	int			n;
	PtSource   *list;
	int64		refused;		/* rows of queries that were opened and whose number could not be read */
} PtSources;

/*
 * Writes what a request names: lists by name or id (each once) and the
 * contacts that came with it.  Raises 42704 for a list that there is not,
 * 22023 for contacts of which one is refused.  Inside SPI, as the keeper.
 */
extern void pt_sources_store(int64 account_id, int64 campaign_id, ArrayType *lists, text *csv);

/*
 * Opens a campaign's sources for a build: from here on it reads the same
 * contacts, whatever becomes of the lists (CSV-10).  service: its name, when all its
 * subscribers are asked for, else NULL.  Raises 42704 for a list that was deleted.
 */
extern void pt_sources_open(int64 account_id, int64 campaign_id, text *service, PtSources *sources);

/* How many numbers they have together, those that come twice included. */
extern int64 pt_sources_count(const PtSources *sources);

/* As JSON and back, for the job's position. */
extern void pt_sources_out(const PtSources *sources, StringInfo json);
extern void pt_sources_in(const Jsonb *position, PtSources *sources);	/* n = 0: not opened yet */

/*
 * The next numbers of a source behind one, in order, at most PT_BUILD_SLICE: rows
 * of SPI_tuptable with number, variables and, where own is a version, the
 * variables of the account's own contact.  variables: are they wanted?
 */
extern uint64 pt_source_read(const PtSource *source, const char *after, int64 own, bool variables);

#define PT_BUILD_SLICE 250

#endif							/* PORTATEXT_SOURCE_H */
