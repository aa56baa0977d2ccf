/*
 * dispatcher_claim.c
 *	  When the dispatcher claims, from which lanes, and how much.
 */
#include "portatext.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "worker/dispatcher.h"
#include "worker/installation.h"

#define FULL_SCAN_SHARE 20		/* scans from a lane's start take at most 1/20 of the time */
#define FULL_SCAN_MAX_US (60 * USECS_PER_SEC)
#define NEAR_SCAN_US (30 * USECS_PER_SEC)	/* so far back, where those committed late lie */
#define NEAR_SCAN_EVERY_US (2 * USECS_PER_SEC)
#define POISON_CLAIMS 3			/* failures of one message's claim, alone */
#define BULK_SHARE 9			/* one of so many is bulk */

/*
 * Messages claimed at a time, at most: after a failed claim fewer and fewer, in
 * the end one alone, so that it is known which one fails; then more again.
 */
static int	claim_most = PT_CLAIM_MAX;

/* Where a lane is read from. */
typedef enum ClaimScan
{
	SCAN_ON,					/* behind the last key */
	SCAN_NEAR,					/* from somewhat before it */
	SCAN_FULL					/* from the lane's start, past the dead rows there */
} ClaimScan;

/* One claim: its lanes, and where each of them is read from. */
typedef struct ClaimTurn
{
	PtClaim		claim;
	PtClaimLane *orders;
	PtLaneState **states;
	PtChannel **channels;
	ClaimScan  *scans;
	int			room;			/* in the arrays */
} ClaimTurn;

/* Is it time to look into the lane? */
static bool
lane_due(PtLaneState *lane, TimestampTz wall, TimestampTz now)
{
	if (lane->next_due <= now)
	{
		lane->maybe = true;
		lane->scan_at = 0;
		/* It may lie before the last claimed key. */
		if (lane->next_due <= lane->after_due)
			lane->full_scan_at = 0;
		lane->next_due = DT_NOEND;
	}
	return lane->maybe && lane->scan_at <= wall;
}

/* Is it time to look for rows before the last key, and how far? */
static ClaimScan
choose_scan(const PtLaneState *lane)
{
	TimestampTz wall = GetCurrentTimestamp();

	if (lane->full_scan_at <= wall)
		return SCAN_FULL;
	return lane->near_scan_at <= wall ? SCAN_NEAR : SCAN_ON;
}

/* When it will be so the next time, after a scan of that cost. */
static void
plan_scans(PtLaneState *lane, ClaimScan scan, int64 cost_us)
{
	TimestampTz wall = GetCurrentTimestamp();

	if (scan == SCAN_ON)
		return;
	if (scan == SCAN_FULL)
		lane->full_scan_at = wall + Min(cost_us * FULL_SCAN_SHARE, FULL_SCAN_MAX_US);
	lane->near_scan_at = wall + NEAR_SCAN_EVERY_US;
}

/* Adds a lane to the claim. */
static void
order_lane(ClaimTurn *turn, PtChannel *channel, int which, int want)
{
	PtLaneState *lane = &channel->lanes[which];
	const PtCarrier *carrier = channel->use->carrier;
	int			i = turn->claim.n_lanes++;
	PtClaimLane *order = &turn->orders[i];

	memset(order, 0, sizeof(*order));
	order->lane = lane->lane;
	order->carrier_id = channel->carrier_id;
	/* What is going to be set aside takes no room: much of it at a time, so that it is soon out of the way. */
	order->want = Min(lane->parks ? PT_CLAIM_MAX : want, claim_most);
	order->carrier_rate = carrier->segments_per_second;
	order->sender_rate = carrier->sender_segments_per_second;
	turn->states[i] = lane;
	turn->channels[i] = channel;
	turn->scans[i] = choose_scan(lane);
	order->after_due = DT_NOBEGIN;
	if (turn->scans[i] == SCAN_FULL)
		return;
	order->after_due = lane->after_due;
	if (turn->scans[i] == SCAN_ON)
		order->after_id = lane->after_id;
	else if (lane->after_due != DT_NOBEGIN)
		order->after_due -= NEAR_SCAN_US;
}

/* Bulk's part of the room: one in nine, and all that transactional leaves. */
static int
bulk_share(PtChannel *channel, int room)
{
	int			share;

	channel->bulk_credit += room;
	share = channel->bulk_credit / BULK_SHARE;
	channel->bulk_credit %= BULK_SHARE;
	return share;
}

/* Orders what a channel has room for. */
static void
order_channel(ClaimTurn *turn, PtChannel *channel, TimestampTz wall, TimestampTz now)
{
	bool		urgent = lane_due(&channel->lanes[0], wall, now);
	bool		bulk = lane_due(&channel->lanes[1], wall, now);
	int			room;
	int			share;

	if (!(urgent || bulk) || (room = pt_channel_room(channel)) <= 0)
		return;
	share = !bulk ? 0 : !urgent ? room : bulk_share(channel, room);
	if (urgent && room > share)
		order_lane(turn, channel, 0, room - share);
	if (share > 0)
		order_lane(turn, channel, 1, share);
}

