/*
 * flow_text.c
 *	  The automatic texts of a service: the usual ones by language, filling in,
 *	  and what a text of the service's own must say.
 *
 * The Spanish texts use only letters of the GSM alphabet (no á, í, ó, ú).
 */
#include "flow_text.h"

#include <stdio.h>
#include <string.h>

#define RATES_EN "Msg freq varies. Msg & Data rates may apply."
#define RATES_ES "Frecuencia variable. Pueden aplicarse tarifas de mensajes y datos."

static const char en_reminder[] =
	"{keyword}: Hello! This is a subscription reminder.\n"
	"STOP {keyword} to cancel. HELP {keyword} for help.\n"
	RATES_EN;

static const char en_help[] =
	"{keyword}: T&Cs: {tc_url}, Call us at: {phone}.\n"
	"Send STOP {keyword} to cancel.\n"
	RATES_EN;

static const char en_opt_in[] =
	"{keyword}: Thank you! You will receive recurring {service_type} messages.\n"
	"Reply HELP {keyword} for help. STOP {keyword} to cancel.\n"
	RATES_EN;

static const char en_opt_out[] =
	"{keyword}: You have opted out and will not receive any more messages. Thank you.";

static const char en_welcome[] =
	"{keyword}: Welcome! Reply YES {keyword} to subscribe and receive\n"
	"recurring {service_type} messages.\n"
	"Reply HELP {keyword} for help. T&Cs: {tc_url}.\n"
	RATES_EN;

static const char es_reminder[] =
	"{keyword}: ¡Hola! Le recordamos que recibe nuestros mensajes.\n"
	"STOP {keyword} para cancelar. HELP {keyword} para ayuda.\n"
	RATES_ES;

static const char es_help[] =
	"{keyword}: Condiciones: {tc_url}, Tel.: {phone}.\n"
	"Responda STOP {keyword} para cancelar.\n"
	RATES_ES;

static const char es_opt_in[] =
	"{keyword}: ¡Gracias! Usted va a recibir mensajes recurrentes de {service_type}.\n"
	"Responda HELP {keyword} para ayuda. STOP {keyword} para cancelar.\n"
	RATES_ES;

static const char es_opt_out[] =
	"{keyword}: Usted se ha dado de baja y ya no va a recibir mensajes. Gracias.";

static const char es_welcome[] =
	"{keyword}: ¡Le damos la bienvenida! Responda YES {keyword} para suscribirse y recibir\n"
	"mensajes recurrentes de {service_type}.\n"
	"Responda HELP {keyword} para ayuda. Condiciones: {tc_url}.\n"
	RATES_ES;

/* A language: its texts, what stands for {service_type}, and how a notice of rates is known. */
typedef struct Language
{
	const char *name;
	const char *texts[PT_KINDS];
	const char *marketing;
	const char *notification;
	const char *rates;			/* lower case */
} Language;

static const Language languages[] = {
	{
		.name = "en",
		.texts = {
			[PT_KIND_REMINDER] = en_reminder,
			[PT_KIND_HELP] = en_help,
			[PT_KIND_OPT_IN] = en_opt_in,
			[PT_KIND_OPT_OUT] = en_opt_out,
			[PT_KIND_WELCOME] = en_welcome
		},
		.marketing = "marketing",
		.notification = "notification",
		.rates = "rates may apply"
	},
	{
		.name = "es",
		.texts = {
			[PT_KIND_REMINDER] = es_reminder,
			[PT_KIND_HELP] = es_help,
			[PT_KIND_OPT_IN] = es_opt_in,
			[PT_KIND_OPT_OUT] = es_opt_out,
			[PT_KIND_WELCOME] = es_welcome
		},
		.marketing = "marketing",
		.notification = "notificaciones",
		.rates = "tarifas"
	}
};

/* Which parts are mandatory, by kind: those that the usual text has. */
static const struct
{
	bool		stop;
	bool		help;
	bool		rates;
}			mandatory[PT_KINDS] =
{
	[PT_KIND_REMINDER] = {true, true, true},
	[PT_KIND_HELP] = {true, false, true},
	[PT_KIND_OPT_IN] = {true, true, true},
	[PT_KIND_OPT_OUT] = {false, false, false},
	[PT_KIND_WELCOME] = {false, true, true}
};

static const char *const stop_words[] = {"STOP", "CANCEL", "QUIT", "UNSUBSCRIBE", "END", "BAJA"};

/* NULL: there is no such language. */
static const Language *
find_language(const char *name)
{
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
		if (strcmp(languages[i].name, name) == 0)
			return &languages[i];
	return NULL;
}

