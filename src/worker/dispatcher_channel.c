/*
 * dispatcher_channel.c
 *	  The dispatcher's view of a carrier: configuration, window, pace, breaker.
 */
#include "portatext.h"

#include "common/pg_prng.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "carrier/load.h"
#include "worker/dispatcher.h"

#define BREAKER_FAILURES 5		/* in a row open the breaker */
#define BREAKER_MAX_S 60
#define PACE_US (100 * INT64CONST(1000))
#define AHEAD_MAX 512

/* Disabled carriers, too: what they have is still sent. */
static PtPlan usable_plan = {
	.sql = "SELECT c.carrier_id FROM portatext.carriers c WHERE NOT EXISTS ("
	"SELECT FROM portatext.carrier_stop s WHERE s.carrier_id = c.carrier_id) ORDER BY 1"
};

PtChannel *
pt_channel_find(int32 carrier_id)
{
	dlist_iter	iter;

	dlist_foreach(iter, &pt_dispatcher.channels)
	{
		PtChannel  *channel = dlist_container(PtChannel, node, iter.cur);

		if (channel->carrier_id == carrier_id)
			return channel;
	}
	return NULL;
}

/* A lane of which nothing is known yet. */
static void
lane_init(PtLaneState *lane, int32 number)
{
	lane->lane = number;
	dlist_init(&lane->ready);
	lane->maybe = true;
	lane->next_due = DT_NOEND;
}

/* A channel for a carrier seen for the first time. */
static PtChannel *
channel_make(int32 carrier_id)
{
	PtChannel  *channel = MemoryContextAllocZero(pt_dispatcher.context, sizeof(PtChannel));

	channel->carrier_id = carrier_id;
	channel->segments_each = 1;
	channel->stats = pt_carrier_stats(carrier_id);
	dlist_init(&channel->open);
	lane_init(&channel->lanes[0], PT_LANE(carrier_id, false));
	lane_init(&channel->lanes[1], PT_LANE(carrier_id, true));
	dlist_push_tail(&pt_dispatcher.channels, &channel->node);
	return channel;
}

/* Gives a configuration back; the last user frees it. */
void
pt_use_release(PtCarrierUse *use)
{
	if (use == NULL || --use->users > 0)
		return;
	pt_carrier_free(use->carrier);
	pfree(use);
}

/* Replaces a channel's configuration; carrier may be NULL. */
static void
channel_configure(PtChannel *channel, PtCarrier *carrier)
{
	PtCarrierUse *use = NULL;

	if (carrier != NULL)
	{
		use = MemoryContextAllocZero(pt_dispatcher.context, sizeof(PtCarrierUse));
		use->carrier = carrier;
		use->users = 1;
	}
	pt_use_release(channel->use);
	channel->use = use;
	channel->refused = false;
	for (int i = 0; i < 2; i++)
	{
		channel->lanes[i].maybe = true;
		channel->lanes[i].scan_at = channel->lanes[i].full_scan_at = 0;
	}
}

/* Reads a carrier; one with unsound settings is said in the log and hands over nothing. */
static PtCarrier *
load_carrier(int32 carrier_id)
{
	char		problem[200] = "";
	PtCarrier  *carrier = pt_carrier_load(carrier_id, problem, sizeof(problem));

	if (carrier == NULL)
		ereport(LOG,
				(errmsg("portatext dispatcher: carrier %d cannot be used: %s", carrier_id, problem),
				 errhint("Its messages wait until portatext.alter_carrier() sets this right.")));
	return carrier;
}

/* Loads every usable carrier anew. */
static void
load_channels(void)
{
	uint64		n = pt_plan_run(&usable_plan, NULL, NULL, SPI_OK_SELECT);
	int32	   *ids = palloc_array(int32, n + 1);
	dlist_iter	iter;
	bool		isnull;

	for (uint64 i = 0; i < n; i++)
		ids[i] = DatumGetInt32(pt_result(i, 1, &isnull));
	dlist_foreach(iter, &pt_dispatcher.channels)
		dlist_container(PtChannel, node, iter.cur)->seen = false;
	for (uint64 i = 0; i < n; i++)
	{
		PtChannel  *channel = pt_channel_find(ids[i]);

		if (channel == NULL)
			channel = channel_make(ids[i]);
		channel->seen = true;
		channel_configure(channel, load_carrier(ids[i]));
	}
	dlist_foreach(iter, &pt_dispatcher.channels)
	{
		PtChannel  *channel = dlist_container(PtChannel, node, iter.cur);

		if (!channel->seen)
			channel_configure(channel, NULL);
	}
}

/* Loads the carriers' configuration if it has changed. */
void
pt_channels_refresh(void)
{
	static bool loaded = false;

	if (pt_carriers_fresh() && loaded)
		return;
	loaded = false;
	load_channels();
	loaded = true;
}

/* Has the breaker been open, and is one message to try whether the carrier is back? */
bool
pt_channel_half_open(const PtChannel *channel)
{
	return channel->stats->open_until != 0 && channel->stats->open_until <= pt_now();
}

