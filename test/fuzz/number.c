/*
 * number.c
 *	  Fuzzing of everything that takes a telephone number, the library included.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "number/number.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte chooses the region, the rest is the input. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const regions[] = {NULL, "US", "GB", "AR", "IT", "BR", "zz"};
	const char *input = (const char *) data + 1;
	const char *zones[PT_ZONES_MAX];
	char		out[PT_E164_SIZE];
	char		again[PT_E164_SIZE];
	PtNumberPlan plan;

	if (size == 0)
		return 0;
	size--;
	(void) pt_address_kind(input, size);
	(void) pt_imsi_mnc_length(input, size);
	pt_number_plan(input, size, &plan);
	(void) pt_number_timezones(input, size, zones, PT_ZONES_MAX);
	(void) pt_number_operator(input, size);
	if (pt_number_read(input, size, regions[data[0] % 7], out) != PT_NUMBER_OK)
		return 0;
	/* A result is canonical and stays what it is. */
	if (!pt_number_possible(out, strlen(out)))
		abort();
	if (pt_number_read(out, strlen(out), NULL, again) != PT_NUMBER_OK || strcmp(out, again) != 0)
		abort();
	return 0;
}
