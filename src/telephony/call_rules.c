/*
 * call_rules.c
 *	  What a campaign's calls are judged by, cached until call_campaign changes.
 */
#include "telephony/apply.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "cache.h"
#include "telephony/ner.h"

#define ABANDONED "ABANDONED"

static PtCache cache = {.tables = {"call_campaign"}};
static HTAB *rules_by_id = NULL;

/* Intervals as microseconds: a month has 30 days. */
static PtPlan read_plan = {
	.sql = "SELECT COALESCE(c.team_id, 0), c.iterations,"
	" (extract(epoch FROM c.min_iteration_time) * 1000000)::int8,"
	" (extract(epoch FROM c.post_call_work) * 1000000)::int8,"
	" (extract(epoch FROM c.connect_within) * 1000000)::int8,"
	" (c.min_ner * 1000000000)::int8, c.ner_sample, c.retry_delays, c.flow::text"
	" FROM portatext.call_campaign c WHERE c.campaign_id = $1",
	.nargs = 1,
	.argtypes = {INT8OID}
};

/* A key's number in retry_delays, or otherwise. */
static int
delay_of(Jsonb *delays, const char *key, int otherwise)
{
	JsonbValue	found;
	Numeric		value;

	if (getKeyJsonValueFromContainer(&delays->root, key, strlen(key), &found) == NULL || found.type != jbvNumeric)
		return otherwise;
	value = found.val.numeric;
	return DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(value)));
}

/* Delays by result: the campaign's own before the defaults. */
static void
read_delays(PtCallRules *rules, Jsonb *delays)
{
	for (int i = 0; i < PT_CALL_RESULTS; i++)
	{
		const PtResultRule *rule = pt_call_result_rule((PtCallResult) i);

		rules->delays[i] = delay_of(delays, rule->name, rule->retry_after_s);
	}
	rules->abandoned_delay = delay_of(delays, ABANDONED, rules->delays[PT_RESULT_ANSWER]);
}

/* Reads the campaign's row; none: a target is given up after the call it has. */
static void
read_rules(PtCallRules *rules)
{
	Datum		value = Int64GetDatum(rules->campaign_id);
	bool		isnull;
	char	   *flow;
	PtFlowProblem problem;

	memset((char *) rules + sizeof(rules->campaign_id), 0, sizeof(*rules) - sizeof(rules->campaign_id));
	rules->iterations = 1;
	rules->connect_within = 2 * USECS_PER_SEC;
	rules->ner_sample = 1;
	if (pt_plan_run_latest(&read_plan, &value, NULL, SPI_OK_SELECT) == 0)
		return;
	rules->team_id = DatumGetInt64(pt_result(0, 1, &isnull));
	rules->iterations = DatumGetInt32(pt_result(0, 2, &isnull));
	rules->min_iteration_time = DatumGetInt64(pt_result(0, 3, &isnull));
	rules->post_call_work = DatumGetInt64(pt_result(0, 4, &isnull));
	rules->connect_within = DatumGetInt64(pt_result(0, 5, &isnull));
	rules->ner_min = DatumGetInt64(pt_result(0, 6, &isnull));
	rules->ner_sample = DatumGetInt32(pt_result(0, 7, &isnull));
	read_delays(rules, DatumGetJsonbP(pt_result(0, 8, &isnull)));
	flow = TextDatumGetCString(pt_result(0, 9, &isnull));
	(void) pt_flow_facts(flow, strlen(flow), &rules->facts, &problem);
}

/* Throws the old rules away. */
static void
begin(void)
{
	HASHCTL		control = {.keysize = sizeof(int64),.entrysize = sizeof(PtCallRules)};

	if (rules_by_id != NULL)
		hash_destroy(rules_by_id);
	rules_by_id = NULL;
	pt_cache_begin(&cache);
	rules_by_id = hash_create("portatext call rules", 64, &control, HASH_ELEM | HASH_BLOBS);
	pt_cache_loaded(&cache);
}

const PtCallRules *
pt_call_rules(int64 campaign_id)
{
	PtCallRules *rules;
	PtCallRules read;
	bool		found;

	if (rules_by_id == NULL || !pt_cache_fresh(&cache))
		begin();
	rules = hash_search(rules_by_id, &campaign_id, HASH_FIND, &found);
	if (found)
		return rules;
	read.campaign_id = campaign_id;
	read_rules(&read);			/* may raise */
	rules = hash_search(rules_by_id, &campaign_id, HASH_ENTER, &found);
	*rules = read;
	return rules;
}
