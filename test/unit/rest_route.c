/*
 * rest_route.c
 *	  Paths, methods and media types of the SDKs' requests, and the table that they
 *	  are looked up in (API-05); JSON in ASCII alone.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "api/rest_json.h"
#include "api/rest_route.h"

/* Matches a request without media types; good until the next call. */
static const PtRestMatch *
match(const char *method, const char *uri)
{
	PtRestAsked asked = {.method = method,.uri = uri};
	static PtRestMatch result;

	pt_rest_match(&asked, &result);
	return &result;
}

/* The handler of a request, or its status as text. */
static const char *
handler(const char *method, const char *uri, const char *type, const char *accept, bool body)
{
	static char text[8];
	PtRestAsked asked = {.method = method,.uri = uri,.content_type = type,.accept = accept,.has_body = body};
	PtRestMatch result;

	pt_rest_match(&asked, &result);
	if (result.status == 0)
		return result.route->handler;
	snprintf(text, sizeof(text), "%d", result.status);
	return text;
}

static void
is(const char *got, const char *expected, const char *what)
{
	ok(strcmp(got, expected) == 0, "%s: %s", what, got);
}

/* What the table promises of itself. */
static void
test_table(void)
{
	bool		seen[95] = {false};
	int			operations = 0;

	for (int i = 0; i < pt_rest_n_routes; i++)
	{
		const PtRestRoute *route = &pt_rest_routes[i];
		char		uri[200];
		size_t		n = 0;
		PtRestAsked asked = {.method = route->method,.uri = uri,.has_body = true};
		PtRestMatch result;

		ok(route->operation >= 1 && route->operation <= 94, "%s %s: operation %d", route->method, route->path, route->operation);
		if (!seen[route->operation])
			operations++;
		seen[route->operation] = true;
		/* The row's own request finds it. */
		for (const char *at = route->path; *at != '\0'; at++)
		{
			if (*at != '{')
			{
				uri[n++] = *at;
				continue;
			}
			n += (size_t) sprintf(uri + n, "%s", strncmp(at, "{message_id}", 12) == 0 ? "01a205e6-1b67-739d-a346-11eb76028ee3" : "7");
			at = strchr(at, '}');
		}
		uri[n] = '\0';
		asked.content_type = route->takes == PT_REST_NOTHING ? "application/json" : pt_rest_media_type(route->takes);
		asked.accept = route->gives == PT_REST_FILE ? "*/*" : pt_rest_media_type(route->gives);
		pt_rest_match(&asked, &result);
		ok(result.status == 0 && result.route == route, "%s %s is found", route->method, uri);
		/* A path's rows are together. */
		for (int j = i + 2; j < pt_rest_n_routes; j++)
			if (strcmp(pt_rest_routes[j].path, route->path) == 0 && strcmp(pt_rest_routes[j - 1].path, route->path) != 0)
				ok(false, "%s stands in two places", route->path);
	}
	ok(operations == 94, "94 operations: %d", operations);
}

