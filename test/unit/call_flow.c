/*
 * call_flow.c
 *	  Call flows: what is read, its canonical form and facts, and what is refused, with
 *	  the path in the JSON (TEL-05, TEL-10).
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "telephony/flow.h"

static PtCallFlow flow;
static PtFlowProblem problem;
static char canon[PT_FLOW_MAX + 1];

/*
 * JSON is written with apostrophes here, for quotation marks; the result is good
 * until the fourth call after this one.
 */
static const char *
quoted(const char *text)
{
	static char buffers[4][100001];
	static int	next;
	char	   *out = buffers[next++ % 4];

	strcpy(out, text);
	for (char *at = out; (at = strchr(at, '\'')) != NULL;)
		*at = '"';
	return out;
}

/* Reads a flow. */
static bool
parse(const char *json)
{
	json = quoted(json);
	return pt_flow_parse(json, strlen(json), &flow, &problem);
}

/* Its facts alone. */
static bool
read_facts(const char *json, PtFlowFacts *facts)
{
	json = quoted(json);
	return pt_flow_facts(json, strlen(json), facts, &problem);
}

/* The canonical form of a flow that must be good. */
static void
is_written(const char *what, const char *json, const char *expected)
{
	bool		good = parse(json);

	if (good)
		(void) pt_flow_write(&flow, canon, sizeof(canon));
	ok(good && strcmp(canon, quoted(expected)) == 0, "%s: %s", what, good ? canon : problem.text);
}

/* A flow that must be refused so. */
static void
is_refused(const char *json, const char *path, const char *text)
{
	bool		good = parse(json);

	ok(!good && strcmp(problem.path, path) == 0 && strcmp(problem.text, quoted(text)) == 0, "%s: %s (%.60s)",
	   good ? "good" : problem.path, good ? "" : problem.text, json);
}

/* Canonical forms. */
static void
test_canonical(void)
{
	is_written("blanks", " [ {'wait' : { 'seconds' : 5 } } ,\n{'hangup':{}} ] ", "[{'wait':{'seconds':5}},{'hangup':{}}]");
	is_written("defaults", "[{'gather':{'digits':4}}]", "[{'gather':{'digits':4,'timeout':5}}]");
	is_written("gather", "[{'gather':{'sound_id':9223,'timeout':60,'digits':32}}]",
			   "[{'gather':{'digits':32,'timeout':60,'sound_id':9223}}]");
	is_written("null is not there", "[{'forward':{'to':'+15550100','trunk_id':null,'team':null}}]",
			   "[{'forward':{'to':'+15550100'}}]");
	is_written("the SDKs' spelling", "[{'forward':{'dial_timeout':20,'outbound_trunk_id':7,"
			   "'from':'+15550101','to':'sip:desk@example.com:5062;transport=tcp'}}]",
			   "[{'forward':{'to':'sip:desk@example.com:5062;transport=tcp','from':'+15550101','trunk_id':7,'dial_timeout':20}}]");
	is_written("texts", "[{'say':{'language':'es-419','text':'\\u00a1Hola \\'{{name}}\\'!\\n\\\\ \\/'}}]",
			   "[{'say':{'text':'\xc2\xa1Hola \\'{{name}}\\'!\\n\\\\ /','language':'es-419'}}]");
	is_written("sub-flows in their order", "[{'play':{'sound_id':1}},"
			   "{'amd':{'if_notsure':[{'hangup':{}}],'if_human':[{'forward':{'team':true}}]}}]",
			   "[{'play':{'sound_id':1}},"
			   "{'amd':{'if_human':[{'forward':{'team':true}}],'if_machine':[],'if_notsure':[{'hangup':{}}]}}]");
	is_written("amd alone", "[{'amd':{}}]", "[{'amd':{'if_human':[],'if_machine':[],'if_notsure':[]}}]");
	is_written("destinations", "[{'forward':{'to':'{{ office }}'}}]", "[{'forward':{'to':'{{ office }}'}}]");
	ok(pt_flow_write(&flow, canon, 10) == 35 && strcmp(canon, quoted("[{'forwar")) == 0,
	   "nothing is written behind the room there is");
}

