/*
 * pacing.c
 *	  The pacing core: each method and limit by itself, what is learnt, what is
 *	  stored, and short days of the simulated call centre (PACE-01 to PACE-09).
 *
 * The days are simulated with fixed seeds and no clock: their figures are the
 * same on every machine but for rounding, and the bounds leave room for that.
 */
#include <math.h>
#include <string.h>

#include "tap.h"
#include "telephony/erlang.h"
#include "telephony/pacing.h"

#include "../bench/dialer_fate.c"
#include "../bench/dialer_sim.c"

#define MANY 400

static double ages[MANY];		/* zero: just placed, or just begun */
static double unknown[MANY];	/* -1: wrap-up of unknown length */

/* Agents of whom so many are idle and the others talk; nothing rings. */
static PtPaceInput
input_of(double now, int agents, int idle)
{
	PtPaceInput input = {.now_s = now,.agents = agents,.idle = idle,.talking = ages,.n_talking = agents - idle,
		.ringing = ages,.wrap_left = unknown,.max_lines = -1,.max_targets = -1,.max_rate = -1
	};

	return input;
}

static PtPaceSettings
settings_of(PtPaceMethod method)
{
	PtPaceSettings settings;

	pt_pace_defaults(&settings);
	settings.method = method;
	return settings;
}

/* A campaign that has seen so many calls, of which each tenth but some was answered after 12 s. */
static void
teach(PtPace *pace, int calls, int answers_of_10)
{
	for (int i = 0; i < calls; i++)
	{
		if (i * 7 % 10 < answers_of_10)
			pt_pace_arrived(pace, 12.5);
		else
			pt_pace_gone(pace, 28);
	}
}

/* Decides once for a campaign that has learnt nothing. */
static PtPaceOutput
decide_new(const PtPaceSettings *settings, const PtPaceInput *input)
{
	PtPace		pace;
	PtPaceOutput output;

	pt_pace_init(&pace, settings);
	pt_pace_decide(&pace, settings, input, &output);
	return output;
}

static void
test_simple_methods(void)
{
	PtPaceSettings settings = settings_of(PT_PACE_PROGRESSIVE);
	PtPaceInput input = input_of(0, 10, 4);
	PtPaceOutput output = decide_new(&settings, &input);

	ok(output.place == 4 && output.limit == PT_PACE_BY_AGENTS, "progressive: a call for each idle agent");
	input.n_ringing = 3;
	input.waiting = 1;
	output = decide_new(&settings, &input);
	ok(output.place == 0, "progressive: ringing and waiting calls have taken them");
	settings = settings_of(PT_PACE_RATIO);
	settings.ratio = 2.5;
	settings.max_abandonment = 1;
	input = input_of(0, 10, 4);
	input.n_ringing = 3;
	output = decide_new(&settings, &input);
	ok(output.place == 7 && output.limit == PT_PACE_BY_RATIO, "ratio: 2.5 calls for each of 4, 3 ring");
	settings = settings_of(PT_PACE_LINES);
	input.max_lines = 17;
	output = decide_new(&settings, &input);
	ok(output.place == 17 && output.limit == PT_PACE_BY_LINES, "PACE-09: without agents the lines alone count");
}

/* PACE-05 in its plain form, and what Erlang C allows. */
static void
test_erlang(void)
{
	PtPaceSettings settings = settings_of(PT_PACE_ERLANG);
	PtPaceInput input = input_of(0, 20, 10);
	PtPaceOutput output;

	ok(pt_pace_calls(18, 13, 2, 0.5) == 8, "PACE-05: ceil((18 - 13) / 0.5) - 2");
	ok(pt_pace_calls(18, 13, 12, 0.5) == 0 && pt_pace_calls(18, 19, 0, 0.5) == 0, "PACE-05: never below 0");
	ok(pt_pace_calls(0.1 * 3, 0, 0, 0.1) == 3, "PACE-05: no call more for a rounding error");
	settings.max_abandonment = 1;
	output = decide_new(&settings, &input);
	ok(output.limit == PT_PACE_BY_ERLANG && fabs(output.load - 18) < 1e-9
	   && output.place == pt_pace_calls(18, 10, 0, output.p_answer), "PACE-05: A = 18 of 20 agents at 90 %%");
	settings.occupancy = 1;
	settings.waiting_probability = 0.05;
	output = decide_new(&settings, &input);
	ok(fabs(pt_erlang_c(20, output.load) - 0.05) < 1e-9, "PACE-05: ErlangC(20, %.4f) = 0.05", output.load);
	settings.max_abandonment = 0.03;
	settings.waiting_probability = 0;
	input.live = 1000;
	input.abandoned = 29;
	output = decide_new(&settings, &input);
	ok(output.place == 10 && output.limit == PT_PACE_BY_ABANDONMENT,
	   "the budget is used up: idle agents only, %d", output.place);
	input.n_ringing = 10;
	output = decide_new(&settings, &input);
	ok(output.place == 0, "each of them has a call: none");
}