static void
test_paths(void)
{
	const PtRestMatch *m = match("GET", "/contacts/%2B1305/variables/first%20name?x=1");

	ok(m->status == 0 && m->n_parameters == 2, "two parameters");
	ok(m->parameters[0].name.len == 6 && memcmp(m->parameters[0].name.text, "number", 6) == 0 &&
	   m->parameters[0].value.len == 5 && memcmp(m->parameters[0].value.text, "+1305", 5) == 0, "the first, decoded");
	ok(m->parameters[1].value.len == 10 && memcmp(m->parameters[1].value.text, "first name", 10) == 0, "the second, decoded");
	m = match("GET", "contacts/+1305/variables");
	ok(m->status == 0 && m->parameters[0].value.len == 5, "a plus in a path is a plus");

	is(handler("GET", "/sms", NULL, NULL, false), "rest_sms_list", "path");
	is(handler("GET", "/sms?", NULL, NULL, false), "rest_sms_list", "empty query");
	is(handler("GET", "//sms/", NULL, NULL, false), "rest_sms_list", "slashes around");
	is(handler("GET", "/%73ms", NULL, NULL, false), "rest_sms_list", "escaped");
	is(handler("HEAD", "/sms", NULL, NULL, false), "rest_sms_list", "HEAD");
	is(handler("GET", "/SMS", NULL, NULL, false), "404", "capitals");
	is(handler("GET", "/", NULL, NULL, false), "404", "no path");
	is(handler("GET", "", NULL, NULL, false), "404", "nothing");
	is(handler("GET", "/sms//", NULL, NULL, false), "404", "an empty segment");
	is(handler("GET", "/contacts//variables", NULL, NULL, false), "404", "an empty number");
	is(handler("GET", "/sms/7", NULL, NULL, false), "404", "no message's id");
	is(handler("GET", "/campaigns/x", NULL, NULL, false), "404", "no id");
	is(handler("GET", "/campaigns/1234567890123456789", NULL, NULL, false), "404", "too long an id");
	is(handler("GET", "/sms/%", NULL, NULL, false), "400", "a broken escape");
	is(handler("GET", "/sms/%g0", NULL, NULL, false), "400", "no hexadecimal digits");
	is(handler("GET", "/dids/%00", NULL, NULL, false), "400", "U+0000");
	is(handler("GET", "/dids/%ff", NULL, NULL, false), "400", "no UTF-8");
	is(handler("GET", "/a/b/c/d/e/f/g", NULL, NULL, false), "404", "too deep");
	is(handler("GET", "/blacklist/contacts", NULL, NULL, false), "rest_blacklist_csv", "a literal before a number");
	is(handler("DELETE", "/blacklist/contacts", NULL, NULL, false), "405", "and it is no number");
	is(handler("GET", "/dids/search?country=US", NULL, NULL, false), "rest_not_offered", "search is no number");
	is(handler("GET", NULL, NULL, NULL, false), "404", "no header");
	is(handler(NULL, "/sms", NULL, NULL, false), "404", "no method");
}

static void
test_methods(void)
{
	char		allow[64];
	const PtRestMatch *m = match("PATCH", "/templates/7");

	ok(m->status == 405, "PATCH templates/7: 405");
	pt_rest_allow(m->path, allow, sizeof(allow));
	is(allow, "GET, HEAD, PUT, DELETE", "Allow");
	m = match("get", "/contacts");
	pt_rest_allow(m->path, allow, sizeof(allow));
	is(allow, "GET, HEAD, PUT", "each method once");
	ok(m->status == 405, "methods are in capitals");
}