/* Facts for the decision about "contacted" and for the engine. */
static void
test_facts(void)
{
	PtFlowFacts facts;
	const char *json = "[{'say':{'text':'{{a}}'}},{'amd':{'if_human':[{'forward':{'team':true}}],"
		"'if_notsure':[{'play':{'sound_id':1}},{'forward':{'to':'101'}}]}}]";
	char		path[80];

	ok(read_facts(json, &facts) && facts.has_amd && !facts.main_forward && !facts.main_team, "TEL-05: the main flow with AMD");
	ok(!facts.sub[0].empty && facts.sub[0].forward && facts.sub[0].team, "TEL-05: if_human forwards to the team");
	ok(facts.sub[1].empty && !facts.sub[1].forward && !facts.sub[1].team, "TEL-29: if_machine is empty");
	ok(!facts.sub[2].empty && facts.sub[2].forward && !facts.sub[2].team, "TEL-05: if_notsure forwards to a destination");
	ok(facts.has_variables &&
	   facts.needs == (PT_FLOW_NEEDS(PT_STEP_SAY) | PT_FLOW_NEEDS(PT_STEP_AMD) | PT_FLOW_NEEDS(PT_STEP_FORWARD) |
					   PT_FLOW_NEEDS(PT_STEP_PLAY)), "what the engine must be able to do");
	ok(parse(json) && flow.n_steps == 5 && flow.steps[3].part == PT_FLOW_IF_NOTSURE && flow.steps[3].sound_id == 1,
	   "steps stand by part");
	pt_step_path(&flow, &flow.steps[4], path, sizeof(path));
	ok(strcmp(path, "flow[1].amd.if_notsure[1].forward") == 0, "a step's path: %s", path);
	pt_step_path(&flow, &flow.steps[0], path, sizeof(path));
	ok(strcmp(path, "flow[0].say") == 0, "a step's path: %s", path);
	json = "[{'wait':{'seconds':1}},{'forward':{'to':'+15550100'}}]";
	ok(read_facts(json, &facts) && !facts.has_amd && facts.main_forward && !facts.main_team &&
	   !facts.has_variables && facts.sub[0].empty, "a flow without AMD");
	ok(!read_facts("[]", &facts) && strcmp(problem.text, "is empty") == 0, "facts of a bad flow: none");
}

/* What is not JSON, or not the JSON of a flow. */
static void
test_form(void)
{
	is_refused("", "flow", "must be an array");
	is_refused("{}", "flow", "must be an array");
	is_refused("[]", "flow", "is empty");
	is_refused("[{'hangup':{}}", "flow", "is no well-formed array");
	is_refused("[{'hangup':{}}] x", "flow", "is followed by something else");
	is_refused("[5]", "flow[0]", "must be an object");
	is_refused("[{}]", "flow[0]", "is empty");
	is_refused("[{'hangup':{}},]", "flow[1]", "must be an object");
	is_refused("[{'hangup' {}}]", "flow[0]", "is no well-formed object");
	is_refused("[{'hangup':[]}]", "flow[0].hangup", "must be an object");
	is_refused("[{'hangup':{},'wait':{}}]", "flow[0].hangup", "must be the only key of its object");
	is_refused("[{'dance':{}}]", "flow[0]", "object 'dance' is not known");
	is_refused("[{'d\\u00e4\\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx':{}}]", "flow[0]",
			   "object 'd???xxxxxxxxxxxxxxxxxxxxxxxxxxx' is not known");
	is_refused("[{'wait':{'seconds':5,'minutes':1}}]", "flow[0].wait", "key 'minutes' is not known");
	is_refused("[{'wait':{'seconds':5,'seconds':6}}]", "flow[0].wait.seconds", "is there twice");
	is_refused("[{'forward':{'to':'101','trunk_id':5,'outbound_trunk_id':6}}]", "flow[0].forward.outbound_trunk_id", "is there twice");
	is_refused("[{'wait':{'seconds':5]}]", "flow[0].wait", "is no well-formed object");
	is_refused("[{'amd':{'if_human':{}}}]", "flow[0].amd.if_human", "must be an array");
}

