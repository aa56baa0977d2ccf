/*
 * campaign_setting.c
 *	  Settings of telephony campaigns: one table of names and ranges for those that
 *	  create a campaign and for those that change it while it runs.
 */
#include "telephony/campaign_setting.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "campaign/create.h"

#define TINY 1e-9				/* ranges that leave out their end stop so far from it */
#define YEAR_S (366.0 * SECS_PER_DAY)

typedef enum SettingKind
{
	SETTING_WHOLE,				/* a whole number */
	SETTING_SHARE,				/* any number */
	SETTING_TIME,				/* seconds, or a text that interval reads */
	SETTING_NAME,				/* one of "choice" */
	SETTING_DELAYS				/* seconds by result */
} SettingKind;

typedef struct Setting
{
	const char *name;
	SettingKind kind;
	bool		nullable;
	double		least;
	double		most;
	const char *detail;
	const char *choice[5];
} Setting;

static const Setting settings_table[] = {
	{"agents", SETTING_WHOLE, false, 0, 10000, "It is a number of agents, 0 to 10000."},
	{"method", SETTING_NAME, false, 0, 0, "It is preview, progressive, power or predictive.",
	{"preview", "progressive", "power", "predictive"}},
	{"pacing", SETTING_NAME, false, 0, 0, "It is predictive or erlang.", {"predictive", "erlang"}},
	{"iterations", SETTING_WHOLE, false, 1, 1000, "It is a number of calls, 1 to 1000."},
	{"min_iteration_time", SETTING_TIME, false, 0, YEAR_S, "It is a time from 0 to a year."},
	{"max_calls_per_day", SETTING_WHOLE, true, 1, 1000, "It is a number of calls, 1 to 1000, or null."},
	{"post_call_work", SETTING_TIME, false, 0, SECS_PER_HOUR, "It is a time from 0 to 1 hour."},
	{"dial_timeout", SETTING_TIME, false, 1, 300, "It is a time from 1 second to 5 minutes."},
	{"max_duration", SETTING_TIME, false, 1, SECS_PER_DAY, "It is a time from 1 second to 24 hours."},
	{"occupancy", SETTING_SHARE, false, TINY, 1, "It is a share, above 0 and at most 1."},
	{"ratio", SETTING_SHARE, false, 1, 20, "It is a number from 1 to 20."},
	{"waiting_probability", SETTING_SHARE, true, TINY, 1 - TINY, "It is above 0 and below 1, or null."},
	{"max_abandonment", SETTING_SHARE, false, 0, 1, "It is a share, from 0 to 1."},
	{"abandonment_window", SETTING_TIME, false, SECS_PER_HOUR, YEAR_S, "It is a time from 1 hour to a year."},
	{"connect_within", SETTING_TIME, false, 0.5, 60, "It is a time from half a second to 1 minute."},
	{"agent_timeout", SETTING_TIME, false, 1, 120, "It is a time from 1 second to 2 minutes."},
	{"min_ring", SETTING_TIME, true, 0, 300, "It is a time from 0 to 5 minutes, or null."},
	{"acd_seed", SETTING_TIME, false, 1e-3, SECS_PER_DAY, "It is a time above 0, 24 hours at most."},
	{"answer_seed", SETTING_SHARE, false, TINY, 1, "It is a share, above 0 and at most 1."},
	{"min_ner", SETTING_SHARE, false, 0, 1, "It is a share, from 0 to 1."},
	{"ner_sample", SETTING_WHOLE, false, 1, 1000000, "It is a number of calls, 1 to 1000000."},
	{"retry_delays", SETTING_DELAYS, false, -1, YEAR_S,
	"It is an object of seconds by result, such as {\"BUSY\": 300}; -1: not again."}
};

/* The setting of that name; raises 22023 when there is none. */
static const Setting *
find_setting(const JsonbValue *key)
{
	for (int i = 0; i < (int) lengthof(settings_table); i++)
		if (strlen(settings_table[i].name) == (size_t) key->val.string.len &&
			memcmp(settings_table[i].name, key->val.string.val, key->val.string.len) == 0)
			return &settings_table[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("telephony campaigns have no setting \"%.*s\"", key->val.string.len, key->val.string.val),
			 errhint("docs/telephony.md lists them.")));
	return NULL;
}

