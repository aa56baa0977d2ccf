/*
 * claim.h
 *	  Taking messages out of the outbox for the hand-over.
 */
#ifndef PORTATEXT_CLAIM_H
#define PORTATEXT_CLAIM_H

#include "lib/ilist.h"

#include "portatext.h"

#define PT_TRIED_MAX 16			/* carriers noted in message.tried */
#define PT_RUN_KEY "run:"		/* of portatext.parked: a paused run's, which waits for nobody's tokens */
#define PT_LANE(carrier_id, bulk) ((carrier_id) * 2 + ((bulk) ? 1 : 0))

/* A row of portatext.lease as its dispatcher knows it; freed with its last message. */
typedef struct PtLease
{
	int64		lease_id;
	int			left;			/* messages without a written outcome */
	int			leaving;		/* of them in the outcome batch being written */
} PtLease;

/* A claimed message: one allocation, the strings behind the struct. */
typedef struct PtMessage
{
	dlist_node	node;
	pg_uuid_t	id;
	char		id_text[37];
	int64		account_id;
	int64		service_id;		/* 0: none */
	int64		group_id;		/* 0: none */
	PtLease    *lease;
	int32		lane;
	int			segments;
	int			attempts;
	bool		ucs2;
	bool		part_accepted;	/* the carrier has a part from an earlier try */
	TimestampTz due;
	TimestampTz valid_until;	/* DT_NOEND: none */
	TimestampTz checked_at;		/* before the re-check began, by the wall clock */
	uint8		parts_done[32]; /* bit p - 1: part p was accepted earlier */
	int			n_tried;
	int32		tried[PT_TRIED_MAX];	/* as in message.tried */
	const char *from;
	const char *to;
	const char *body;			/* UTF-8 */
	size_t		body_len;
} PtMessage;

static inline bool
pt_message_part_done(const PtMessage *message, int part)
{
	return (message->parts_done[(part - 1) / 8] >> ((part - 1) % 8)) & 1;
}

/* What is wanted from one lane, and what came. */
typedef struct PtClaimLane
{
	int32		lane;
	int32		carrier_id;
	int			want;
	double		carrier_rate;	/* segments a second, 0: no limit */
	double		sender_rate;	/* of senders without an own one */
	TimestampTz after_due;		/* scan behind this key */
	pg_uuid_t	after_id;
	int			got;			/* rows that left the outbox */
	int			parked;			/* of them, set aside: for their sender's pace, a paused run, a closed schedule */
	TimestampTz last_due;		/* the greatest key of them */
	pg_uuid_t	last_id;
	int64		cost_us;		/* of the scan and delete */
	int64		token_wait_us;	/* > 0: the carrier has no tokens for so long */
} PtClaimLane;

typedef struct PtClaim
{
	int64		worker;
	TimestampTz now;			/* business time */
	MemoryContext context;		/* where the messages go */
	int			n_lanes;
	PtClaimLane *lanes;
	dlist_head	taken;			/* of PtMessage, by due time */
	int			n_taken;
	int			n_skipped;
	int			n_parked;
} PtClaim;

/* Claims inside the caller's transaction and SPI connection. */
extern void pt_claim(PtClaim *claim);

/* Frees what a claim took whose transaction was rolled back. */
extern void pt_claim_forget(PtClaim *claim);

/* Marks a message that cannot be claimed: attention row, out of the outbox. */
extern void pt_claim_poison(int32 lane, TimestampTz due, const pg_uuid_t *id, const char *detail);

/* When the next row of the lane becomes due; DT_NOEND: none waits. */
extern TimestampTz pt_claim_next_due(int32 lane, TimestampTz now);

#endif							/* PORTATEXT_CLAIM_H */