static void
test_media(void)
{
	is(handler("PUT", "/contacts", "text/csv", NULL, true), "rest_contacts_import", "CSV");
	is(handler("PUT", "/contacts", "Text/CSV; charset=utf-8", NULL, true), "rest_contacts_import", "CSV with a parameter");
	is(handler("PUT", "/contacts", "application/json", NULL, true), "415", "JSON instead of CSV");
	is(handler("POST", "/sms", "text/plain", NULL, true), "415", "text instead of JSON");
	is(handler("POST", "/sms", "text/plain", NULL, false), "rest_sms_send", "an empty body is JSON");
	is(handler("POST", "/sms", NULL, NULL, true), "rest_sms_send", "no type is JSON");
	is(handler("POST", "/campaigns", "text/csv", NULL, true), "rest_campaign_create_csv", "a campaign in CSV");
	is(handler("POST", "/campaigns", "text/csv", NULL, false), "rest_campaign_create_csv", "in empty CSV");
	is(handler("POST", "/campaigns", "application/json", NULL, true), "rest_campaign_create", "in JSON");
	is(handler("DELETE", "/templates/7", "text/csv", NULL, true), "rest_template_delete", "a body that nobody reads");

	is(handler("GET", "/contacts", NULL, "text/csv", false), "rest_contacts_csv", "Accept CSV");
	is(handler("GET", "/contacts", NULL, "*/*", false), "rest_contacts", "Accept anything");
	is(handler("GET", "/contacts", NULL, "", false), "rest_contacts", "Accept empty");
	is(handler("GET", "/contacts", NULL, "text/*", false), "rest_contacts_csv", "Accept text");
	is(handler("GET", "/contacts", NULL, "application/json;q=0.5, text/csv", false), "rest_contacts_csv", "Accept with weights");
	is(handler("GET", "/contacts", NULL, "text/csv;q=0.4,*/*;q=0.5", false), "rest_contacts", "the closest range counts");
	is(handler("GET", "/contacts", NULL, "application/json;q=0, */*", false), "rest_contacts_csv", "not JSON");
	is(handler("GET", "/contacts", NULL, "audio/mpeg", false), "406", "no audio");
	is(handler("GET", "/blacklist/contacts", NULL, "application/json", false), "rest_blacklist", "blacklist in JSON");
	is(handler("GET", "/sounds/7", NULL, "audio/mpeg", false), "rest_sound_audio", "audio");

	ok(pt_accept_quality("text/csv;q=0.123", "text/csv") == 123, "thousandths");
	ok(pt_accept_quality("text/csv; level=1; Q=0.5", "text/csv") == 500, "after other parameters");
	ok(pt_accept_quality("text/csv;q=1.000", "text/csv") == 1000, "one");
	ok(pt_accept_quality("text/csv;q=", "text/csv") == 1000, "broken");
	ok(pt_accept_quality("text/csvx", "text/csv") == 0, "a longer name");
	ok(pt_accept_quality("*", "text/csv") == 0, "a lone star");
	ok(pt_accept_quality(",,text/csv", "text/csv") == 1000, "empty ranges");
}

static void
test_query(void)
{
	const char *text = "a=1&&b&=x&c=%3D+%2B&d=&e=f=g";
	PtSlice		query = {text, strlen(text)};
	PtSlice		name,
				value;
	char		out[32];

	ok(pt_rest_query_next(&query, &name, &value) && name.len == 1 && value.len == 1, "a=1");
	ok(pt_rest_query_next(&query, &name, &value) && name.text[0] == 'b' && value.len == 0, "b");
	ok(pt_rest_query_next(&query, &name, &value) && name.text[0] == 'c' && value.len == 7, "a member without a name is skipped");
	ok(pt_url_decode(value.text, value.len, true, out) == 3 && memcmp(out, "= +", 3) == 0, "decoded");
	ok(pt_rest_query_next(&query, &name, &value) && name.text[0] == 'd' && value.len == 0, "d=");
	ok(pt_rest_query_next(&query, &name, &value) && name.text[0] == 'e' && value.len == 3, "e=f=g");
	ok(!pt_rest_query_next(&query, &name, &value), "no more");
	ok(pt_url_decode("%C3%B1+", 7, false, out) == 3 && out[2] == '+', "a plus that is one");
	ok(pt_url_decode("%C3", 3, true, out) == -1, "half a character");
	ok(pt_url_decode("%4", 2, true, out) == -1, "half an escape");
}

/* Compares the ASCII form of JSON text. */
static void
ascii(const char *json, size_t len, const char *expected)
{
	char		out[256];
	size_t		n = pt_json_ascii(json, len, out);

	ok(n == strlen(expected) && memcmp(out, expected, n) == 0 && n == pt_json_ascii(json, len, NULL), "%s", expected);
}

static void
test_json(void)
{
	ascii("{\"a\": \"b\\n\"}", 12, "{\"a\": \"b\\n\"}");
	ascii("\"\u00f1\u20ac\"", 7, "\"\\u00f1\\u20ac\"");
	ascii("\U0001f600", 4, "\\ud83d\\ude00");
	ascii("\U0010ffff", 4, "\\udbff\\udfff");
	ascii("\x7f", 1, "\x7f");
	ascii("a\xff\xc3z", 4, "a\\ufffd\\ufffdz");
	ascii("", 0, "");
}

int
main(void)
{
	test_table();
	test_paths();
	test_methods();
	test_media();
	test_query();
	test_json();
	return tap_done();
}
