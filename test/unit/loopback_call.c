/*
 * loopback_call.c
 *	  The built-in telephony engine: outcomes, flows, agents, and what is lost,
 *	  delayed and repeated on purpose.
 *
 * Libraries: libcurl libcrypto
 */
#include "tap.h"

#include <math.h>
#include <string.h>

#include "telephony/loopback_call.h"

#define START INT64_C(1763870400000000)
#define LIMIT 64

static PtEngine engine = {.engine_id = 1,.name = "loopback",.adapter = &pt_engine_loopback};
static PtEngineSetting settings[24];
static PtCallOrder order;
static PtCallEvent events[LIMIT];
static int	count;

/* Configures the engine with key, value, ..., NULL; what configure says is wrong, or NULL. */
static const char *
configure(const char *const *pairs)
{
	static char problem[200];

	pt_engine_loopback.release(&engine);
	engine.settings = settings;
	engine.n_settings = 0;
	for (int i = 0; pairs[i] != NULL; i += 2)
		settings[engine.n_settings++] = (PtEngineSetting) {(char *) pairs[i], (char *) pairs[i + 1]};
	return pt_engine_loopback.configure(&engine, problem, sizeof(problem)) ? NULL : problem;
}

#define CONFIGURE(...) configure((const char *const[]) {__VA_ARGS__, NULL})

/* Seconds after the start. */
static int64_t
at(double seconds)
{
	return START + (int64_t) (seconds * 1e6);
}

/* A call like any other. */
static void
order_like(const char *to, const char *flow)
{
	order = (PtCallOrder) {.call_id = "0190b0a0-0000-7000-8000-000000000001",.engine_ref = "",.from = "",.to = to,
		.trunk = "t",.trunk_address = "",.dial_timeout_s = 20,.max_duration_s = 3600,.flow = flow,
		.connect_to = "sip:anna@example.org",.connect_timeout_s = 5
	};
}

static void
run(int64_t connected, int64_t abandoned, int64_t hung_up)
{
	count = pt_engine_loopback.local_events(&engine, &order, START, connected, abandoned, hung_up, 0, events, LIMIT);
}

/* The events' names, legs before them, blanks between. */
static const char *
names(void)
{
	static char text[1000];
	size_t		len = 0;

	text[0] = '\0';
	for (int i = 0; i < count; i++)
		len += (size_t) snprintf(text + len, sizeof(text) - len, "%s%c:%s", i > 0 ? " " : "", events[i].leg,
								 pt_call_event_name(events[i].kind));
	return text;
}

static void
check_names(const char *expected, const char *what)
{
	ok(strcmp(names(), expected) == 0, "%s: %s", what, names());
}

static const PtCallEvent *
last(void)
{
	return &events[count - 1];
}

static double
seconds(int64_t t)
{
	return (double) (t - START) / 1e6;
}

static void
test_outcomes(void)
{
	static const struct
	{
		const char *to;
		int			q850;
		int			sip;
		int			alerted;
	}			rows[] = {
		{"+12025550001", 1, 404, 0}, {"+12025550002", 17, 486, 0}, {"+12025550003", 19, 480, 1}, {"+12025550004", 34, 503, 0},
		{"+12025550005", 21, 403, 0}, {"+12025550006", 21, 603, 1}, {"+12025550010", 18, 408, 0}, {"+12025550011", 20, 480, 0},
		{"+12025550012", 88, 488, 0}, {"+12025550013", 0, PT_CALL_UNKNOWN, 0}, {"+12025550014", 3, 500, 0}
	};

	CONFIGURE("ring_min", "2", "ring_max", "2");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		order_like(rows[i].to, "[]");
		run(0, 0, 0);
		ok(count >= 1 && last()->kind == PT_EVENT_ENDED && last()->leg == 'A' && last()->a.q850 == rows[i].q850 &&
		   last()->a.sip == rows[i].sip && last()->a.alerted == rows[i].alerted && last()->a.answered_at == 0,
		   "%s: cause %d, status %d, rang %d", rows[i].to, last()->a.q850, last()->a.sip, last()->a.alerted);
	}
	order_like("+12025550003", "[]");
	run(0, 0, 0);
	ok(seconds(last()->a.ended_at) == 20, "no answer until the dial time-out: %g", seconds(last()->a.ended_at));
	order_like("+12025550000", "[]");
	order.dial_timeout_s = 1;
	run(0, 0, 0);
	ok(last()->a.q850 == 19, "who would answer later than the time-out does not answer");
}

