/*
 * cause.c
 *	  What a leg's end means.
 *
 * The dial-status words of engines cannot be trusted (four different failures say
 * "no answer"), so the Q.850 cause and whether the leg rang decide.  Other vendors' causes
 * and SIP statuses fall back on their class.
 */
#include "telephony/cause.h"

#include <stddef.h>
#include <string.h>

#define UNKNOWN (-1)
#define MINUTES(n) ((n) * 60)

/* NER-03: on leg A everything but ANSWER, BUSY and NO_ANSWER has failed. */
static const PtResultRule rules[PT_CALL_RESULTS] = {
	{PT_RESULT_ANSWER, "ANSWER", true, false, MINUTES(60), 0, false},
	{PT_RESULT_BUSY, "BUSY", true, false, MINUTES(5), 0, false},
	{PT_RESULT_NO_ANSWER, "NO_ANSWER", true, false, MINUTES(60), 0, false},
	{PT_RESULT_TIMEOUT, "TIMEOUT", true, true, MINUTES(15), 0, false},
	{PT_RESULT_REJECTED, "REJECTED", true, true, MINUTES(30), 0, true},
	{PT_RESULT_INVALID_NUMBER, "INVALID_NUMBER", true, true, MINUTES(60), 2, false},
	{PT_RESULT_NO_ROUTE, "NO_ROUTE", true, true, MINUTES(30), 0, false},
	{PT_RESULT_CONGESTION, "CONGESTION", true, true, MINUTES(5), 0, true},
	{PT_RESULT_UNAVAILABLE, "UNAVAILABLE", true, true, MINUTES(30), 0, false},
	{PT_RESULT_INCOMPATIBLE, "INCOMPATIBLE", true, true, 0, 1, false},
	{PT_RESULT_ENGINE_ERROR, "ENGINE_ERROR", true, true, MINUTES(5), 0, false},
	{PT_RESULT_NO_CREDITS, "NO_CREDITS", false, false, 0, 0, false},
	{PT_RESULT_BLACKLISTED, "BLACKLISTED", false, false, 0, 1, false},
	{PT_RESULT_CANCELLED, "CANCELLED", false, false, 0, 0, false}
};

/*
 * ITU-T Q.850 causes before an answer.  A row with -1 is for every leg of which no row
 * above says more; one of which it was not told whether it rang counts as one that did
 * not, but for 19, which by its definition follows ringing.
 */
static const PtCause causes[] = {
	{0, UNKNOWN, PT_RESULT_ENGINE_ERROR},	/* the engine did not get as far as the network */
	{1, UNKNOWN, PT_RESULT_INVALID_NUMBER}, /* unallocated number */
	{2, UNKNOWN, PT_RESULT_NO_ROUTE},
	{3, UNKNOWN, PT_RESULT_NO_ROUTE},
	{5, UNKNOWN, PT_RESULT_NO_ROUTE},	/* misdialled trunk prefix */
	{16, 1, PT_RESULT_NO_ANSWER},	/* normal clearing */
	{16, UNKNOWN, PT_RESULT_UNAVAILABLE},
	{17, UNKNOWN, PT_RESULT_BUSY},
	{18, 1, PT_RESULT_NO_ANSWER},	/* no user responding */
	{18, UNKNOWN, PT_RESULT_TIMEOUT},
	{19, 0, PT_RESULT_UNAVAILABLE}, /* no answer; 480 without ringing comes as this, too */
	{19, UNKNOWN, PT_RESULT_NO_ANSWER},
	{20, 1, PT_RESULT_NO_ANSWER},	/* subscriber absent */
	{20, UNKNOWN, PT_RESULT_UNAVAILABLE},
	{21, 1, PT_RESULT_BUSY},	/* rejected by a person ... */
	{21, UNKNOWN, PT_RESULT_REJECTED},	/* ... or by the trunk */
	{22, UNKNOWN, PT_RESULT_INVALID_NUMBER},	/* number changed */
	{25, UNKNOWN, PT_RESULT_NO_ROUTE},
	{27, UNKNOWN, PT_RESULT_NO_ROUTE},	/* destination out of order */
	{28, UNKNOWN, PT_RESULT_INVALID_NUMBER},	/* incomplete number */
	{31, 1, PT_RESULT_NO_ANSWER},	/* normal, unspecified */
	{31, UNKNOWN, PT_RESULT_UNAVAILABLE},
	{34, UNKNOWN, PT_RESULT_CONGESTION},
	{38, UNKNOWN, PT_RESULT_NO_ROUTE},	/* network out of order */
	{41, UNKNOWN, PT_RESULT_CONGESTION},
	{42, UNKNOWN, PT_RESULT_CONGESTION},
	{44, UNKNOWN, PT_RESULT_CONGESTION},
	{47, UNKNOWN, PT_RESULT_CONGESTION},
	{55, UNKNOWN, PT_RESULT_INCOMPATIBLE},
	{57, UNKNOWN, PT_RESULT_INCOMPATIBLE},
	{58, UNKNOWN, PT_RESULT_INCOMPATIBLE},
	{63, UNKNOWN, PT_RESULT_INCOMPATIBLE},
	{65, UNKNOWN, PT_RESULT_INCOMPATIBLE},	/* bearer capability, codec */
	{79, UNKNOWN, PT_RESULT_INCOMPATIBLE},
	{88, UNKNOWN, PT_RESULT_INCOMPATIBLE},
	{102, UNKNOWN, PT_RESULT_TIMEOUT},	/* recovery on timer expiry: a server on the way did not reply */
	{127, UNKNOWN, PT_RESULT_INCOMPATIBLE}
};