/* A JSON number as a double, or an interval's text as seconds; false: it is neither. */
static bool
read_number(const Setting *setting, const JsonbValue *value, double *number)
{
	Interval   *span;

	if (value->type == jbvNumeric)
	{
		*number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
		return true;
	}
	if (setting->kind != SETTING_TIME || value->type != jbvString)
		return false;
	span = DatumGetIntervalP(DirectFunctionCall3(interval_in,
												 CStringGetDatum(pnstrdup(value->val.string.val, value->val.string.len)),
												 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	*number = (double) span->time / USECS_PER_SEC + (span->day + 30.0 * span->month) * SECS_PER_DAY;
	return true;
}

/* Is it within the setting's range, and whole if it must be? */
static bool
in_range(const Setting *setting, const JsonbValue *value)
{
	double		number;

	return read_number(setting, value, &number) && number >= setting->least && number <= setting->most &&
		(setting->kind != SETTING_WHOLE || number == (double) (int64) number);
}

/* Is it one of the setting's names? */
static bool
is_choice(const Setting *setting, const JsonbValue *value)
{
	for (int i = 0; value->type == jbvString && setting->choice[i] != NULL; i++)
		if (strlen(setting->choice[i]) == (size_t) value->val.string.len &&
			memcmp(setting->choice[i], value->val.string.val, value->val.string.len) == 0)
			return true;
	return false;
}

/* Is it a result of calls after which there may be another one, or what becomes of a person whom no agent took? */
static bool
is_result(const JsonbValue *key)
{
	static PtPlan plan = {
		"SELECT $1 = 'ABANDONED' OR $1 = ANY (enum_range(NULL::portatext.call_result)::text[])", 1, {TEXTOID}
	};
	Datum		value = PointerGetDatum(cstring_to_text_with_len(key->val.string.val, key->val.string.len));
	bool		isnull;

	pt_plan_run(&plan, &value, NULL, SPI_OK_SELECT);
	return DatumGetBool(pt_result(0, 1, &isnull));
}

/* Delays by result, each in its range. */
static bool
are_delays(const Setting *setting, const JsonbValue *value)
{
	JsonbIterator *it;
	JsonbValue	item;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		return false;
	it = JsonbIteratorInit(value->val.binary.data);
	(void) JsonbIteratorNext(&it, &item, true);
	while (JsonbIteratorNext(&it, &item, true) == WJB_KEY)
	{
		bool		known = is_result(&item);

		(void) JsonbIteratorNext(&it, &item, true);
		if (!known || !in_range(setting, &item))
			return false;
	}
	return true;
}

/* Raises 22023 unless the setting may have that value. */
static void
check_setting(const Setting *setting, const JsonbValue *value)
{
	bool		usable;

	if (value->type == jbvNull)
		usable = setting->nullable;
	else if (setting->kind == SETTING_NAME)
		usable = is_choice(setting, value);
	else if (setting->kind == SETTING_DELAYS)
		usable = are_delays(setting, value);
	else
		usable = in_range(setting, value);
	if (!usable)
		pt_campaign_bad_argument(setting->name, setting->detail);
}

void
pt_call_settings_check(Jsonb *settings)
{
	JsonbIterator *it;
	JsonbValue	item;

	if (!JB_ROOT_IS_OBJECT(settings))
		pt_campaign_bad_argument("settings", "It is an object.");
	it = JsonbIteratorInit(&settings->root);
	(void) JsonbIteratorNext(&it, &item, true);
	while (JsonbIteratorNext(&it, &item, true) == WJB_KEY)
	{
		const Setting *setting = find_setting(&item);

		(void) JsonbIteratorNext(&it, &item, true);
		check_setting(setting, &item);
	}
}

void
pt_call_settings_store(int64 campaign_id, Jsonb *settings)
{
#define COLUMNS(r) \
	r "agents, " r "method, " r "pacing, " r "iterations, " r "min_iteration_time, " r "max_calls_per_day, " \
	r "post_call_work, " r "dial_timeout, " r "max_duration, " r "occupancy, " r "ratio, " r "waiting_probability, " \
	r "max_abandonment, " r "abandonment_window, " r "connect_within, " r "agent_timeout, " r "min_ring, " \
	r "acd_seed, " r "answer_seed, " r "min_ner, " r "ner_sample, " r "retry_delays"
	static PtPlan plan = {
		"UPDATE portatext.call_campaign c SET (" COLUMNS("") ") = ("
		"  SELECT " COLUMNS("r.") " FROM jsonb_populate_record(c, $2) r)"
		" WHERE c.campaign_id = $1",
		2, {INT8OID, JSONBOID}
	};
	Datum		values[2] = {Int64GetDatum(campaign_id), JsonbPGetDatum(settings)};

	pt_plan_run(&plan, values, NULL, SPI_OK_UPDATE);
}
