/*
 * adapter.c
 *	  The list of adapters, settings by key, and what adapters share when they
 *	  turn an answer into a class.
 *
 * Core: no PostgreSQL header.
 */
#include "carrier/carrier.h"

#include <stdio.h>
#include <string.h>

#include "worker/http_util.h"

static const PtAdapter *const adapters[] = {
	&pt_adapter_loopback,
	&pt_adapter_kannel,
	&pt_adapter_http,
	NULL
};

/* In the order of PtAnswerClass. */
static const char *const class_names[] = {
	"accepted", "throttled", "temporary", "unclear", "bad_number", "opted_out",
	"filtered", "account", "refused"
};

#define CLASSES ((int) (sizeof(class_names) / sizeof(class_names[0])))

/* Settings that only operators may read. */
static const char *const secrets[] = {"password", "receipt_secret", NULL};

const PtAdapter *
pt_adapter_at(int i)
{
	return adapters[i];
}

const PtAdapter *
pt_adapter_find(const char *name)
{
	for (int i = 0; adapters[i] != NULL; i++)
	{
		if (strcmp(adapters[i]->name, name) == 0)
			return adapters[i];
	}
	return NULL;
}

const char *
pt_carrier_setting(const PtCarrier *carrier, const char *key)
{
	for (int i = 0; i < carrier->n_settings; i++)
	{
		if (strcmp(carrier->settings[i].key, key) == 0)
			return carrier->settings[i].value;
	}
	return NULL;
}

/* Is key in the NULL-terminated list? */
static bool
in_list(const char *key, const char *const *list)
{
	for (int i = 0; list[i] != NULL; i++)
	{
		if (strcmp(list[i], key) == 0)
			return true;
	}
	return false;
}

const char *
pt_carrier_unknown_setting(const PtCarrier *carrier, const char *const *known)
{
	for (int i = 0; i < carrier->n_settings; i++)
	{
		const char *key = carrier->settings[i].key;

		if (strcmp(key, "username") != 0 && !in_list(key, secrets) && !in_list(key, known))
			return key;
	}
	return NULL;
}

const char *
pt_answer_class_name(PtAnswerClass class)
{
	return (int) class >= 0 && (int) class < CLASSES ? class_names[class] : "unclear";
}

bool
pt_answer_class_find(const char *name, PtAnswerClass *class)
{
	for (int i = 0; i < CLASSES; i++)
	{
		if (strcmp(class_names[i], name) == 0)
		{
			*class = (PtAnswerClass) i;
			return true;
		}
	}
	return false;
}

void
pt_answer_begin(PtAnswer *answer)
{
	memset(answer, 0, sizeof(*answer));
	answer->class = PT_ANSWER_UNCLEAR;
	answer->retry_after = -1;
}

void
pt_answer_set(const PtCarrier *carrier, PtAnswer *answer, const char *code, PtAnswerClass fallback)
{
	const PtAdapterRule *rule = carrier->adapter->rules;

	snprintf(answer->code, sizeof(answer->code), "%s", code);
	answer->class = fallback;
	for (; rule->code != NULL; rule++)
	{
		if (strcmp(rule->code, code) == 0)
		{
			answer->class = rule->class;
			return;
		}
	}
}

void
pt_answer_say(const PtCarrier *carrier, PtAnswer *answer, const char *text)
{
	for (int i = 0; secrets[i] != NULL; i++)
	{
		if (pt_holds_secret(text, pt_carrier_setting(carrier, secrets[i])))
			return;
	}
	pt_printable_line(answer->text, sizeof(answer->text), text);
}

/* Lets the operator's rule for the answer's code decide its class. */
static void
apply_rules(const PtCarrier *carrier, PtAnswer *answer)
{
	for (int i = 0; i < carrier->n_rules; i++)
	{
		if (strcmp(carrier->rules[i].code, answer->code) == 0)
		{
			answer->class = carrier->rules[i].class;
			return;
		}
	}
}

void
pt_carrier_classify(PtCarrier *carrier, const PtHttpResult *result, PtAnswer *answer)
{
	pt_answer_begin(answer);
	carrier->adapter->classify(carrier, result, answer);
	apply_rules(carrier, answer);
}

void
pt_carrier_answer_local(PtCarrier *carrier, const PtPartRequest *part, PtAnswer *answer)
{
	pt_answer_begin(answer);
	carrier->adapter->answer_local(carrier, part, answer);
	apply_rules(carrier, answer);
}
