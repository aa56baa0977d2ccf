/*
 * engine_twiml.c
 *	  Fuzzer of flows as TwiML: a document is one element, and nothing of a flow's texts
 *	  gets out of its place.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "telephony/engine_twiml.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Are the angle brackets those of elements: opened and closed in turn? */
static int
is_balanced(const char *text)
{
	int			open = 0;

	for (; *text != '\0'; text++)
	{
		if (*text == '<' && open++ != 0)
			return 0;
		if (*text == '>' && --open != 0)
			return 0;
	}
	return open == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char room[262144];
	static char flow[PT_FLOW_MAX + 1];
	PtTwiml		how = {"0190b0a0-0000-7000-8000-000000000001", "http://h/e", "http://h/s/", "s&<", "+12025550100", 0};
	PtBuffer	out;
	char	   *text = malloc(size + 1);

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	pt_buffer_init(&out, room, sizeof(room));
	if (pt_twiml_flow(&out, &how, text) && !out.overflow)
	{
		if (strncmp(room, "<Response>", 10) != 0 || !is_balanced(room) ||
			strcmp(room + out.len - 11, "</Response>") != 0)
			abort();
	}
	(void) pt_twiml_decode(text, flow, sizeof(flow));
	free(text);
	return 0;
}
