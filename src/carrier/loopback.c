/*
 * loopback.c
 *	  The carrier in the process itself: no network; the last four digits of the
 *	  recipient decide what happens (docs/carriers.md has the table).
 *
 * Core: no PostgreSQL header.
 */
#include "carrier/carrier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DELAY_MAX_MS 86400000L
#define THROTTLED_KEPT 1024		/* messages remembered as throttled once */

typedef struct LoopbackState
{
	bool		fails;			/* setting "fail" */
	PtAnswerClass failure;
	long		delay_ms;		/* setting "receipt_delay_ms" */
	uint32_t	throttled[THROTTLED_KEPT];	/* hashes of message ids, a ring */
	unsigned	next_throttled;
} LoopbackState;

/* What a recipient's last four digits stand for. */
typedef struct Scene
{
	const char *digits;
	const char *receipt;		/* NULL: none */
	const char *receipt_code;
	long		delay_ms;
	bool		twice;
	bool		reply;
} Scene;

static const Scene scenes[] = {
	{"0002", "undelivered", "001"},
	{"0003", "expired", "002"},
	{"0004", "rejected", "003"},
	{"0005", NULL},
	{"0006", "delivered", ""},
	{"0008", "delivered", "", 2000},
	{"0009", "delivered", "", 0, true},
	{"0010", "delivered", "", 0, false, true},
};

static const Scene usual = {"", "delivered", ""};

static const PtAdapterRule loopback_rules[] = {
	{"0001", PT_ANSWER_BAD_NUMBER, "The recipient ends in 0001."},
	{"0006", PT_ANSWER_THROTTLED, "The recipient ends in 0006; the second attempt is accepted."},
	{"0007", PT_ANSWER_TEMPORARY, "The recipient ends in 0007."},
	{"0011", PT_ANSWER_UNCLEAR, "The recipient ends in 0011."},
	{"0012", PT_ANSWER_OPTED_OUT, "The recipient ends in 0012."},
	{"0013", PT_ANSWER_ACCOUNT, "The recipient ends in 0013: stops the carrier."},
	{"0014", PT_ANSWER_FILTERED, "The recipient ends in 0014."},
	{"0015", PT_ANSWER_REFUSED, "The recipient ends in 0015."},
	{NULL}
};

/* Reads "receipt_delay_ms" and "fail"; false: problem says what is wrong. */
static bool
read_settings(const PtCarrier *carrier, LoopbackState *state, char *problem, size_t size)
{
	const char *delay = pt_carrier_setting(carrier, "receipt_delay_ms");
	const char *fail = pt_carrier_setting(carrier, "fail");
	char	   *end = NULL;

	if (delay != NULL)
	{
		state->delay_ms = strtol(delay, &end, 10);
		if (end == delay || *end != '\0' || state->delay_ms < 0 || state->delay_ms > DELAY_MAX_MS)
		{
			snprintf(problem, size, "receipt_delay_ms is not a number from 0 to %ld", DELAY_MAX_MS);
			return false;
		}
	}
	if (fail != NULL)
	{
		state->fails = true;
		if (!pt_answer_class_find(fail, &state->failure))
		{
			snprintf(problem, size, "fail is not the name of an answer class");
			return false;
		}
	}
	return true;
}

/* PtAdapter.configure */
static bool
loopback_configure(PtCarrier *carrier, char *problem, size_t size)
{
	static const char *const known[] = {"receipt_delay_ms", "fail", NULL};
	const char *unknown = pt_carrier_unknown_setting(carrier, known);
	LoopbackState *state;

	if (unknown != NULL)
	{
		snprintf(problem, size, "there is no setting \"%.40s\"", unknown);
		return false;
	}
	state = calloc(1, sizeof(LoopbackState));
	carrier->state = state;
	if (state == NULL)
	{
		snprintf(problem, size, "out of memory");
		return false;
	}
	return read_settings(carrier, state, problem, size);
}

/* PtAdapter.release */
static void
loopback_release(PtCarrier *carrier)
{
	free(carrier->state);
	carrier->state = NULL;
}

