/*
 * receipt_json.c
 *	  Callbacks of carriers in JSON (RFC 8259).
 */
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "worker/receiver_parse.h"

/* Writes the fields read so far as ref/part/status; PtFieldsDone. */
static bool
write_down(void *context, const PtFields *fields)
{
	char	   *out = context;

	strcat(out, fields->ref != NULL ? fields->ref : "-");
	strcat(out, "/");
	strcat(out, fields->part != NULL ? fields->part : "-");
	strcat(out, "/");
	strcat(out, fields->status != NULL ? fields->status : "-");
	strcat(out, ";");
	return fields->ref == NULL || strcmp(fields->ref, "stop") != 0;
}

/* Reads the JSON; NULL stands for a refusal. */
static void
check(const char *json, const char *expected)
{
	char		out[512] = "";
	size_t		len = strlen(json);
	char	   *text = strdup(json);
	bool		good = pt_json_read(text, len, write_down, out);

	strcpy(text, json);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	ok(expected == NULL ? !good : good && strcmp(out, expected) == 0, "%s", text);
	if (expected != NULL && strcmp(out, expected) != 0)
		printf("# got %s\n", out);
	free(text);
}

/* Nested arrays, one deeper than are read. */
static void
check_depth(void)
{
	char		json[256] = "{\"x\":";

	for (int i = 0; i < 14; i++)
		strcat(json, "[");
	strcat(json, "1");
	for (int i = 0; i < 14; i++)
		strcat(json, "]");
	strcat(json, "}");
	check(json, "-/-/-;");
	memset(json, '[', sizeof(json) - 1);
	memcpy(json, "{\"x\":", 5);
	check(json, NULL);
}

/* A NUL in the text is no white space and no character. */
static void
check_nul(void)
{
	char		out[64] = "";
	char		json[] = "{\"ref\":\"a\0b\"}";
	char		blank[] = "{}\0";

	ok(!pt_json_read(json, sizeof(json) - 1, write_down, out), "a NUL in a string");
	ok(!pt_json_read(blank, sizeof(blank) - 1, write_down, out), "a NUL after the text");
}

int
main(void)
{
	check("{\"ref\":\"a\",\"part\":2,\"status\":\"delivered\"}", "a/2/delivered;");
	check(" [ { \"ref\" : \"a\" } , {\"ref\":\"b\",\"part\" : 3 }\n] ", "a/-/-;b/3/-;");
	check("[]", "");
	check("{}", "-/-/-;");
	check("{\"ref\":null,\"part\":\"7\"}", "-/7/-;");
	check("{\"x\":{\"ref\":\"inner\",\"y\":[1,{\"part\":9},\"]\"]},\"ref\":\"a\"}", "a/-/-;");
	check("{\"ref\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "\"\\/\b\f\n\r\t/-/-;");
	check("{\"ref\":\"\\u00e4\\u20AC\\uD83D\\uDE00\"}", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80/-/-;");
	check("{\"ref\":\"\\u0000\\uD83Dx\\uDE00\\uD83D\\u0041\"}", "\xEF\xBF\xBD\xEF\xBF\xBDx\xEF\xBF\xBD\xEF\xBF\xBD" "A/-/-;");
	check("{\"part\":-1.5e+3,\"status\":true}", "-/-1.5e+3/true;");
	check("{\"r\\u0065f\":\"a\"}", "a/-/-;");
	check("[{\"ref\":\"stop\"},{\"ref\":\"b\"}]", NULL);
	check("", NULL);
	check("null", NULL);
	check("\"ref\"", NULL);
	check("{", NULL);
	check("{\"ref\"", NULL);
	check("{\"ref\":", NULL);
	check("{\"ref\":\"a", NULL);
	check("{\"ref\":\"a\\", NULL);
	check("{\"ref\":\"\\u12\"}", NULL);
	check("{\"ref\":\"\\uD83D\\u12\"}", NULL);
	check("{\"ref\":\"\\x\"}", NULL);
	check("{\"ref\":\"a\nb\"}", NULL);
	check("{\"ref\":\"a\",}", NULL);
	check("{\"ref\":\"a\"}}", NULL);
	check("{ref:\"a\"}", NULL);
	check("{\"part\":12", NULL);
	check("{\"part\":e}", NULL);
	check("{\"part\":nul}", NULL);
	check("{\"part\":}", NULL);
	check("[{\"ref\":\"a\"}", NULL);
	check("[{\"ref\":\"a\"},]", NULL);
	check("[[{\"ref\":\"a\"}]]", NULL);
	check_depth();
	check_nul();
	return tap_done();
}