static void
test_flows(void)
{
	CONFIGURE("ring_min", "2", "ring_max", "2", "sound_seconds", "7", "talk_distribution", "fixed", "talk_mean", "40",
			  "amd_min", "2", "amd_max", "2", "agent_delay_min", "1", "agent_delay_max", "1");
	order_like("+12025550000", "[{\"wait\":{\"seconds\":3}},{\"play\":{\"sound_id\":1}},{\"hangup\":{}},{\"play\":{\"sound_id\":1}}]");
	run(0, 0, 0);
	check_names("A:ringing A:answered A:ended", "a flow without forward");
	ok(last()->a.q850 == 16 && seconds(last()->a.answered_at) == 3 && seconds(last()->a.ended_at) == 13, "its length is its steps'");
	order_like("+12025550000", "[{\"gather\":{\"digits\":4}},{\"forward\":{\"to\":\"+12025550100\"}}]");
	run(0, 0, 0);
	check_names("A:ringing A:answered A:digits B:placed B:ringing B:answered B:ended A:ended", "keys, then a forward");
	ok(strlen(last()->digits) == 4 && last()->b.known && seconds(last()->b.answered_at) == 6 && seconds(last()->b.ended_at) == 46 &&
	   strcmp(last()->b.to, "+12025550100") == 0 && last()->a.ended_at == last()->b.ended_at, "both legs end with the talk");
	order_like("+12025550000", "[{\"forward\":{\"to\":\"+12025550002\"}},{\"play\":{\"sound_id\":1}}]");
	run(0, 0, 0);
	check_names("A:ringing A:answered B:placed B:ended A:ended", "a busy leg B: the flow goes on");
	ok(last()->b.q850 == 17 && seconds(last()->a.ended_at) == 11, "cause 17, then the sound");
}

static void
test_amd(void)
{
	static const char flow[] = "[{\"amd\":{\"if_human\":[{\"forward\":{\"to\":\"+12025550100\"}}],\"if_machine\":[],"
	"\"if_notsure\":[{\"wait\":{\"seconds\":9}}]}}]";

	order_like("+12025550000", flow);
	run(0, 0, 0);
	check_names("A:ringing A:answered A:amd B:placed B:ringing B:answered B:ended A:ended", "a person is forwarded");
	ok(strcmp(last()->amd, "HUMAN") == 0, "HUMAN");
	order_like("+12025550007", flow);
	run(0, 0, 0);
	check_names("A:ringing A:answered A:amd A:ended", "a machine is not");
	ok(strcmp(last()->amd, "MACHINE") == 0 && !last()->b.known, "MACHINE");
	order_like("+12025550008", flow);
	run(0, 0, 0);
	ok(strcmp(last()->amd, "NOTSURE") == 0 && seconds(last()->a.ended_at) == 14, "NOTSURE has a flow of its own");
	order_like("+12025550009", flow);
	run(0, 0, 0);
	ok(strcmp(last()->amd, "HANGUP") == 0 && fabs(seconds(last()->a.ended_at) - 3.7) < 1e-6, "gone before the verdict");
	order_like("+12025550009", "[{\"play\":{\"sound_id\":1}}]");
	run(0, 0, 0);
	check_names("A:ringing A:answered A:ended", "the same without detection");
}