/* PACE-02, PACE-08: seeds, bounds, small samples, drift. */
static void
test_learning(void)
{
	PtPaceSettings settings = settings_of(PT_PACE_PREDICTIVE);
	PtPaceInput input = input_of(0, 0, 0);
	PtPaceOutput output;
	PtPace		pace;
	double		few;

	pt_pace_init(&pace, &settings);
	ok(fabs(pt_pace_p_answer(&pace) - 0.5) < 0.02 && pace.acd == 60, "PACE-08: the seeds are 0.5 and 60 s");
	teach(&pace, 1, 0);
	few = pt_pace_p_answer(&pace);
	ok(few > 0.35 && few < 0.5, "PACE-08: one call without answer moves it a little: %.3f", few);
	teach(&pace, 200, 1);
	ok(fabs(pt_pace_p_answer(&pace) - 0.1) < 0.03, "PACE-02: after 200 calls it is what was measured: %.3f",
	   pt_pace_p_answer(&pace));
	for (int second = 1; second <= 3600; second++)
	{
		teach(&pace, 10, 6);
		input.now_s = second;
		pt_pace_decide(&pace, &settings, &input, &output);
	}
	ok(fabs(output.p_answer - 0.6) < 0.05, "it follows the day: %.3f", output.p_answer);
	for (int second = 1; second <= 7200; second++)
	{
		teach(&pace, 10, 0);
		input.now_s = 3600 + second;
		pt_pace_decide(&pace, &settings, &input, &output);
	}
	ok(output.p_answer >= 0.001 && output.p_answer < 0.05, "PACE-08: p has a floor: %.4f", output.p_answer);
}

/* PACE-03, PACE-08: the average call duration. */
static void
test_duration(void)
{
	PtPaceSettings settings = settings_of(PT_PACE_PREDICTIVE);
	PtPace		pace;

	pt_pace_init(&pace, &settings);
	pt_pace_talked(&pace, 120);
	ok(pace.acd > 60 && pace.acd < 90, "PACE-08: one talk counts little: %.1f s", pace.acd);
	for (int i = 0; i < 300; i++)
		pt_pace_talked(&pace, 120);
	ok(fabs(pace.acd - 120) < 1, "PACE-03: the average of many: %.1f s", pace.acd);
	pt_pace_talked(&pace, 1e9);
	ok(pace.acd < 160, "PACE-08: one talk without end is bounded: %.1f s", pace.acd);
	pt_pace_talked(&pace, NAN);
	pt_pace_talked(&pace, -5);
	ok(pace.acd > 1 && pace.acd < 160, "what is no time does no harm: %.1f s", pace.acd);
	for (int i = 0; i < 3000; i++)
		pt_pace_talked(&pace, 0);
	ok(pace.acd == 1, "PACE-08: never below a second");
}

/* Calls that still ring count: without them the early ends would weigh too much. */
static void
test_ringing_calls_count(void)
{
	PtPaceSettings settings = settings_of(PT_PACE_PREDICTIVE);
	PtPaceInput input = input_of(0, 0, 0);
	PtPaceOutput output;
	PtPace		pace;
	double		alone;

	pt_pace_init(&pace, &settings);
	for (int i = 0; i < 50; i++)
		pt_pace_arrived(&pace, 7.5);
	pt_pace_decide(&pace, &settings, &input, &output);
	alone = output.p_answer;
	for (int i = 0; i < 200; i++)
		ages[i] = 9;
	input.n_ringing = 200;
	pt_pace_decide(&pace, &settings, &input, &output);
	memset(ages, 0, sizeof(ages));
	ok(alone > 0.9 && output.p_answer < 0.6, "50 quick answers: %.2f, of 250 calls: %.2f", alone, output.p_answer);
}

