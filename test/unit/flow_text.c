/*
 * flow_text.c
 *	  The automatic texts of a service: byte for byte (FLOW-01 to FLOW-05), in
 *	  lines or joined (FLOW-09), the words for a service's type (FLOW-10), their
 *	  lengths and segments (FLOW-13), Spanish, and what own texts must say.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "service/flow_text.h"
#include "text/gsm.h"

static const PtMessageKind kinds[] = {
	PT_KIND_REMINDER, PT_KIND_HELP, PT_KIND_OPT_IN, PT_KIND_OPT_OUT, PT_KIND_WELCOME
};
static const char *const kind_names[PT_KINDS] = PT_KIND_NAMES;

#define KINDS ((int) (sizeof(kinds) / sizeof(kinds[0])))

/* Renders the usual text; the length of what is in out. */
static int
render(PtMessageKind kind, const char *language, const PtFlowData *data, char *out)
{
	return pt_flow_render(pt_flow_template(kind, language), language, data, out, PT_FLOW_TEXT_SIZE);
}

/* The five texts of DEALS, with their lines. */
static void
test_texts(void)
{
	static const struct
	{
		const char *what;
		PtMessageKind kind;
		const char *text;
	}			expected[] = {
		{"FLOW-01", PT_KIND_REMINDER,
			"DEALS: Hello! This is a subscription reminder.\n"
			"STOP DEALS to cancel. HELP DEALS for help.\n"
		"Msg freq varies. Msg & Data rates may apply."},
		{"FLOW-02", PT_KIND_HELP,
			"DEALS: T&Cs: https://example.com/t, Call us at: +15550100.\n"
			"Send STOP DEALS to cancel.\n"
		"Msg freq varies. Msg & Data rates may apply."},
		{"FLOW-03", PT_KIND_OPT_IN,
			"DEALS: Thank you! You will receive recurring marketing messages.\n"
			"Reply HELP DEALS for help. STOP DEALS to cancel.\n"
		"Msg freq varies. Msg & Data rates may apply."},
		{"FLOW-04", PT_KIND_OPT_OUT,
		"DEALS: You have opted out and will not receive any more messages. Thank you."},
		{"FLOW-05", PT_KIND_WELCOME,
			"DEALS: Welcome! Reply YES DEALS to subscribe and receive\n"
			"recurring marketing messages.\n"
			"Reply HELP DEALS for help. T&Cs: https://example.com/t.\n"
		"Msg freq varies. Msg & Data rates may apply."}
	};
	PtFlowData	data = {"DEALS", "https://example.com/t", "+15550100", true, true};
	char		text[PT_FLOW_TEXT_SIZE];
	char		joined[PT_FLOW_TEXT_SIZE];

	for (int i = 0; i < KINDS; i++)
	{
		data.line_breaks = true;
		ok(render(expected[i].kind, "en", &data, text) == (int) strlen(expected[i].text) &&
		   strcmp(text, expected[i].text) == 0, "%s byte for byte, in lines (FLOW-09)", expected[i].what);
		data.line_breaks = false;
		strcpy(joined, expected[i].text);
		for (char *at = strchr(joined, '\n'); at != NULL; at = strchr(at, '\n'))
			*at = ' ';
		ok(render(expected[i].kind, "en", &data, text) == (int) strlen(joined) &&
		   strcmp(text, joined) == 0, "%s byte for byte, joined by one blank (FLOW-09)", expected[i].what);
	}
	data.marketing = false;
	render(PT_KIND_OPT_IN, "en", &data, text);
	ok(strstr(text, "recurring notification messages.") != NULL, "FLOW-10: notification");
}

/* The length that FLOW-13 gives for a kind. */
static int
stated_length(PtMessageKind kind, int k, int t, int u, int p)
{
	switch (kind)
	{
		case PT_KIND_REMINDER:
			return 119 + 3 * k;
		case PT_KIND_HELP:
			return 90 + 2 * k + u + p;
		case PT_KIND_OPT_IN:
			return 134 + 3 * k + t;
		case PT_KIND_OPT_OUT:
			return 71 + k;
		default:
			return 142 + 3 * k + t + u;
	}
}

/* The segments that FLOW-13 states; 0: it says nothing. */
static int
stated_segments(PtMessageKind kind, int k, bool marketing)
{
	switch (kind)
	{
		case PT_KIND_REMINDER:
			return k >= 14 ? 2 : 1;
		case PT_KIND_OPT_IN:
			return k >= (marketing ? 6 : 5) ? 2 : 1;
		case PT_KIND_OPT_OUT:
			return 1;
		case PT_KIND_WELCOME:
			return 2;
		default:
			return 0;
	}
}

