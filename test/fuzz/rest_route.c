/*
 * rest_route.c
 *	  Fuzzer of the SDKs' requests: method, target, Content-Type and Accept on a line
 *	  each; what is promised of any is checked.  The whole is also made ASCII JSON.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/rest_json.h"
#include "api/rest_route.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the fuzzer at a broken promise. */
static void
must(int holds)
{
	if (!holds)
		abort();
}

/* Takes the next line off the text; NULL: there is none. */
static char *
line(char **at)
{
	char	   *start = *at;
	char	   *end = start == NULL ? NULL : strchr(start, '\n');

	*at = end == NULL ? NULL : end + 1;
	if (end != NULL)
		*end = '\0';
	return start;
}

/* Reads the query as the dispatcher does. */
static void
read_query(const char *uri)
{
	const char *mark = uri == NULL ? NULL : strchr(uri, '?');
	PtSlice		query = {mark == NULL ? "" : mark + 1, mark == NULL ? 0 : strlen(mark + 1)};
	PtSlice		name,
				value;

	while (pt_rest_query_next(&query, &name, &value))
	{
		char	   *out = malloc(value.len + 1);
		long		len = pt_url_decode(value.text, value.len, true, out);

		must(name.len > 0 && len >= -1 && len <= (long) value.len);
		free(out);
	}
}

static void
check_ascii(const uint8_t *data, size_t size)
{
	size_t		n = pt_json_ascii((const char *) data, size, NULL);
	char	   *out = malloc(n + 1);

	must(n <= 6 * size && pt_json_ascii((const char *) data, size, out) == n);
	for (size_t i = 0; i < n; i++)
		must((unsigned char) out[i] < 0x80);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = malloc(size + 1);
	char	   *at = text;
	PtRestAsked asked = {.has_body = size % 2};
	PtRestMatch *match = malloc(sizeof(PtRestMatch));

	check_ascii(data, size);
	memcpy(text, data, size);
	text[size] = '\0';
	asked.method = line(&at);
	asked.uri = line(&at);
	asked.content_type = line(&at);
	asked.accept = line(&at);
	read_query(asked.uri);
	pt_rest_match(&asked, match);
	must((match->status == 0) == (match->route != NULL));
	must(match->status == 0 || match->status == 400 || match->status == 404 || match->path != NULL);
	if (match->route != NULL)
		for (int i = 0; i < match->n_parameters; i++)
			must(match->parameters[i].value.len > 0 && match->parameters[i].name.len > 0 &&
				 match->parameters[i].value.text >= match->buffer &&
				 match->parameters[i].value.text + match->parameters[i].value.len <= match->buffer + PT_REST_PATH_MAX);
	free(match);
	free(text);
	return 0;
}