/* FNV-1a; never 0, which marks an unused place. */
static uint32_t
hash_of(const char *text)
{
	uint32_t	hash = 2166136261u;

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char) *text) * 16777619u;
	return hash == 0 ? 1 : hash;
}

/* Is this the message's first attempt?  Remembers it. */
static bool
first_attempt(LoopbackState *state, const char *message_id)
{
	uint32_t	hash = hash_of(message_id);

	for (int i = 0; i < THROTTLED_KEPT; i++)
	{
		if (state->throttled[i] == hash)
		{
			state->throttled[i] = 0;
			return false;
		}
	}
	state->throttled[state->next_throttled++ % THROTTLED_KEPT] = hash;
	return true;
}

/* The scene of a recipient; digits are its last four. */
static const Scene *
scene_of(const char *digits)
{
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
	{
		if (strcmp(scenes[i].digits, digits) == 0)
			return &scenes[i];
	}
	return &usual;
}

/* "reply to: " and the start of the text, cut at a character. */
static void
make_reply(const PtPartRequest *part, char *reply, size_t size)
{
	int			prefix = snprintf(reply, size, "reply to: ");
	size_t		len = part->body_len;

	if (len > size - 1 - (size_t) prefix)
	{
		len = size - 1 - (size_t) prefix;
		while (len > 0 && ((unsigned char) part->body[len] & 0xC0) == 0x80)
			len--;
	}
	memcpy(reply + prefix, part->body, len);
	reply[(size_t) prefix + len] = '\0';
}

/* Accepts the message and says what follows. */
static void
accept_message(const PtCarrier *carrier, const PtPartRequest *part, const Scene *scene, PtAnswer *answer)
{
	const LoopbackState *state = carrier->state;

	pt_answer_set(carrier, answer, "accepted", PT_ANSWER_ACCEPTED);
	if (scene->receipt != NULL)
	{
		snprintf(answer->receipt_status, sizeof(answer->receipt_status), "%s", scene->receipt);
		snprintf(answer->receipt_code, sizeof(answer->receipt_code), "%s", scene->receipt_code);
		answer->receipt_delay_ms = state->delay_ms + scene->delay_ms;
		answer->receipt_twice = scene->twice;
	}
	if (scene->reply)
		make_reply(part, answer->reply, sizeof(answer->reply));
}

/* The last four digits of a recipient; empty when it is shorter. */
static const char *
digits_of(const char *to)
{
	size_t		len = strlen(to);

	return len >= 4 ? to + len - 4 : "";
}

/* PtAdapter.ask_local */
static bool
loopback_ask(const char *to, const char **status, const char **code)
{
	const Scene *scene = scene_of(digits_of(to));

	*status = scene->receipt;
	*code = scene->receipt_code;
	return scene->receipt != NULL;
}

/* PtAdapter.answer_local */
static void
loopback_answer(PtCarrier *carrier, const PtPartRequest *part, PtAnswer *answer)
{
	LoopbackState *state = carrier->state;
	const char *digits = digits_of(part->to);

	if (state->fails && state->failure != PT_ANSWER_ACCEPTED)
	{
		pt_answer_set(carrier, answer, "fail", state->failure);
		return;
	}
	if (strcmp(digits, "0006") == 0 && !first_attempt(state, part->message_id))
	{
		accept_message(carrier, part, scene_of(digits), answer);
		return;
	}
	pt_answer_set(carrier, answer, digits, PT_ANSWER_ACCEPTED);
	if (answer->class == PT_ANSWER_ACCEPTED)
		accept_message(carrier, part, scene_of(digits), answer);
	else
		snprintf(answer->text, sizeof(answer->text), "loopback: recipient ends in %s", digits);
}

const PtAdapter pt_adapter_loopback = {
	.name = "loopback",
	.local = true,
	.configure = loopback_configure,
	.release = loopback_release,
	.answer_local = loopback_answer,
	.ask_local = loopback_ask,
	.rules = loopback_rules,
};