/* Lengths and segments of one service's texts, joined and in lines. */
static bool
test_service(const PtFlowData *data)
{
	int			k = (int) strlen(data->keyword);
	int			t = data->marketing ? 9 : 12;
	int			u = (int) strlen(data->tc_url);
	int			p = (int) strlen(data->phone);
	char		text[PT_FLOW_TEXT_SIZE];
	bool		good = true;

	for (int i = 0; i < KINDS; i++)
	{
		int			len = render(kinds[i], "en", data, text);
		int			segments = stated_segments(kinds[i], k, data->marketing);
		PtAnalysis	how;

		if (len != stated_length(kinds[i], k, t, u, p) || !pt_text_analyze(text, (size_t) len, NULL, &how) ||
			how.encoding != PT_GSM7 || how.units != len || (segments > 0 && how.segments != segments))
		{
			printf("# %s, k=%d u=%d p=%d: %d units\n", kind_names[kinds[i]], k, u, p, len);
			good = false;
		}
	}
	return good;
}

/* FLOW-13 for every length of keyword and many of the others. */
static void
test_lengths(void)
{
	static const char letters[] = "ABCDEFGHIJKLMNOP";
	static const char url[] = "https://example.com/a/long/way/to/our/terms-and-conditions.html?";
	static const char phone[] = "+1 555 0100 1234567";
	char		keyword[17];
	char		tc_url[sizeof(url)];
	char		number[sizeof(phone)];

	for (int k = 4; k <= 16; k++)
	{
		bool		good = true;

		snprintf(keyword, sizeof(keyword), "%.*s", k, letters);
		for (int form = 0; form < 4; form++)
			for (int u = 10; u < (int) sizeof(url) && u <= 60; u += 10)
				for (int p = 3; p < (int) sizeof(phone); p += 4)
				{
					PtFlowData	data = {keyword, tc_url, number, (form & 1) != 0, (form & 2) != 0};

					snprintf(tc_url, sizeof(tc_url), "%.*s", u, url);
					snprintf(number, sizeof(number), "%.*s", p, phone);
					good &= test_service(&data);
				}
		ok(good, "FLOW-13: lengths and segments of a keyword of %d letters, both types and forms", k);
	}
}

/* Spanish says the same with letters of the GSM alphabet. */
static void
test_spanish(void)
{
	PtFlowData	data = {"OFERTAS", "https://example.com/t", "+15550100", false, false};
	char		text[PT_FLOW_TEXT_SIZE];
	char		problem[200];
	PtAnalysis	how;

	for (int i = 0; i < KINDS; i++)
	{
		const char *english = pt_flow_template(kinds[i], "en");
		const char *spanish = pt_flow_template(kinds[i], "es");
		int			len = render(kinds[i], "es", &data, text);

		bool		good = pt_text_analyze(text, (size_t) len, NULL, &how);

		ok(good && how.encoding == PT_GSM7 && how.segments <= 2,
		   "es %s: GSM alphabet, %d units", kind_names[kinds[i]], how.units);
		ok(strcmp(english, spanish) != 0, "es %s: has a text of its own", kind_names[kinds[i]]);
		ok(pt_flow_template_check(spanish, kinds[i], "es", problem, sizeof(problem)) &&
		   pt_flow_template_check(english, kinds[i], "en", problem, sizeof(problem)),
		   "%s: both languages have the mandatory parts", kind_names[kinds[i]]);
		for (const char *at = strchr(english, '{'); at != NULL; at = strchr(at + 1, '{'))
		{
			char		name[20];

			snprintf(name, sizeof(name), "%.*s", (int) strcspn(at, "}") + 1, at);
			if (strstr(spanish, name) == NULL)
				ok(false, "es %s names %s", kind_names[kinds[i]], name);
		}
	}
	ok(strstr(pt_flow_template(PT_KIND_WELCOME, "es"), "YES {keyword}") != NULL, "es: the word that subscribes is YES");
	render(PT_KIND_OPT_IN, "es", &data, text);
	ok(strstr(text, "mensajes recurrentes de notificaciones.") != NULL, "es FLOW-10: notificaciones");
	data.marketing = true;
	render(PT_KIND_WELCOME, "es", &data, text);
	ok(strstr(text, "mensajes recurrentes de marketing.") != NULL, "es FLOW-10: marketing");
}

/* Values are inserted as they are; what does not fit says so and writes nothing behind the room. */
static void
test_rendering(void)
{
	PtFlowData	data = {"DEALS", "{keyword}{phone}", "%s\n", true, false};
	char		text[64];
	char		small[8];
	int			len = pt_flow_render("{keyword} {tc_url} {phone}{x}\n{", "en", &data, text, sizeof(text));

	ok(len == (int) strlen(text) && strcmp(text, "DEALS {keyword}{phone} %s\n{x} {") == 0, "values are inserted literally");
	ok(pt_flow_render("{keyword}12", "en", &data, small, sizeof(small)) == 7 && strcmp(small, "DEALS12") == 0, "it just fits");
	ok(pt_flow_render("{keyword}123", "en", &data, small, sizeof(small)) == -1, "one octet too long");
	ok(pt_flow_render("123{keyword}", "en", &data, small, sizeof(small)) == -1, "a value too long");
	ok(pt_flow_render("", "en", &data, small, 1) == 0 && small[0] == '\0', "nothing needs one octet");
	ok(pt_flow_render("", "en", &data, small, 0) == -1, "and not none");
	data.phone = NULL;
	ok(pt_flow_render("{phone}.", "en", &data, small, sizeof(small)) == 1 && small[0] == '.', "a value that is not known yet");
	ok(pt_flow_template(PT_KIND_ORDINARY, "en") == NULL && pt_flow_template(PT_KIND_STOP_CONFIRMATION, "es") == NULL &&
	   pt_flow_template(PT_KIND_HELP, "fr") == NULL, "no text for other kinds and languages");
}