static void
test_team(void)
{
	order_like("+12025550000", "[{\"forward\":{\"team\":true}}]");
	run(0, 0, 0);
	check_names("A:ringing A:answered A:waiting A:ended", "nobody comes: patience ends");
	ok(seconds(last()->a.ended_at) == 33, "after 30 seconds");
	run(at(3.5), 0, 0);
	check_names("A:ringing A:answered A:waiting B:placed B:ringing B:answered B:ended A:ended", "an agent is connected");
	ok(seconds(last()->b.answered_at) == 4.5 && seconds(last()->a.ended_at) == 44.5, "and talks");
	order.connect_to = "+12025550003";
	run(at(3.5), 0, 0);
	check_names("A:ringing A:answered A:waiting B:placed B:ringing B:ended A:ended", "an agent who does not answer");
	ok(last()->b.q850 == 19 && seconds(last()->b.ended_at) == 8.5 && seconds(last()->a.ended_at) == 33, "the person waits on");
	{
		int64_t		seq = events[3].seq;

		run(at(9), 0, 0);
		ok(events[3].leg == 'B' && events[3].seq != seq, "the next agent's leg has numbers of its own");
	}
	order.abandon_flow = "[{\"play\":{\"sound_id\":1}}]";
	run(0, at(5), 0);
	check_names("A:ringing A:answered A:waiting A:ended", "abandoned");
	ok(seconds(last()->a.ended_at) == 12, "after the other flow");
	order.abandon_flow = NULL;
	run(0, at(5), 0);
	ok(seconds(last()->a.ended_at) == 5, "or at once");
	order.connect_to = "sip:anna@example.org";
	run(at(3.5), at(5), 0);
	ok(last()->b.answered_at != 0 && seconds(last()->a.ended_at) == 44.5, "abandoned too late: they talk");
	run(at(3.5), at(4), 0);
	ok(last()->b.q850 == 16 && last()->b.answered_at == 0 && seconds(last()->a.ended_at) == 4, "abandoned while leg B rings");
}

static void
test_stops(void)
{
	order_like("+12025550000", "[{\"forward\":{\"to\":\"+12025550100\"}}]");
	run(0, 0, at(2));
	check_names("A:ringing A:ended", "withdrawn while it rings");
	ok(last()->a.sip == 487 && last()->a.alerted == 1 && seconds(last()->a.ended_at) == 2, "487");
	run(0, 0, at(0));
	check_names("A:ended", "withdrawn at once");
	run(0, 0, at(10));
	check_names("A:ringing A:answered B:placed B:ringing B:answered B:ended A:ended", "hung up while they talk");
	ok(seconds(last()->b.ended_at) == 10 && seconds(last()->a.ended_at) == 10, "both legs at that time");
	run(0, 0, at(100));
	ok(seconds(last()->a.ended_at) == 44, "hung up when it was over: nothing changes");
	order.max_duration_s = 20;
	run(0, 0, 0);
	ok(seconds(last()->a.ended_at) == 23, "at most max_duration");
}

static void
test_pure(void)
{
	PtCallEvent kept[LIMIT];
	int			n;

	order_like("+12025550000", "[{\"forward\":{\"team\":true}}]");
	run(at(3.5), 0, 0);
	memcpy(kept, events, sizeof(kept));
	n = count;
	run(at(3.5), 0, 0);
	ok(n == count && memcmp(kept, events, sizeof(kept[0]) * (size_t) n) == 0, "asked again it is the same");
	count = pt_engine_loopback.local_events(&engine, &order, START, at(3.5), 0, 0, kept[3].at, events, LIMIT);
	ok(count == n - 4 && events[0].seq == kept[4].seq, "what is known is left out");
	run(0, 0, 0);
	ok(memcmp(kept, events, sizeof(kept[0]) * 3) == 0, "what came before the agent does not depend on the agent");
	count = pt_engine_loopback.local_events(&engine, &order, START, at(3.5), 0, 0, 0, events, 2);
	ok(count == 1 && events[0].kind == PT_EVENT_RINGING, "no more than fit, and not a part of what comes at one time");
}