/* A trunk that refuses everything at once does not make the campaign place more and more. */
static void
test_dead_trunk(void)
{
	PtPaceSettings settings = settings_of(PT_PACE_PREDICTIVE);
	PtPaceInput input = input_of(0, 20, 20);
	PtPaceOutput output;
	PtPace		pace;
	int			before;
	int			most = 0;

	pt_pace_init(&pace, &settings);
	teach(&pace, 1000, 3);
	pt_pace_decide(&pace, &settings, &input, &output);
	before = output.place;
	for (int second = 1; second <= 600; second++)
	{
		for (int i = 0; i < output.place; i++)
			pt_pace_gone(&pace, 0.2);
		input.now_s = second;
		pt_pace_decide(&pace, &settings, &input, &output);
		most = output.place > most ? output.place : most;
	}
	ok(before > 20 && most <= before * 3 / 2, "ten minutes of refusals: %d calls before, %d at most", before, most);
}

/* Lines, targets and calls a second; the smallest is named. */
static void
test_limits(void)
{
	PtPaceSettings settings = settings_of(PT_PACE_PREDICTIVE);
	PtPaceInput input = input_of(0, 50, 50);
	PtPaceOutput output;

	input.max_lines = 9;
	input.max_targets = 8;
	input.max_rate = 7;
	output = decide_new(&settings, &input);
	ok(output.place == 7 && output.limit == PT_PACE_BY_RATE, "calls a second");
	input.max_rate = 20;
	output = decide_new(&settings, &input);
	ok(output.place == 8 && output.limit == PT_PACE_BY_TARGETS, "targets");
	input.max_targets = 20;
	output = decide_new(&settings, &input);
	ok(output.place == 9 && output.limit == PT_PACE_BY_LINES, "lines");
	input.max_lines = 0;
	output = decide_new(&settings, &input);
	ok(output.place == 0 && output.limit == PT_PACE_BY_LINES, "no line, no call");
	input = input_of(0, 0, 0);
	output = decide_new(&settings, &input);
	ok(output.place == 0, "no agents, no calls");
}

/* The predictive method at its corners. */
static void
test_predictive(void)
{
	PtPaceSettings settings = settings_of(PT_PACE_PREDICTIVE);
	PtPaceInput input = input_of(0, 20, 0);
	PtPaceOutput output;
	PtPace		pace;

	output = decide_new(&settings, &input);
	ok(output.place == 0 && output.limit == PT_PACE_BY_AGENTS, "20 talks have just begun: none");
	input = input_of(0, 1, 1);
	output = decide_new(&settings, &input);
	ok(output.place == 1, "one idle agent: one call at the start, %d", output.place);
	pt_pace_init(&pace, &settings);
	teach(&pace, 1000, 1);
	input = input_of(0, 100, 100);
	pt_pace_decide(&pace, &settings, &input, &output);
	ok(output.place > 400 && output.loss <= 0.03, "100 idle agents, one call of ten is answered: %d, loss %.3f",
	   output.place, output.loss);
	input.live = 1000;
	input.abandoned = 31;
	pt_pace_decide(&pace, &settings, &input, &output);
	ok(output.place == 100 && output.limit == PT_PACE_BY_ABANDONMENT && output.budget < 0,
	   "over the ceiling: a call for each idle agent, %d", output.place);
	settings.max_abandonment = 0;
	input.live = input.abandoned = 0;
	pt_pace_decide(&pace, &settings, &input, &output);
	ok(output.place == 100, "a ceiling of 0 is progressive dialing: %d", output.place);
}

/* No wind-up: a pause changes nothing but the time. */
static void
test_pause(void)
{
	PtPaceSettings settings = settings_of(PT_PACE_PREDICTIVE);
	PtPaceInput input = input_of(1000, 20, 20);
	PtPaceOutput output;
	PtPace		pace;
	PtPace		before;
	int			place;

	pt_pace_init(&pace, &settings);
	teach(&pace, 500, 3);
	pt_pace_decide(&pace, &settings, &input, &output);
	pt_pace_decide(&pace, &settings, &input, &output);
	before = pace;
	place = output.place;
	input.now_s = 100000;
	pt_pace_decide(&pace, &settings, &input, &output);
	ok(output.place == place && pace.threshold == before.threshold
	   && memcmp(pace.risk, before.risk, sizeof(pace.risk)) == 0,
	   "a day's pause changes neither threshold nor curve: %d and %d calls", place, output.place);
	input.now_s = 5;
	pt_pace_decide(&pace, &settings, &input, &output);
	ok(output.place == place, "a clock that goes back does no harm");
}

