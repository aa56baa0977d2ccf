/*
 * flow_text.c
 *	  Fuzzer of a service's own texts: the first octet chooses kind, language,
 *	  form and room, the rest is the template and its values.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/flow_text.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the fuzzer at a broken promise. */
static void
must(int holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t		room = size > 1 ? (size_t) data[1] * 16 : 0;
	PtFlowData	flow = {"DEALS", NULL, "+15550100", false, false};
	const char *language;
	char	   *template;
	char	   *out;
	char		problem[200];
	PtMessageKind kind;
	int			len;

	if (size < 2)
		return 0;
	kind = (PtMessageKind) (data[0] % PT_KINDS);
	language = (data[0] & 64) != 0 ? "es" : "en";
	flow.line_breaks = (data[0] & 32) != 0;
	template = malloc(size - 1);
	memcpy(template, data + 2, size - 2);
	template[size - 2] = '\0';
	flow.tc_url = template;
	out = malloc(room > 0 ? room : 1);

	must(pt_flow_template_check(template, kind, language, problem, sizeof(problem)) == (problem[0] == '\0'));
	must(problem[0] != '\0' || strstr(template, "{keyword}") != NULL);
	len = pt_flow_render(template, language, &flow, out, room);
	must(len == -1 || ((size_t) len < room && strlen(out) == (size_t) len));
	must(flow.line_breaks || strchr(template, '\n') != NULL || len == -1 || strchr(out, '\n') == NULL);
	free(out);
	free(template);
	return 0;
}