#define CAUSES (sizeof(causes) / sizeof(causes[0]))

/* The last cause of each class (Q.850 table 1), and what the class means. */
static const struct
{
	int			last;
	PtCallResult result;
}			classes[] =
{
	{15, PT_RESULT_NO_ROUTE},
	{31, PT_RESULT_UNAVAILABLE},
	{47, PT_RESULT_CONGESTION},
	{95, PT_RESULT_INCOMPATIBLE},
	{111, PT_RESULT_ENGINE_ERROR},	/* protocol error */
	{127, PT_RESULT_INCOMPATIBLE}
};

/*
 * RFC 3398 8.2.6.1, but: 408 and 480 keep apart a leg that nobody answers to (18) and one
 * that is not there (20), 487 ends our own time-out (19), 420, 483 and 502 are faults of the route.
 */
static const struct
{
	int			status;
	int			q850;
}			statuses[] =
{
	{400, 41}, {401, 21}, {402, 21}, {403, 21}, {404, 1}, {405, 63}, {406, 79}, {407, 21}, {408, 18},
	{410, 22}, {413, 127}, {414, 127}, {415, 79}, {416, 127}, {420, 38}, {480, 20}, {481, 41}, {482, 25},
	{483, 25}, {484, 28}, {485, 1}, {486, 17}, {487, 19}, {488, 65}, {500, 41}, {501, 79}, {502, 38},
	{503, 41}, {504, 102}, {505, 127}, {513, 127}, {600, 17}, {603, 21}, {604, 1}, {606, 65}
};

#define STATUSES (sizeof(statuses) / sizeof(statuses[0]))

/* What a cause means by its class alone. */
static PtCallResult
result_of_class(int q850)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (q850 <= classes[i].last)
			return classes[i].result;
	return PT_RESULT_ENGINE_ERROR;
}

/* The row of the table. */
static PtCallResult
result_of_cause(int q850, int alerted)
{
	for (size_t i = 0; i < CAUSES; i++)
		if (causes[i].q850 == q850 && (causes[i].alerted == UNKNOWN || causes[i].alerted == alerted))
			return causes[i].result;
	return result_of_class(q850);
}

int
pt_cause_of_sip(int status)
{
	for (size_t i = 0; i < STATUSES; i++)
		if (statuses[i].status == status)
			return statuses[i].q850;
	if (status < 400 || status > 699)
		return UNKNOWN;
	return status < 500 ? 127 : status < 600 ? 41 : 21;
}

/* An engine that names no cause, or 0, may have a SIP status; without both it was its own fault. */
PtCallResult
pt_call_result_of(bool answered, int q850, int sip, int alerted)
{
	if (answered)
		return PT_RESULT_ANSWER;
	if (q850 <= 0 && pt_cause_of_sip(sip) != UNKNOWN)
		q850 = pt_cause_of_sip(sip);
	return result_of_cause(q850 < 0 ? 0 : q850, alerted);
}

const PtResultRule *
pt_call_result_rule(PtCallResult result)
{
	return &rules[result];
}

const char *
pt_call_result_name(PtCallResult result)
{
	return rules[result].name;
}

bool
pt_call_result_find(const char *name, PtCallResult *result)
{
	for (int i = 0; i < PT_CALL_RESULTS; i++)
		if (strcmp(rules[i].name, name) == 0)
		{
			*result = rules[i].result;
			return true;
		}
	return false;
}

/* BUSY and NO_ANSWER are no failures of leg A, and are of leg B; a call that was not issued has not failed. */
bool
pt_call_ner_failed(PtCallResult a, bool b_tried, PtCallResult b)
{
	if (!rules[a].issued)
		return false;
	return rules[a].ner_failed || (b_tried && b != PT_RESULT_ANSWER);
}

const PtCause *
pt_cause_at(int i)
{
	return i >= 0 && (size_t) i < CAUSES ? &causes[i] : NULL;
}