/* Ringing calls of another campaign take the same agents. */
static void
test_others(void)
{
	PtPaceSettings settings = settings_of(PT_PACE_PREDICTIVE);
	PtPaceInput input = input_of(0, 20, 20);
	PtPaceOutput alone;
	PtPaceOutput shared;
	PtPace		pace;
	PtPace		other;
	PtPaceOther others[1];

	pt_pace_init(&pace, &settings);
	pt_pace_init(&other, &settings);
	teach(&pace, 1000, 3);
	teach(&other, 1000, 3);
	pt_pace_decide(&pace, &settings, &input, &alone);
	others[0] = (PtPaceOther) {&other, ages, alone.place, true};
	input.others = others;
	input.n_others = 1;
	pt_pace_decide(&pace, &settings, &input, &shared);
	ok(alone.place > 20 && shared.place == 0 && shared.others_ringing == alone.place,
	   "its %d calls are enough for both: %d", alone.place, shared.place);
	other.threshold = 1e-4;
	others[0].n = 0;
	pt_pace_decide(&pace, &settings, &input, &shared);
	ok(shared.place < alone.place && shared.place >= 20, "one threshold for both: %d instead of %d", shared.place,
	   alone.place);
}

/* Ringing calls are withdrawn when their answers would find nobody. */
static void
test_withdraw(void)
{
	PtPaceSettings settings = settings_of(PT_PACE_PREDICTIVE);
	PtPaceInput input = input_of(0, 20, 0);
	PtPaceOutput output;
	PtPace		pace;

	settings.wrap_up_s = 15;
	settings.min_ring_s = 15;
	pt_pace_init(&pace, &settings);
	for (int i = 0; i < 300; i++)
		i % 3 == 0 ? pt_pace_arrived(&pace, 6 + i % 19) : pt_pace_gone(&pace, 28);
	for (int i = 0; i < 40; i++)
		ages[i] = i < 15 ? 17 : 10;
	input.n_ringing = 40;
	pt_pace_decide(&pace, &settings, &input, &output);
	ok(output.withdraw == 15 && output.withdraw_from_s == 15, "15 calls have rung for long enough: %d", output.withdraw);
	settings.min_ring_s = 0;
	pt_pace_decide(&pace, &settings, &input, &output);
	ok(output.withdraw == 0, "unless it is switched off");
	settings.min_ring_s = 15;
	input.idle = 20;
	input.n_talking = 0;
	pt_pace_decide(&pace, &settings, &input, &output);
	ok(output.withdraw == 0, "or agents are idle");
	memset(ages, 0, sizeof(ages));
	pt_pace_withdrawn(&pace, 17);
	ok(pt_pace_valid(&pace, sizeof(pace)), "what is withdrawn leaves a state that can be stored");
}

/* What is stored and read back. */
static void
test_stored(void)
{
	PtPaceSettings settings = settings_of(PT_PACE_PREDICTIVE);
	PtPaceInput input = input_of(10, 20, 5);
	PtPaceOutput one;
	PtPaceOutput two;
	PtPace		pace;
	PtPace		copy;

	pt_pace_init(&pace, &settings);
	teach(&pace, 100, 4);
	pt_pace_live(&pace, true);
	memcpy(&copy, &pace, sizeof(copy));
	ok(pt_pace_valid(&copy, sizeof(copy)), "what was learnt is valid");
	pt_pace_decide(&pace, &settings, &input, &one);
	pt_pace_decide(&copy, &settings, &input, &two);
	ok(memcmp(&one, &two, sizeof(one)) == 0 && memcmp(&pace, &copy, sizeof(pace)) == 0, "a copy decides the same");
	ok(!pt_pace_valid(&copy, sizeof(copy) - 1), "not with another size");
	copy.version++;
	ok(!pt_pace_valid(&copy, sizeof(copy)), "not of another version");
	copy = pace;
	copy.risk[40] = NAN;
	ok(!pt_pace_valid(&copy, sizeof(copy)), "not with what is no number");
	copy = pace;
	copy.answered[3] = copy.risk[3] + 1;
	ok(!pt_pace_valid(&copy, sizeof(copy)), "not with more answers than calls");
	copy = pace;
	copy.acd = -1;
	ok(!pt_pace_valid(&copy, sizeof(copy)), "not with a negative duration");
	memset(&copy, 0xff, sizeof(copy));
	ok(!pt_pace_valid(&copy, sizeof(copy)), "no arbitrary bytes");
}