/*
 * Requests that may be on the wire now.  Of what the engine can carry beside the
 * other carriers' requests a carrier has half at most: one that hangs shuts
 * nobody out, however large its max_in_flight or small the number of descriptors.
 */
int
pt_channel_window(const PtChannel *channel)
{
	int			others = pt_dispatcher.in_flight - channel->in_flight;
	int			share = Max((pt_http_capacity(pt_dispatcher.engine) - others) / 2, 1);

	if (channel->use == NULL || channel->refused)
		return 0;
	if (channel->stats->open_until > pt_now())
		return 0;
	return channel->stats->open_until != 0 ? 1 : Min(channel->use->carrier->max_in_flight, share);
}

/* How many messages the carrier completes in the pace period. */
static int
channel_ahead(PtChannel *channel)
{
	TimestampTz now = GetCurrentTimestamp();

	if (now - channel->pace_at >= PACE_US)
	{
		double		periods = (double) (now - channel->pace_at) / PACE_US;

		channel->ahead = Min(AHEAD_MAX, (int) (channel->completed / periods));
		channel->completed = 0;
		channel->pace_at = now;
	}
	return channel->ahead;
}

/*
 * Segments that the carrier's bucket admits now; 0: tokens_at says when.  Not
 * for each single token: a twentieth of a second's worth at least.
 */
static double
channel_tokens(PtChannel *channel)
{
	double		rate = channel->use->carrier->segments_per_second;
	TimestampTz now = pt_now();
	double		enough = Min(Max(rate / 20, 1), 32);
	double		level;
	char		key[32];

	if (channel->tokens_at > now)
		return 0;
	snprintf(key, sizeof(key), "c:%d", channel->carrier_id);
	level = pt_bucket_level(key, rate, now);
	/* A message longer than a second's worth has been waited for. */
	if (channel->tokens_at != 0)
		level = Max(level, 1);
	else if (level < enough && level < rate)
	{
		channel->tokens_at = now + (int64) ((enough - level) / rate * USECS_PER_SEC) + 1;
		return 0;
	}
	return level;
}

/* How many messages are to be claimed for the channel now. */
int
pt_channel_room(PtChannel *channel)
{
	int			window = pt_channel_window(channel);
	int			ready = channel->lanes[0].n_ready + channel->lanes[1].n_ready;
	double		each = Max(channel->segments_each, 1);
	double		busy;
	double		room;
	int			ahead;

	if (window == 0)
		return 0;
	if (pt_channel_half_open(channel))
		return channel->in_flight + channel->open_parts + ready > 0 ? 0 : 1;
	if (!channel->use->carrier->adapter->splits)
		each = 1;
	ahead = channel_ahead(channel);
	busy = channel->in_flight + channel->open_parts + ready * each;
	room = window + ahead - busy;
	if (room < 1 || (busy > 0 && room < Max(Min(8, window / 4), ahead / 2)))
		return 0;
	room = Max(room / each, 1);
	if (channel->use->carrier->segments_per_second > 0)
		room = Min(room, channel_tokens(channel) / Max(channel->segments_each, 1) + 0.999);
	return (int) Min(room, PT_CLAIM_MAX);
}

/* Opens the breaker: 1 s, doubled each time up to a minute, a quarter of it by chance. */
static void
breaker_open(PtChannel *channel)
{
	int			seconds = Min(1 << Min(channel->breaker_level, 10), BREAKER_MAX_S);
	double		jitter = 1 + pg_prng_double(&pg_global_prng_state) / 4;

	channel->breaker_level++;
	channel->stats->open_until = pt_now() + (int64) (seconds * jitter * USECS_PER_SEC);
}

/* Failures in a row open the breaker; those of requests from before do not open it again. */
static void
breaker_failure(PtChannel *channel)
{
	PtCarrierStats *stats = channel->stats;

	stats->consecutive_failures++;
	if (stats->open_until > pt_now())
		return;
	if (stats->open_until != 0 || stats->consecutive_failures >= BREAKER_FAILURES)
		breaker_open(channel);
}

/* The carrier answers sensibly. */
static void
breaker_success(PtChannel *channel)
{
	channel->stats->consecutive_failures = 0;
	channel->stats->open_until = 0;
	channel->breaker_level = 0;
}

/* Counts an answer and lets it move the breaker. */
void
pt_channel_answered(PtChannel *channel, const PtTry *try)
{
	PtCarrierStats *stats = channel->stats;

	channel->completed++;
	switch (try->answer.class)
	{
		case PT_ANSWER_THROTTLED:
			stats->throttled++;
			breaker_failure(channel);
			return;
		case PT_ANSWER_TEMPORARY:
			stats->temporary++;
			breaker_failure(channel);
			return;
		case PT_ANSWER_UNCLEAR:
			stats->unclear++;
			breaker_failure(channel);
			return;
		case PT_ANSWER_ACCEPTED:
			stats->accepted++;
			channel->throttle_level = 0;
			break;
		case PT_ANSWER_ACCOUNT:
			channel->refused = true;
			/* FALLTHROUGH */
		default:
			stats->refused++;
	}
	breaker_success(channel);
}
