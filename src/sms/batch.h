/*
 * batch.h
 *	  Sending to many recipients with a result for each: what the functions that
 *	  do so share.
 */
#ifndef PORTATEXT_BATCH_H
#define PORTATEXT_BATCH_H

#include "fmgr.h"
#include "nodes/execnodes.h"

#include "sms/order.h"

#define PT_BATCH_CHUNK 1000		/* recipients at a time, at most */

/* What became of one recipient. */
typedef struct PtBatchItem
{
	PtOrder		order;
	PtRefusal	refusal;
	pg_uuid_t	message_id;
	bool		repeated;		/* message_id was there before */
} PtBatchItem;

typedef struct PtBatch
{
	PtOrder		base;			/* what the orders begin with */
	bool		raise;			/* on_error 'raise' */
	HTAB	   *seen;			/* recipients so far; NULL: they differ anyhow */
	MemoryContext chunk_context;
	PtBatchItem *items;
	int			count;
	int64		ord;			/* of the chunk's first recipient, from 1 */
	ReturnSetInfo *rsinfo;
	PtRole		saved;
} PtBatch;

/*
 * Reads the arguments body to on_error, which begin with the second; connects to
 * SPI and becomes the keeper until pt_batch_end().
 */
extern void pt_batch_begin(PtBatch *batch, FunctionCallInfo fcinfo);

/*
 * The n items of the next chunk, in chunk_context; the caller fills in order.recipient, or order.to
 * with a canonical number, and values of its own.
 */
extern PtBatchItem *pt_batch_items(PtBatch *batch, int n);

/* Checks, charges, stores and reports them. */
extern void pt_batch_run(PtBatch *batch);

extern void pt_batch_end(PtBatch *batch);

#endif							/* PORTATEXT_BATCH_H */