/* Values. */
static void
test_values(void)
{
	static const char *const numbers[] = {"0", "601", "5.5", "-1", "1e1", "'5'", "true", "[]", "99999999999999999999"};
	static const char *const bad[] = {"", "1", "1234567", "+1234", "+0123456789", "+1234567890123456", "desk", "sip:", "sip:@x",
	"sip:a@b&c", "sip:a@b?x=y", "sip:a b@c", "SIP:a@b", "tel:+15550100"};
	static const char *const good[] = {"10", "123456", "+1234567", "+123456789012345", "sip:a", "sips:a.b+c@[::1]:5061;transport=tls"};
	char		json[200];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
	{
		snprintf(json, sizeof(json), "[{'wait':{'seconds':%s}}]", numbers[i]);
		is_refused(json, "flow[0].wait.seconds", "must be a whole number from 1 to 600");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!pt_destination_ok(bad[i]), "\"%s\" is no destination", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(pt_destination_ok(good[i]), "\"%s\" is a destination", good[i]);
	is_refused("[{'play':{}}]", "flow[0].play", "needs sound_id");
	is_refused("[{'play':{'sound_id':null}}]", "flow[0].play", "needs sound_id");
	is_refused("[{'play':{'sound_id':0}}]", "flow[0].play.sound_id", "must be the id of one, a whole number");
	is_refused("[{'say':{'text':5}}]", "flow[0].say.text", "must be a text");
	is_refused("[{'say':{'text':''}}]", "flow[0].say.text", "must have 1 to 3000 bytes");
	is_refused("[{'say':{'text':'a\\u0007'}}]", "flow[0].say.text", "has control characters or is no UTF-8");
	is_refused("[{'say':{'text':'a\xff'}}]", "flow[0].say.text", "has control characters or is no UTF-8");
	is_refused("[{'say':{'text':'a {{ b'}}]", "flow[0].say.text", "has braces that are no {{variable}}");
	is_refused("[{'say':{'text':'a','language':'english'}}]", "flow[0].say.language",
			   "must be a language tag such as en or es-419");
	is_refused("[{'say':{'text':'a','language':'en-'}}]", "flow[0].say.language",
			   "must be a language tag such as en or es-419");
	is_refused("[{'gather':{'digits':33}}]", "flow[0].gather.digits", "must be a whole number from 1 to 32");
	is_refused("[{'gather':{'digits':1,'timeout':0}}]", "flow[0].gather.timeout", "must be a whole number from 1 to 60");
	is_refused("[{'forward':{}}]", "flow[0].forward", "needs to, or team");
	is_refused("[{'forward':{'team':false}}]", "flow[0].forward.team", "must be true");
	is_refused("[{'forward':{'team':true,'to':'101'}}]", "flow[0].forward", "to the team has nothing else");
	is_refused("[{'forward':{'to':'15550100123'}}]", "flow[0].forward.to",
			   "must be + and 7 to 15 digits, an extension of 2 to 6 digits, or a sip: URI");
	is_refused("[{'forward':{'to':'101','from':'Acme'}}]", "flow[0].forward.from", "must be a number of 2 to 15 digits");
	is_refused("[{'forward':{'to':'101','dial_timeout':301}}]", "flow[0].forward.dial_timeout",
			   "must be a whole number from 1 to 300");
}

/* What may stand where. */
static void
test_places(void)
{
	is_refused("[{'hangup':{}},{'play':{'sound_id':1}}]", "flow[1].play",
			   "is never reached: nothing may stand behind hangup");
	is_refused("[{'forward':{'to':'101'}},{'forward':{'to':'102'}}]", "flow[1].forward",
			   "is never reached: nothing may stand behind forward");
	is_refused("[{'amd':{}},{'amd':{}}]", "flow[1].amd", "is never reached: nothing may stand behind amd");
	is_refused("[{'wait':{'seconds':1}},{'amd':{'if_machine':[{'amd':{}}]}}]", "flow[1].amd.if_machine[0].amd",
			   "must not stand in another amd");
	is_refused("[{'wait':{'seconds':1}},{'amd':{'if_human':[{'wait':{'seconds':1}},{'play':{'sound_id':-3}}]}}]",
			   "flow[1].amd.if_human[1].play.sound_id", "must be the id of one, a whole number");
	is_refused("[{'amd':{'if_human':[{'hangup':{}},{'wait':{'seconds':1}}]}}]", "flow[0].amd.if_human[1].wait",
			   "is never reached: nothing may stand behind hangup");
	is_refused("[{'amd':{'if_human':[]},'wait':{'seconds':1}}]", "flow[0].amd", "must be the only key of its object");
}

/* Too much. */
static void
test_size(void)
{
	char	   *json = malloc(100000);
	size_t		len = 1;

	json[0] = '[';
	for (int i = 0; i <= PT_FLOW_STEPS; i++)
		len += (size_t) sprintf(json + len, "{'wait':{'seconds':%d}}%s", i + 1, i < PT_FLOW_STEPS ? "," : "]");
	is_refused(json, "flow[64].wait", "is one too many: a flow has at most 64 objects");
	len = 1;
	for (int i = 0; i < 6; i++)
		len += (size_t) sprintf(json + len, "{'say':{'text':'%02990d'}}%s", 0, i < 5 ? "," : "]");
	is_refused(json, "flow", "is longer than 16384 bytes");
	memset(json, ' ', 99999);
	json[99999] = '\0';
	is_refused(json, "flow", "is longer than 16384 bytes");
	free(json);
}

int
main(void)
{
	test_canonical();
	test_facts();
	test_form();
	test_values();
	test_places();
	test_size();
	return tap_done();
}
