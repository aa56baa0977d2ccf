/*
 * engine_event.c
 *	  Fuzzer of engines' events: what is read has terminated texts, a leg, a kind.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "telephony/gateway.h"

#define LIMIT 8

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PtCallEvent events[LIMIT];
	char		problem[160] = "";
	char	   *text = malloc(size + 1);
	int64_t		micros = 0;
	int			n;

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	n = pt_gateway_events(text, size, events, LIMIT, problem, sizeof(problem));
	if (n > LIMIT || (n < 0 && problem[0] == '\0'))
		abort();
	for (int i = 0; i < n; i++)
	{
		if ((events[i].leg != 'A' && events[i].leg != 'B') || events[i].seq < 0 || events[i].at < 0 ||
			(int) events[i].kind < 0 || (int) events[i].kind >= PT_EVENT_KINDS ||
			strnlen(events[i].call_id, PT_CALL_ID_SIZE) >= PT_CALL_ID_SIZE ||
			strnlen(events[i].digits, sizeof(events[i].digits)) >= sizeof(events[i].digits))
			abort();
	}
	if (pt_event_time_read(text, &micros) && micros <= 0)
		abort();
	free(text);
	return 0;
}