/* Orders all lanes that there is room for, or one of them, each in its turn. */
static void
order_lanes(ClaimTurn *turn, TimestampTz wall)
{
	static int	turns = 0;
	dlist_iter	iter;
	int			chosen;

	dlist_foreach(iter, &pt_dispatcher.channels)
		order_channel(turn, dlist_container(PtChannel, node, iter.cur), wall, turn->claim.now);
	if (claim_most > 1 || turn->claim.n_lanes <= 1)
		return;
	chosen = turns++ % turn->claim.n_lanes;
	turn->orders[0] = turn->orders[chosen];
	turn->states[0] = turn->states[chosen];
	turn->channels[0] = turn->channels[chosen];
	turn->scans[0] = turn->scans[chosen];
	turn->claim.n_lanes = 1;
}

/* What the scan says about the lane. */
static void
note_lane(ClaimTurn *turn, int i)
{
	PtLaneState *lane = turn->states[i];
	PtClaimLane *order = &turn->orders[i];
	bool		full = turn->scans[i] == SCAN_FULL;

	plan_scans(lane, turn->scans[i], order->cost_us);
	lane->parks = order->parked > order->got / 2;
	if (order->got > 0)
	{
		lane->after_due = order->last_due;
		lane->after_id = order->last_id;
	}
	else if (full)
		lane->after_due = DT_NOBEGIN;
	lane->maybe = order->got == order->want || !full;
	lane->scan_at = order->got == order->want ? 0 : Min(lane->full_scan_at, lane->near_scan_at);
	if (!lane->maybe)
		lane->next_due = pt_claim_next_due(lane->lane, turn->claim.now);
	turn->channels[i]->tokens_at = 0;
	if (order->token_wait_us > 0)
	{
		turn->channels[i]->tokens_at = turn->claim.now + order->token_wait_us;
		lane->maybe = true;
		/* What was put back lies at the lane's start. */
		lane->full_scan_at = lane->scan_at = 0;
	}
}

/* Makes room for the lanes of all channels. */
static void
turn_allocate(ClaimTurn *turn)
{
	int			n = 0;
	dlist_iter	iter;

	dlist_foreach(iter, &pt_dispatcher.channels)
		n += 2;
	turn->orders = palloc0_array(PtClaimLane, n + 1);
	turn->states = palloc0_array(PtLaneState *, n + 1);
	turn->channels = palloc0_array(PtChannel *, n + 1);
	turn->scans = palloc0_array(ClaimScan, n + 1);
}

/* Nothing may be sent from here: no lane is looked into until the next wake-up or sweep. */
static void
lanes_sleep(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &pt_dispatcher.channels)
	{
		PtChannel  *channel = dlist_container(PtChannel, node, iter.cur);

		for (int i = 0; i < 2; i++)
		{
			channel->lanes[i].maybe = false;
			channel->lanes[i].next_due = DT_NOEND;
		}
	}
}

/* PtTxBody: the claim of one turn. */
static void
claim_body(void *arg)
{
	ClaimTurn  *turn = arg;
	TimestampTz wall = GetCurrentTimestamp();

	turn->claim.now = pt_now();
	pt_channels_refresh();
	if (!pt_installation_ok())
	{
		lanes_sleep();
		return;
	}
	turn_allocate(turn);
	order_lanes(turn, wall);
	if (turn->claim.n_lanes == 0)
		return;
	turn->claim.lanes = turn->orders;
	pt_claim(&turn->claim);
	for (int i = 0; i < turn->claim.n_lanes; i++)
		note_lane(turn, i);
}

/* Hands the claimed messages to their channels. */
static void
distribute(PtClaim *claim)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &claim->taken)
	{
		PtMessage  *message = dlist_container(PtMessage, node, iter.cur);
		PtChannel  *channel = pt_channel_find(message->lane / 2);
		PtLaneState *lane = &channel->lanes[message->lane % 2];

		dlist_delete(&message->node);
		dlist_push_tail(&lane->ready, &message->node);
		lane->n_ready++;
		channel->segments_each += (message->segments - channel->segments_each) / 32;
	}
	pt_slot_count(PT_COUNT_CLAIMED, claim->n_taken);
	pt_slot_count(PT_COUNT_SKIPPED, claim->n_skipped);
}

/* PtTxBody: the message of the lane that cannot be claimed. */
static void
poison_body(void *arg)
{
	const PtLaneState *lane = arg;

	pt_claim_poison(lane->lane, lane->bad_due, &lane->bad_id,
					"the message could not be claimed; the server's log says why");
}

/* A message's claim has failed, alone: if that goes on, it is marked and left. */
static void
suspect(PtLaneState *lane, const PtClaimLane *order)
{
	if (memcmp(&lane->bad_id, &order->last_id, sizeof(pg_uuid_t)) != 0)
		lane->bad_claims = 0;
	lane->bad_id = order->last_id;
	lane->bad_due = order->last_due;
	if (++lane->bad_claims >= POISON_CLAIMS &&
		pt_session_tx("marking a message", poison_body, lane))
		lane->bad_claims = 0;
}