static void
test_settings_and_names(void)
{
	PtPaceSettings settings = settings_of(PT_PACE_PREDICTIVE);
	bool		good = true;

	ok(pt_pace_settings_problem(&settings) == NULL && settings.occupancy == 0.9 && settings.max_abandonment == 0.03
	   && settings.acd_seed_s == 60 && settings.answer_seed == 0.5, "PACE-02, PACE-08: the defaults are valid");
	settings.occupancy = NAN;
	ok(strcmp(pt_pace_settings_problem(&settings), "occupancy") == 0, "a setting that cannot be is named");
	for (int i = 0; i < PT_PACE_METHODS; i++)
		good &= pt_pace_method_name(i) != NULL;
	ok(good && pt_pace_method_name(PT_PACE_METHODS) == NULL, "methods have names");
	for (int i = 0; i < PT_PACE_LIMITS; i++)
		good &= pt_pace_limit_name(i) != NULL && strlen(pt_pace_limit_words(i)) > 10;
	ok(good && pt_pace_limit_name(PT_PACE_LIMITS) == NULL, "limits have names and words");
}

/* One simulated day: ceiling held, agents busy for their share. */
static void
day(const char *what, const SimScenario *scenario, const PtPaceSettings *settings, double least_use, double most_use)
{
	SimResult	r;
	double		used;
	double		abandoned;

	if (!ok(sim_run(scenario, settings, 7, &r), "%s: a day is simulated", what))
		return;
	used = r.day.used / r.day.present;
	abandoned = r.day.live > 0 ? (double) r.day.abandoned / r.day.live : 1;
	ok(abandoned <= settings->max_abandonment, "%s: %.2f %% of %lld live answers abandoned", what, 100 * abandoned,
	   (long long) r.day.live);
	ok(used >= least_use && used <= most_use, "%s: agents work %.1f %% of their time", what, 100 * used);
	if (scenario->contacts > 0)
		ok(r.calls == scenario->contacts, "%s: %lld calls, the whole list and no more", what,
		   (long long) r.calls);
}

/* Days of the simulated call centre. */
static void
test_days(void)
{
	SimScenario plain = {.name = "plain",.agents = 10,.hours = 8,.p = 0.3,.talk_s = 60,.wrap_s = 15};
	SimScenario s = plain;
	PtPaceSettings settings = settings_of(PT_PACE_PREDICTIVE);

	settings.wrap_up_s = 15;
	settings.occupancy = 1;
	day("10 agents", &s, &settings, 0.75, 1);
	s.dead_from = 7200;
	s.dead_to = 7800;
	s.dead_rings_s = 3;
	day("a trunk fails for ten minutes", &s, &settings, 0.6, 1);
	s = plain;
	s.answer = SIM_JUMP;
	s.p = 0.1;
	s.p_after = 0.6;
	s.jump_at = 7200;
	day("p jumps from 0.1 to 0.6", &s, &settings, 0.7, 1);
	s = plain;
	s.agents = 20;
	s.campaigns = 2;
	s.shifts = true;
	day("two campaigns, agents come and go", &s, &settings, 0.75, 1);
	s = plain;
	s.contacts = 3000;
	day("the list runs dry", &s, &settings, 0.1, 0.3);
	s = plain;
	s.agents = 50;
	s.hours = 4;
	settings.occupancy = 0.9;
	day("50 agents, occupancy 0.9", &s, &settings, 0.87, 0.915);
	settings.method = PT_PACE_ERLANG;
	s = plain;
	s.agents = 5;
	day("Erlang C, 5 agents", &s, &settings, 0.45, 0.9);
}

int
main(void)
{
	for (int i = 0; i < MANY; i++)
		unknown[i] = -1;
	test_simple_methods();
	test_erlang();
	test_learning();
	test_duration();
	test_ringing_calls_count();
	test_dead_trunk();
	test_limits();
	test_predictive();
	test_pause();
	test_others();
	test_withdraw();
	test_stored();
	test_settings_and_names();
	test_days();
	return tap_done();
}
