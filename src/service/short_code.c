/*
 * short_code.c
 *	  Which short code a message was sent to (SVC-01).
 *
 * The same digits may exist in several countries.  Those whose carrier is the
 * message's (or any) go before the others, then the sender's country decides; a
 * code of its own country goes before one that serves it from abroad, and a
 * carrier of the code's own before any.  No carrier excludes a code: after a
 * change of carrier the old one still brings messages.
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

/* The rank of a code for the message: carrier, country, a carrier of its own. */
static int
rank_code(const PtService *service, const PtInbound *message, const char *country)
{
	bool		own = service->carrier_id == message->carrier_id;

	return (own || service->carrier_id < 0) * 8 + suits(service, country) * 2 + own;
}

int
pt_short_code_digits(const char *digits, PtShortCode *all)
{
	int			count;
	const PtService *services = pt_services(&count);
	int			first = lower_bound(services, count, digits);

	all->services = services + first;
	all->keywords = pt_service_keywords() + first;
	for (all->n = 0; first + all->n < count && strcmp(all->services[all->n].code, digits) == 0;)
		all->n++;
	return all->n;
}

bool
pt_short_code_find(const PtInbound *message, const PtShortCode *all, PtShortCode *code)
{
	const PtService *services = all->services;
	const char *country = message->from[0] == '+' ? pt_number_country(message->from) : NULL;
	int			best = -1;
	bool		alone = false;
	int			next;

	code->n = 0;
	for (int i = 0; i < all->n; i = next)
	{
		int			rank = rank_code(&services[i], message, country);

		for (next = i + 1; next < all->n && services[next].short_code_id == services[i].short_code_id;)
			next++;
		if (rank < best)
			continue;
		alone = rank > best;
		best = rank;
		code->services = &services[i];
		code->keywords = all->keywords + i;
		code->n = next - i;
	}
	if (!alone)
		code->n = 0;
	return alone;
}