/* After a failed claim: with fewer messages, or, when there was one, not at once. */
static void
claim_failed(ClaimTurn *turn)
{
	TimestampTz later = GetCurrentTimestamp() + (claim_most > 1 ? 0 : USECS_PER_SEC);
	dlist_iter	iter;

	pt_claim_forget(&turn->claim);
	pt_slot_count(PT_COUNT_ERRORS, 1);
	dlist_foreach(iter, &pt_dispatcher.channels)
	{
		PtChannel  *channel = dlist_container(PtChannel, node, iter.cur);

		for (int i = 0; i < 2; i++)
		{
			bool		mine = turn->claim.n_lanes == 0;

			for (int k = 0; k < turn->claim.n_lanes; k++)
				mine = mine || turn->states[k] == &channel->lanes[i];
			if (!mine)
				continue;
			channel->lanes[i].scan_at = later;
			channel->lanes[i].full_scan_at = 0;
		}
	}
	if (claim_most == 1 && turn->claim.n_lanes == 1 && turn->orders[0].got == 1)
		suspect(turn->states[0], &turn->orders[0]);
	claim_most = Max(claim_most / 2, 1);
}

/* Does any channel have a lane to look into, and room? */
static bool
claim_wanted(void)
{
	TimestampTz wall = GetCurrentTimestamp();
	TimestampTz now = pt_now();
	dlist_iter	iter;

	dlist_foreach(iter, &pt_dispatcher.channels)
	{
		PtChannel  *channel = dlist_container(PtChannel, node, iter.cur);
		bool		due = lane_due(&channel->lanes[0], wall, now);

		due = lane_due(&channel->lanes[1], wall, now) || due;
		if (due && pt_channel_room(channel) > 0)
			return true;
	}
	return false;
}

/* Claims what there is room for; force: look for changed carriers in any case. */
void
pt_dispatcher_claim(bool force)
{
	ClaimTurn	turn = {
		.claim = {.worker = pt_dispatcher.number,.context = pt_dispatcher.context}
	};

	if (pt_dispatcher.n_outcomes >= PT_UNWRITTEN_MAX || !(force || claim_wanted()))
		return;
	dlist_init(&turn.claim.taken);
	if (!pt_session_tx("claiming messages", claim_body, &turn))
	{
		claim_failed(&turn);
		return;
	}
	claim_most = Min(claim_most * 2, PT_CLAIM_MAX);
	distribute(&turn.claim);
	if (turn.claim.n_parked > 0)
		pt_wake(PT_SCHEDULER);
	if (turn.claim.n_taken > 0)
		PT_POINT("claim_committed");
}

/* Something may have been queued: every lane is looked into. */
void
pt_lanes_wake(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &pt_dispatcher.channels)
	{
		PtChannel  *channel = dlist_container(PtChannel, node, iter.cur);

		for (int i = 0; i < 2; i++)
		{
			channel->lanes[i].maybe = true;
			channel->lanes[i].scan_at = 0;
		}
	}
}

/* Milliseconds, rounded up, from one time to another. */
static long
ms_between(TimestampTz from, TimestampTz to)
{
	if (to <= from)
		return 0;
	return (long) Min((to - from + 999) / 1000, INT64CONST(3600000));
}

/* When a lane is to be looked into again. */
static long
lane_timeout_ms(PtChannel *channel, const PtLaneState *lane, TimestampTz wall, TimestampTz now)
{
	long		timeout = -1;

	if (lane->next_due != DT_NOEND)
		timeout = ms_between(now, lane->next_due);
	if (!lane->maybe || pt_channel_window(channel) == 0)
		return timeout;
	if (channel->tokens_at != 0)
		return pt_shorter(timeout, ms_between(now, channel->tokens_at));
	/* Without room, what makes room wakes the dispatcher. */
	if (lane->scan_at > wall || pt_channel_room(channel) > 0)
		timeout = pt_shorter(timeout, ms_between(wall, lane->scan_at));
	else if (channel->tokens_at != 0)
		timeout = pt_shorter(timeout, ms_between(now, channel->tokens_at));
	return timeout;
}

long
pt_lanes_timeout_ms(void)
{
	TimestampTz wall = GetCurrentTimestamp();
	TimestampTz now = pt_now();
	long		timeout = -1;
	dlist_iter	iter;

	if (pt_dispatcher.n_outcomes >= PT_UNWRITTEN_MAX)
		return -1;
	dlist_foreach(iter, &pt_dispatcher.channels)
	{
		PtChannel  *channel = dlist_container(PtChannel, node, iter.cur);

		if (channel->use == NULL)
			continue;
		if (channel->stats->open_until > now)
			timeout = pt_shorter(timeout, ms_between(now, channel->stats->open_until));
		for (int i = 0; i < 2; i++)
			timeout = pt_shorter(timeout, lane_timeout_ms(channel, &channel->lanes[i], wall, now));
	}
	return timeout;
}
