/*
 * plan.c
 *	  Core: country, line type, time zones and operator of a canonical number,
 *	  read from the generated automata digit by digit.
 */
#include <string.h>

#include "number/number.h"
#include "number/number_data.h"

/*
 * The entry of the number's country code, or NULL; *national becomes the
 * offset of the national digits.  No code is a prefix of another (ITU-T E.164).
 */
const PtCountryCode *
pt_country_code(const char *e164, size_t len, size_t *national)
{
	int			code = 0;

	for (size_t i = 1; i < len && i <= 3; i++)
	{
		code = code * 10 + (e164[i] - '0');
		if (pt_code_index[code] != 0)
		{
			*national = i + 1;
			return &pt_codes[pt_code_index[code]];
		}
	}
	return NULL;
}

/*
 * Region and line type of the national digits.  The region is that of the last
 * state that names one: of numbers outside any range, too, the first digits
 * often tell the country.
 */
static void
walk_plan(const PtCountryCode *code, const char *digits, size_t len,
		  unsigned *region, PtLineType *type)
{
	unsigned	state = code->start;

	*region = code->region;
	*type = PT_LINE_UNKNOWN;
	for (size_t i = 0; i < len; i++)
	{
		state = pt_plan_next[state][digits[i] - '0'];
		if (state == 0)
			return;
		if (pt_plan_value[state] >> 4 != 0)
			*region = pt_plan_value[state] >> 4;
	}
	*type = (PtLineType) (pt_plan_value[state] & 15);
}

bool
pt_number_plan(const char *e164, size_t len, PtNumberPlan *plan)
{
	const PtCountryCode *code;
	size_t		national;
	unsigned	region;

	*plan = (PtNumberPlan)
	{
		0
	};
	if (!pt_e164_valid(e164, len))
		return false;
	code = pt_country_code(e164, len, &national);
	if (code == NULL)
		return false;
	walk_plan(code, e164 + national, len - national, &region, &plan->type);
	plan->country_code = code->code;
	plan->country = region == 0 ? NULL : pt_region_names[region];
	plan->possible = (code->lengths >> (len - national) & 1) != 0;
	plan->assigned = plan->type != PT_LINE_UNKNOWN;
	return plan->possible;
}

bool
pt_number_possible(const char *e164, size_t len)
{
	const PtCountryCode *code;
	size_t		national;

	if (!pt_e164_valid(e164, len))
		return false;
	code = pt_country_code(e164, len, &national);
	return code != NULL && (code->lengths >> (len - national) & 1) != 0;
}

const char *
pt_number_country(const char *e164)
{
	PtNumberPlan plan;

	pt_number_plan(e164, strnlen(e164, PT_E164_SIZE), &plan);
	return plan.country;
}

/* The value of the longest prefix of the number in a table, or 0. */
static unsigned
longest_prefix(const uint16_t next[][10], const uint16_t *value, unsigned start,
			   const char *e164, size_t len)
{
	unsigned	state = start;
	unsigned	found = 0;

	if (!pt_e164_valid(e164, len))
		return 0;
	for (size_t i = 1; i < len && state != 0; i++)
	{
		state = next[state][e164[i] - '0'];
		if (value[state] != 0)
			found = value[state];
	}
	return found;
}

int
pt_number_timezones(const char *e164, size_t len, const char **zones, int max)
{
	const uint16_t *list = pt_zone_lists +
		longest_prefix(pt_zone_next, pt_zone_value, pt_zone_start, e164, len);
	int			n = list[0] < max ? list[0] : max;

	for (int i = 0; i < n; i++)
		zones[i] = pt_zone_names[list[i + 1]];
	return n;
}

const char *
pt_number_operator(const char *e164, size_t len)
{
	unsigned	name = longest_prefix(pt_operator_next, pt_operator_value,
									  pt_operator_start, e164, len);

	return name == 0 ? NULL : pt_operator_names[name];
}

const char *
pt_line_type_name(PtLineType type)
{
	static const char *const names[PT_LINE_TYPE_COUNT] = {
		"unknown", "fixed", "mobile", "fixed_or_mobile", "toll_free", "premium_rate",
		"shared_cost", "voip", "personal", "pager", "uan", "voicemail"
	};

	return names[type];
}