const char *
pt_flow_template(PtMessageKind kind, const char *language)
{
	const Language *found = find_language(language);

	return found == NULL || (unsigned) kind >= PT_KINDS ? NULL : found->texts[kind];
}

/* The value of the placeholder that begins here; its length with braces in len, 0: there is none. */
static const char *
placeholder(const char *at, const Language *language, const PtFlowData *data, size_t *len)
{
	const struct
	{
		const char *name;
		const char *value;
	}			all[] = {
		{"{keyword}", data->keyword},
		{"{tc_url}", data->tc_url},
		{"{phone}", data->phone},
		{"{service_type}", data->marketing ? language->marketing : language->notification}
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
	{
		*len = strlen(all[i].name);
		if (strncmp(at, all[i].name, *len) == 0)
			return all[i].value;
	}
	*len = 0;
	return NULL;
}

int
pt_flow_render(const char *template, const char *language, const PtFlowData *data, char *out, size_t size)
{
	const Language *found = find_language(language);
	size_t		n = 0;

	if (found == NULL)
		found = &languages[0];
	while (*template != '\0')
	{
		size_t		taken;
		const char *value = placeholder(template, found, data, &taken);
		const char *piece = value;
		size_t		len = value != NULL ? strlen(value) : 0;

		if (taken == 0)
		{
			piece = *template == '\n' && !data->line_breaks ? " " : template;
			len = taken = 1;
		}
		if (len >= size - n)
			return -1;
		if (len > 0)
			memcpy(out + n, piece, len);
		n += len;
		template += taken;
	}
	if (n >= size)
		return -1;
	out[n] = '\0';
	return (int) n;
}

static bool
is_word_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char) c >= 0x80;
}

/* Is the word in the text, in capital letters? */
static bool
has_word(const char *text, const char *word)
{
	size_t		len = strlen(word);

	for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
		if ((at == text || !is_word_letter(at[-1])) && !is_word_letter(at[len]))
			return true;
	return false;
}

static bool
has_stop_word(const char *text)
{
	for (size_t i = 0; i < sizeof(stop_words) / sizeof(stop_words[0]); i++)
		if (has_word(text, stop_words[i]))
			return true;
	return false;
}

/* Is the phrase (lower case) in the text, in any case and with line feeds for blanks? */
static bool
has_phrase(const char *text, const char *phrase)
{
	for (; *text != '\0'; text++)
	{
		size_t		i = 0;

		while (phrase[i] != '\0')
		{
			char		c = text[i] == '\n' ? ' ' : text[i];

			if (c >= 'A' && c <= 'Z')
				c = (char) (c + ('a' - 'A'));
			if (c != phrase[i])
				break;
			i++;
		}
		if (phrase[i] == '\0')
			return true;
	}
	return false;
}

/* The first { that begins no placeholder; NULL: there is none. */
static const char *
unknown_placeholder(const char *text, const Language *language)
{
	static const PtFlowData none;

	for (const char *at = strchr(text, '{'); at != NULL; at = strchr(at + 1, '{'))
	{
		size_t		len;

		(void) placeholder(at, language, &none, &len);
		if (len == 0)
			return at;
	}
	return NULL;
}

bool
pt_flow_template_check(const char *template, PtMessageKind kind, const char *language,
					   char *problem, size_t size)
{
	const Language *found = find_language(language);

	problem[0] = '\0';
	if (found == NULL)
		snprintf(problem, size, "There are no texts in the language \"%.16s\".", language);
	else if (pt_flow_template(kind, language) == NULL)
		snprintf(problem, size, "Messages of this kind have no text.");
	else if (strlen(template) > PT_FLOW_TEMPLATE_MAX)
		snprintf(problem, size, "The text may have %d octets at most.", PT_FLOW_TEMPLATE_MAX);
	else if (unknown_placeholder(template, found) != NULL)
		snprintf(problem, size, "\"{\" stands only in {keyword}, {tc_url}, {phone} and {service_type}.");
	else if (strstr(template, "{keyword}") == NULL)
		snprintf(problem, size, "The text must name the service: {keyword}.");
	else if (mandatory[kind].stop && !has_stop_word(template))
		snprintf(problem, size, "The text must name a stop word in capital letters, such as: STOP {keyword}.");
	else if (mandatory[kind].help && !has_word(template, "HELP"))
		snprintf(problem, size, "The text must name the help word in capital letters: HELP {keyword}.");
	else if (mandatory[kind].rates && !has_phrase(template, found->rates))
		snprintf(problem, size, "The text must say that messages cost: \"%s\".",
				 found == &languages[0] ? "Msg & Data rates may apply" : "Pueden aplicarse tarifas de mensajes y datos");
	return problem[0] == '\0';
}