static void
test_disorder(void)
{
	int			told = 0;
	int			twice = 0;
	int			late = 0;
	int			disorder = 0;
	char		id[PT_CALL_ID_SIZE];

	CONFIGURE("loss", "0.2", "duplicates", "0.3", "reordering", "0.5", "event_delay", "2", "ring_max", "9");
	order_like("+12025550199", "[]");
	order.call_id = id;
	for (int i = 0; i < 2000; i++)
	{
		snprintf(id, sizeof(id), "0190b0a0-0000-7000-8000-%012d", i);
		run(0, 0, 0);
		for (int j = 0; j < count; j++)
		{
			int			earlier = 0;

			for (int k = 0; k < j; k++)
			{
				earlier += events[k].seq == events[j].seq;
				disorder += events[k].seq > events[j].seq;
			}
			told += earlier == 0;
			twice += earlier;
			late += events[j].kind == PT_EVENT_ENDED && events[j].at > events[j].a.ended_at;
		}
	}
	ok(told > 4600 && told < 5000, "a fifth is lost: %d of 6000 told", told);
	ok(twice > 1200 && twice < 1700, "some are told twice: %d", twice);
	ok(late > 1500 && disorder > 100, "late %d, out of order %d", late, disorder);
	count = pt_engine_loopback.local_events(&engine, &order, START, 0, 0, 0, -1, events, LIMIT);
	check_names("A:ringing A:answered A:ended", "the plain truth");
	ok(last()->at == last()->a.ended_at, "at its own time");
}

static void
test_shares(void)
{
	int			busy = 0;
	int			answered = 0;
	double		talk = 0;
	char		id[PT_CALL_ID_SIZE];

	CONFIGURE("busy", "0.25", "no_answer", "0.25", "scenes", "false", "talk_mean", "60", "ring_min", "1", "ring_max", "5", "seed", "9");
	order_like("+12025550001", "[{\"forward\":{\"to\":\"+12025550100\"}}]");
	order.call_id = id;
	for (int i = 0; i < 20000; i++)
	{
		snprintf(id, sizeof(id), "0190b0a0-0000-7000-8000-%012d", i);
		run(0, 0, 0);
		busy += last()->a.q850 == 17;
		answered += last()->a.answered_at != 0;
		talk += last()->b.answered_at != 0 ? (double) (last()->b.ended_at - last()->b.answered_at) / 1e6 : 0;
	}
	ok(fabs(busy / 20000.0 - 0.25) < 0.02 && fabs(answered / 20000.0 - 0.5) < 0.02, "shares: %d busy, %d answered", busy, answered);
	ok(fabs(talk / answered - 60) < 3, "mean of the talks: %g", talk / answered);
}

static void
test_settings(void)
{
	ok(CONFIGURE("busy", "0.6", "machine", "0.6") != NULL, "shares above 1: %s", CONFIGURE("busy", "0.6", "machine", "0.6"));
	ok(CONFIGURE("busy", "x") != NULL, "no number: %s", CONFIGURE("busy", "x"));
	ok(CONFIGURE("loss", "nan") != NULL, "not a number: %s", CONFIGURE("loss", "nan"));
	ok(CONFIGURE("colour", "red") != NULL, "unknown: %s", CONFIGURE("colour", "red"));
	ok(CONFIGURE("talk_distribution", "normal") != NULL, "%s", CONFIGURE("talk_distribution", "normal"));
	ok(CONFIGURE("scenes", "yes") != NULL, "%s", CONFIGURE("scenes", "yes"));
	ok(CONFIGURE("seed", "-x") != NULL, "%s", CONFIGURE("seed", "-x"));
	ok(CONFIGURE("talk_distribution", "exponential", "seed", "7") == NULL, "sound settings");
}

int
main(void)
{
	test_outcomes();
	test_flows();
	test_amd();
	test_team();
	test_stops();
	test_pure();
	test_disorder();
	test_shares();
	test_settings();
	pt_engine_loopback.release(&engine);
	return tap_done();
}
