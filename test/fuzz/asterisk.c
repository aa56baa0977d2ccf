/*
 * asterisk.c
 *	  Fuzzer of what Asterisk tells: forms of its dialplan and channels of ARI; the first
 *	  octet chooses.  Whatever is read is within its limits; whatever is not has a reason.
 *	  A flow that is read is refused, or gives steps without a character that means
 *	  anything to a dialplan.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "telephony/asterisk.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static AstSteps steps;

/* Stops the fuzzer at a broken promise. */
static void
must(int holds)
{
	if (!holds)
		abort();
}

/* What holds of a leg. */
static void
check_leg(const PtLegFacts *leg)
{
	must(leg->q850 >= PT_CALL_UNKNOWN && leg->q850 <= 127 && leg->alerted >= PT_CALL_UNKNOWN && leg->alerted <= 1);
	must(strlen(leg->to) < sizeof(leg->to));
}

/* A callback. */
static void
try_events(const char *path, char *text, size_t len)
{
	PtEngine	engine = {.name = "main"};
	PtEngineCallback in = {.method = "POST",.path = path,.query = text + len,.content_type = "",.body = text,.body_len = len};
	PtCallEvent event;
	char		problem[128] = "";
	int			n = pt_asterisk_read_events(&engine, &in, &event, 1, problem, sizeof(problem));

	must(n == 1 || (n == -1 && problem[0] != '\0'));
	if (n != 1)
		return;
	must(strlen(event.call_id) == 36 && (event.leg == 'A' || event.leg == 'B') && event.seq > 0);
	must(strlen(event.amd) < sizeof(event.amd) && strlen(event.amd_cause) < sizeof(event.amd_cause));
	must(strspn(event.digits, "0123456789*#") == strlen(event.digits));
	check_leg(&event.a);
	check_leg(&event.b);
}

/* A flow. */
static void
try_flow(const char *text)
{
	AstSettings settings = {.url = "",.context = "portatext",.endpoint = "portatext",.prefix = "",.plus = true,.say = true};
	PtCallOrder order = {.trunk = "main",.trunk_address = "192.0.2.1",.from = "+13055550100"};

	if (!pt_asterisk_steps(&settings, &order, text, &steps))
		return;
	for (int i = 0; i < PT_FLOW_PARTS; i++)
	{
		must(strlen(steps.part[i]) < AST_STEPS_MAX);
		must(strpbrk(steps.part[i], ",&()${}^\"'\\ \n\r!`<>") == NULL);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text;

	if (size == 0)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] % 3 == 0)
		try_events("events", text, size - 1);
	else if (data[0] % 3 == 1)
		try_events("status", text, size - 1);
	else
		try_flow(text);
	free(text);
	return 0;
}
