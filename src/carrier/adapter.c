/*
 * adapter.c
 *	  The list of adapters, settings by key, and what adapters share when they
 *	  turn an answer into a class.
 *
 * Core: no PostgreSQL header.
 */
#include "carrier/carrier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The value of a hexadecimal digit, or -1. */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Does the text, also when it is percent-decoded, hold the secret? */
static bool
holds_secret(const char *text, const char *secret)
{
	char	   *decoded;
	size_t		n = 0;
	bool		found;

	if (secret == NULL || secret[0] == '\0')
		return false;
	decoded = malloc(strlen(text) + 1);
	if (decoded == NULL)
		return true;
	for (const char *p = text; *p != '\0'; p++)
	{
		bool		escape = p[0] == '%' && hex_value(p[1]) >= 0 && hex_value(p[2]) >= 0;

		decoded[n++] = escape ? (char) (hex_value(p[1]) * 16 + hex_value(p[2])) : *p;
		p += escape ? 2 : 0;
	}
	decoded[n] = '\0';
	found = strstr(text, secret) != NULL || strstr(decoded, secret) != NULL;
	free(decoded);
	return found;
}

void
pt_answer_say(const PtCarrier *carrier, PtAnswer *answer, const char *text)
{
	size_t		n = 0;

	for (int i = 0; secrets[i] != NULL; i++)
	{
		if (holds_secret(text, pt_carrier_setting(carrier, secrets[i])))
			return;
	}
	/* Printable ASCII only: a peer's octets need not be text of any encoding. */
	for (; n < sizeof(answer->text) - 1 && text[n] != '\0' && text[n] != '\r' && text[n] != '\n'; n++)
		answer->text[n] = text[n] >= ' ' && text[n] < 0x7F ? text[n] : '?';
	answer->text[n] = '\0';
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
