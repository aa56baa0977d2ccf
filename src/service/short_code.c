/*
 * short_code.c
 *	  Which short code a message was sent to (SVC-01).
 *
 * The same digits may exist in several countries.  Of those whose carrier is
 * the message's (or any), the sender's country decides; a code of its own
 * country goes before one that serves it from abroad, and a carrier of the
 * code's own before any.
 */
#include "service/short_code.h"

#include "number/number.h"

/* The first service whose code is not before the digits. */
static int
lower_bound(const PtService *services, int count, const char *digits)
{
	int			low = 0;

	while (count > 0)
	{
		int			half = count / 2;

		if (strcmp(services[low + half].code, digits) < 0)
		{
			low += half + 1;
			count -= half + 1;
		}
		else
			count = half;
	}
	return low;
}

/* How well the code's country suits a sender of this country (NULL: none). */
static int
suits(const PtService *service, const char *country)
{
	if (country == NULL)
		return 0;
	if (strcmp(service->country, country) == 0)
		return 2;
	for (const char *const *served = service->countries; *served != NULL; served++)
		if (strcmp(*served, country) == 0)
			return 1;
	return 0;
}

/* The rank of a code for the message; -1: another carrier's. */
static int
rank_code(const PtService *service, const PtInbound *message, const char *country)
{
	if (service->carrier_id >= 0 && service->carrier_id != message->carrier_id)
		return -1;
	return suits(service, country) * 2 + (service->carrier_id >= 0);
}

bool
pt_short_code_find(const PtInbound *message, PtShortCode *code)
{
	int			count;
	const PtService *services = pt_services(&count);
	const char *country = message->from[0] == '+' ? pt_number_country(message->from) : NULL;
	int			best = -1;
	bool		alone = false;
	int			next;

	for (int i = lower_bound(services, count, message->to);
		 i < count && strcmp(services[i].code, message->to) == 0; i = next)
	{
		int			rank = rank_code(&services[i], message, country);

		for (next = i + 1; next < count && services[next].short_code_id == services[i].short_code_id;)
			next++;
		if (rank < best || rank < 0)
			continue;
		alone = rank > best;
		best = rank;
		code->services = &services[i];
		code->keywords = pt_service_keywords() + i;
		code->n = next - i;
	}
	return alone;
}
