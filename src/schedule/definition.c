/*
 * definition.c
 *	  Reads a schedule from JSON (SCH-03, SCH-04).
 */
#include "portatext.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "number/number.h"
#include "schedule/schedule.h"

#define MAX_BYTES 8192			/* as stored: one of the largest sense needs less */
#define EVERY_MONTH 0x1ffe
#define EVERY_DAY 0xfffffffe

/* By PtSchedule's numbers of kinds. */
static const char *const kind_names[PT_SCHEDULE_KINDS] = {
	"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "any_day"
};

/* What is read, and the first thing that is wrong with it. */
typedef struct Reading
{
	PtSchedule *schedule;
	const char *problem;		/* a sentence; NULL: none */
} Reading;

/* Notes the first problem. */
static void pg_attribute_printf(2, 3)
problem(Reading *r, const char *sentence,...)
{
	char		text[300];
	va_list		args;

	if (r->problem != NULL)
		return;
	va_start(args, sentence);
	vsnprintf(text, sizeof(text), sentence, args);
	va_end(args);
	r->problem = pstrdup(text);
}

/* Is the string of JSON that word? */
static bool
is_word(const JsonbValue *v, const char *word)
{
	return v->val.string.len == (int) strlen(word) && memcmp(v->val.string.val, word, v->val.string.len) == 0;
}

/* An array that belongs to key, or NULL. */
static JsonbContainer *
get_array(const JsonbValue *v)
{
	if (v->type == jbvBinary && JsonContainerIsArray(v->val.binary.data))
		return v->val.binary.data;
	return NULL;
}

/* The bits of an array of whole numbers. */
static uint32
read_numbers(Reading *r, const char *key, const JsonbValue *v, int most)
{
	JsonbContainer *array = get_array(v);
	uint32		bits = 0;

	for (int i = 0; array != NULL && i < JsonContainerSize(array); i++)
	{
		JsonbValue *item = getIthJsonbValueFromContainer(array, i);
		const char *text = item->type == jbvNumeric ?
			DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(item->val.numeric))) : "";
		int			number = strspn(text, "0123456789") == strlen(text) && strlen(text) <= 2 ? atoi(text) : 0;

		if (number < 1 || number > most)
			problem(r, "\"%s\" has something that is no number from 1 to %d.", key, most);
		else
			bits |= (uint32) 1 << number;
	}
	if (bits == 0)
		problem(r, "\"%s\" is not a list of numbers from 1 to %d.", key, most);
	return bits;
}

/* Minutes of "HH:MM"; -1: it is not one. */
static int
read_time(const JsonbValue *v, bool may_be_24)
{
	const char *s = v->val.string.val;
	int			hours;
	int			minutes;

	if (v->type != jbvString || v->val.string.len != 5 || s[2] != ':' ||
		!isdigit((unsigned char) s[0]) || !isdigit((unsigned char) s[1]) ||
		!isdigit((unsigned char) s[3]) || !isdigit((unsigned char) s[4]))
		return -1;
	hours = (s[0] - '0') * 10 + s[1] - '0';
	minutes = (s[3] - '0') * 10 + s[4] - '0';
	if ((hours > 23 || minutes > 59) && !(may_be_24 && hours == 24 && minutes == 0))
		return -1;
	return hours * 60 + minutes;
}

/* One window: {"from": "HH:MM", "to": "HH:MM"} and nothing else. */
static void
read_window(Reading *r, int kind, JsonbContainer *object)
{
	PtSchedule *s = r->schedule;
	const char *key = kind_names[kind];
	JsonbValue	from;
	JsonbValue	to;
	PtWindow	window;

	if (getKeyJsonValueFromContainer(object, "from", 4, &from) == NULL ||
		getKeyJsonValueFromContainer(object, "to", 2, &to) == NULL || JsonContainerSize(object) != 2)
	{
		problem(r, "A window of \"%s\" has not exactly \"from\" and \"to\".", key);
		return;
	}
	window.from = read_time(&from, false);
	window.to = read_time(&to, true);
	if (window.from < 0 || window.to < 0)
		problem(r, "A window of \"%s\" has a time that is not \"HH:MM\" of the day.", key);
	else if (window.from == window.to)
		problem(r, "A window of \"%s\" begins and ends at the same time.", key);
	else if (s->n_windows[kind] == PT_SCHEDULE_WINDOWS)
		problem(r, "\"%s\" has more than %d windows.", key, PT_SCHEDULE_WINDOWS);
	else
		s->windows[kind][s->n_windows[kind]++] = window;
}

/* One window, or an array of them. */
static void
read_windows(Reading *r, int kind, const JsonbValue *v)
{
	JsonbContainer *array = get_array(v);

	if (v->type == jbvBinary && JsonContainerIsObject(v->val.binary.data))
		read_window(r, kind, v->val.binary.data);
	else if (array == NULL || JsonContainerSize(array) == 0)
		problem(r, "\"%s\" is neither a window nor a list of windows.", kind_names[kind]);
	else
	{
		for (int i = 0; i < JsonContainerSize(array); i++)
		{
			JsonbValue *item = getIthJsonbValueFromContainer(array, i);

			if (item->type == jbvBinary && JsonContainerIsObject(item->val.binary.data))
				read_window(r, kind, item->val.binary.data);
			else
				problem(r, "\"%s\" has something that is no window.", kind_names[kind]);
		}
	}
}

/* One key of the schedule. */
static void
read_key(Reading *r, const JsonbValue *key, const JsonbValue *v)
{
	int			kind = 0;

	while (kind < PT_SCHEDULE_KINDS && !is_word(key, kind_names[kind]))
		kind++;
	if (kind < PT_SCHEDULE_KINDS)
		read_windows(r, kind, v);
	else if (is_word(key, "months"))
		r->schedule->months = (uint16) read_numbers(r, "months", v, 12);
	else if (is_word(key, "days"))
		r->schedule->days = read_numbers(r, "days", v, 31);
	else
		problem(r, "There is no key \"%s\".", pt_shown(key->val.string.val, key->val.string.len));
}

/* Is there a month of the schedule that has a day of the schedule? */
static bool
has_date(const PtSchedule *s)
{
	static const int8 longest[13] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	for (int month = 1; month <= 12; month++)
		for (int day = 1; day <= longest[month]; day++)
			if ((s->months >> month & 1) && (s->days >> day & 1))
				return true;
	return false;
}

const char *
pt_schedule_parse(Jsonb *definition, PtSchedule *schedule)
{
	Reading		r = {.schedule = schedule};
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key = {.type = jbvString};
	JsonbValue	v;

	memset(schedule, 0, sizeof(*schedule));
	schedule->months = EVERY_MONTH;
	schedule->days = EVERY_DAY;
	if (!JB_ROOT_IS_OBJECT(definition))
		return "It is not a JSON object.";
	if (VARSIZE(definition) > MAX_BYTES)
		return psprintf("It needs more than %d bytes.", MAX_BYTES);
	it = JsonbIteratorInit(&definition->root);
	(void) JsonbIteratorNext(&it, &v, true);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = v;
		else if (token == WJB_VALUE)
			read_key(&r, &key, &v);
	}
	if (!has_date(schedule))
		problem(&r, "None of its months has one of its days.");
	return r.problem;
}

void
pt_schedule_read(Jsonb *definition, PtSchedule *schedule)
{
	const char *what = pt_schedule_parse(definition, schedule);

	if (what != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the schedule is not valid"),
				 errdetail("%s", what),
				 errhint("An example is {\"monday\": {\"from\": \"09:30\", \"to\": \"18:00\"}, \"months\": [1, 2]}; see docs/schedules.md.")));
}