/* What a service's own text must say, and what is said when it does not. */
static void
test_own_texts(void)
{
	static const struct
	{
		PtMessageKind kind;
		const char *language;
		const char *text;
		const char *problem;	/* words of it; NULL: none */
	}			cases[] = {
		{PT_KIND_REMINDER, "en", "{keyword} club: reply STOP to leave, HELP for help. Message and data rates may apply", NULL},
		{PT_KIND_REMINDER, "en", "{keyword}: CANCEL or HELP.\nMSG & DATA RATES\nMAY APPLY", NULL},
		{PT_KIND_REMINDER, "en", "Reply STOP to leave, HELP for help. Message and data rates may apply", "{keyword}"},
		{PT_KIND_REMINDER, "en", "{keyword}: HELP {keyword}. Msg & data rates may apply", "stop word"},
		{PT_KIND_REMINDER, "en", "{keyword}: STOPS or nonSTOP, HELP {keyword}. Msg & data rates may apply", "stop word"},
		{PT_KIND_REMINDER, "en", "{keyword}: in the end stop it, HELP {keyword}. Msg & data rates may apply", "stop word"},
		{PT_KIND_REMINDER, "en", "{keyword}: STOP {keyword}. Call for help. Msg & data rates may apply", "help word"},
		{PT_KIND_REMINDER, "en", "{keyword}: STOP {keyword}. HELP {keyword}. Msg & data rates apply", "rates may apply"},
		{PT_KIND_OPT_IN, "en", "{keyword}: STOP {keyword}. Rates may apply", "help word"},
		{PT_KIND_OPT_IN, "es", "{keyword}: BAJA {keyword}, HELP {keyword}. Hay TARIFAS.", NULL},
		{PT_KIND_OPT_IN, "es", "{keyword}: BAJA {keyword}, HELP {keyword}. Rates may apply.", "tarifas"},
		{PT_KIND_HELP, "en", "{keyword}: {phone} {tc_url} END {keyword}. Rates may apply", NULL},
		{PT_KIND_HELP, "en", "{keyword}: {phone}. Rates may apply", "stop word"},
		{PT_KIND_HELP, "en", "{keyword}: {phone}, QUIT {keyword}.", "rates may apply"},
		{PT_KIND_WELCOME, "en", "{keyword}: YES {keyword} for {service_type}, HELP {keyword}. Rates may apply", NULL},
		{PT_KIND_WELCOME, "en", "{keyword}: YES {keyword}. Rates may apply", "help word"},
		{PT_KIND_OPT_OUT, "en", "{keyword}: bye", NULL},
		{PT_KIND_OPT_OUT, "en", "bye", "{keyword}"},
		{PT_KIND_OPT_OUT, "en", "", "{keyword}"},
		{PT_KIND_OPT_OUT, "en", "{keyword}: bye {name}", "{tc_url}"},
		{PT_KIND_OPT_OUT, "en", "{keyword}: bye {", "{tc_url}"},
		{PT_KIND_OPT_OUT, "en", "{keyword}: bye {Keyword}", "{tc_url}"},
		{PT_KIND_OPT_OUT, "fr", "{keyword}: bye", "language"},
		{PT_KIND_ORDINARY, "en", "{keyword}: bye", "kind"},
		{PT_KIND_AUTO_REPLY, "en", "{keyword}: bye", "kind"}
	};
	char		problem[200];
	char		longest[PT_FLOW_TEMPLATE_MAX + 2];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		bool		good = pt_flow_template_check(cases[i].text, cases[i].kind, cases[i].language, problem, sizeof(problem));

		ok(cases[i].problem == NULL ? good && problem[0] == '\0' : !good && strstr(problem, cases[i].problem) != NULL,
		   "%s \"%.*s\": %s", kind_names[cases[i].kind], (int) strcspn(cases[i].text, "\n"), cases[i].text, good ? "good" : problem);
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "{keyword}", 9);
	longest[PT_FLOW_TEMPLATE_MAX] = '\0';
	ok(pt_flow_template_check(longest, PT_KIND_OPT_OUT, "en", problem, sizeof(problem)), "the longest text");
	longest[PT_FLOW_TEMPLATE_MAX] = 'x';
	longest[PT_FLOW_TEMPLATE_MAX + 1] = '\0';
	ok(!pt_flow_template_check(longest, PT_KIND_OPT_OUT, "en", problem, sizeof(problem)) &&
	   strstr(problem, "1600 octets") != NULL, "too long: %s", problem);
}

int
main(void)
{
	test_texts();
	test_lengths();
	test_spanish();
	test_rendering();
	test_own_texts();
	return tap_done();
}
