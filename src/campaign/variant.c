/*
 * variant.c
 *	  The texts of a campaign: one, or several that are compared (A/B).
 */
#include "campaign/variant.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#define MAX_WEIGHT 1000000

/* Adds a text; raises 22023 when it is empty or its braces are wrong. */
static void
add_variant(PtVariants *variants, const char *label, int32 weight, text *body)
{
	PtVariant  *v = &variants->list[variants->n];

	if (VARSIZE_ANY_EXHDR(body) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the text of a campaign is empty")));
	v->variant = (int16) ++variants->n;
	v->label = label;
	v->weight = weight;
	v->body = body;
	v->template = pt_template_read(body);
	v->has_variables = pt_template_has_variables(v->template);
	variants->weight += weight;
	variants->any_variables |= v->has_variables;
}

/* The text of a stored template; raises 42704 when there is none. */
static text *
template_text(int64 account_id, const text *name)
{
	text	   *body = pt_template_find(account_id, name);

	if (body == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("template \"%s\" does not exist", text_to_cstring(name)),
				 errhint("The table portatext.template lists the account's templates.")));
	return body;
}

pg_noreturn static void
raise_bad_variants(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"variants\" cannot be used"),
			 errdetail("%s", detail),
			 errhint("Give an array of 1 to 26 objects such as {\"label\": \"A\", \"weight\": 1, \"body\": \"...\"}; with \"template\" in place of \"body\" for a stored text.")));
	pg_unreachable();
}

/* What a request says of one variant; NULL and 0: nothing. */
typedef struct Given
{
	char	   *label;
	int32		weight;
	text	   *body;
	text	   *template;
} Given;

static text *
given_text(const JsonbValue *value)
{
	if (value->type != jbvString)
		raise_bad_variants("A label, body or template is no string.");
	return cstring_to_text_with_len(value->val.string.val, value->val.string.len);
}

static int32
given_weight(const JsonbValue *value)
{
	Datum		most = DirectFunctionCall1(int4_numeric, Int32GetDatum(MAX_WEIGHT));
	Datum		least = DirectFunctionCall1(int4_numeric, Int32GetDatum(1));
	Datum		weight = value->type == jbvNumeric ? NumericGetDatum(value->val.numeric) : (Datum) 0;

	if (value->type != jbvNumeric ||
		!DatumGetBool(DirectFunctionCall2(numeric_ge, weight, least)) ||
		!DatumGetBool(DirectFunctionCall2(numeric_le, weight, most)) ||
		!DatumGetBool(DirectFunctionCall2(numeric_eq, weight,
										  DirectFunctionCall2(numeric_trunc, weight, Int32GetDatum(0)))))
		raise_bad_variants("A weight is no whole number from 1 to 1000000.");
	return DatumGetInt32(DirectFunctionCall1(numeric_int4, weight));
}

static void
read_member(const JsonbValue *key, const JsonbValue *value, Given *given)
{
	char	   *name = pnstrdup(key->val.string.val, key->val.string.len);

	if (strcmp(name, "label") == 0)
		given->label = text_to_cstring(given_text(value));
	else if (strcmp(name, "weight") == 0)
		given->weight = given_weight(value);
	else if (strcmp(name, "body") == 0)
		given->body = given_text(value);
	else if (strcmp(name, "template") == 0)
		given->template = given_text(value);
	else
		raise_bad_variants(psprintf("There is no member \"%s\".", name));
}

/* Reads one element of the array; position is from 0. */
static void
read_variant(int64 account_id, JsonbValue *element, int position, PtVariants *variants)
{
	Given		given = {NULL, 1, NULL, NULL};
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	value;

	if (element->type != jbvBinary || !JsonContainerIsObject(element->val.binary.data))
		raise_bad_variants("An element is no object.");
	it = JsonbIteratorInit(element->val.binary.data);
	(void) JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &value, true);
		read_member(&key, &value, &given);
	}
	if ((given.body == NULL) == (given.template == NULL))
		raise_bad_variants("A variant has a body or a template, and not both.");
	if (given.label == NULL)
		given.label = psprintf("%c", 'A' + position);
	if (given.label[0] == '\0')
		raise_bad_variants("A label is empty.");
	for (int i = 0; i < variants->n; i++)
	{
		if (strcmp(variants->list[i].label, given.label) == 0)
			raise_bad_variants(psprintf("There are two with the label \"%s\".", given.label));
	}
	add_variant(variants, given.label, given.weight,
				given.body != NULL ? given.body : template_text(account_id, given.template));
}

static void
read_variants(int64 account_id, Jsonb *given, PtVariants *variants)
{
	int			n = JB_ROOT_IS_ARRAY(given) && !JB_ROOT_IS_SCALAR(given) ? JB_ROOT_COUNT(given) : 0;

	if (n < 1 || n > PT_VARIANTS)
		raise_bad_variants("It is no array of 1 to 26 elements.");
	for (int i = 0; i < n; i++)
		read_variant(account_id, getIthJsonbValueFromContainer(&given->root, i), i, variants);
}

void
pt_variants_read(int64 account_id, text *body, text *template, Jsonb *variants, PtVariants *out)
{
	memset(out, 0, sizeof(*out));
	if ((body != NULL) + (template != NULL) + (variants != NULL) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a campaign needs one of \"body\", \"template\" and \"variants\"")));
	if (variants != NULL)
		read_variants(account_id, variants, out);
	else
		add_variant(out, "A", 1, body != NULL ? body : template_text(account_id, template));
}

void
pt_variants_store(int64 account_id, int64 campaign_id, const PtVariants *variants)
{
	static PtPlan plan = {
		"INSERT INTO portatext.campaign_variant (campaign_id, variant, account_id, label, weight, body)"
		" VALUES ($1, $2, $3, $4, $5, $6)",
		6, {INT8OID, INT2OID, INT8OID, TEXTOID, INT4OID, TEXTOID}
	};

	for (int i = 0; i < variants->n; i++)
	{
		const PtVariant *v = &variants->list[i];
		Datum		values[6] = {
			Int64GetDatum(campaign_id), Int16GetDatum(v->variant), Int64GetDatum(account_id),
			CStringGetTextDatum(v->label), Int32GetDatum(v->weight), PointerGetDatum(v->body)
		};

		pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
	}
}

void
pt_variants_load(int64 campaign_id, PtVariants *variants)
{
	static PtPlan plan = {
		"SELECT v.label, v.weight, v.body FROM portatext.campaign_variant v"
		" WHERE v.campaign_id = $1 ORDER BY v.variant",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(campaign_id);
	uint64		n = pt_plan_run(&plan, &value, NULL, SPI_OK_SELECT);

	memset(variants, 0, sizeof(*variants));
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;
		char	   *label = TextDatumGetCString(pt_result(i, 1, &isnull));
		int32		weight = DatumGetInt32(pt_result(i, 2, &isnull));

		add_variant(variants, label, weight, DatumGetTextPCopy(pt_result(i, 3, &isnull)));
	}
}

void
pt_variants_none(bool has_variables, PtVariants *variants)
{
	memset(variants, 0, sizeof(*variants));
	variants->n = 1;
	variants->any_variables = has_variables;
	variants->list[0] = (PtVariant) {.variant = 1,.weight = 1,.has_variables = has_variables};
}

const PtVariant *
pt_variant_for(const PtVariants *variants, int64 campaign_id, const char *number)
{
	uint64		at;

	if (variants->n == 1)
		return &variants->list[0];
	at = hash_bytes_extended((const unsigned char *) number, (int) strlen(number),
							 (uint64) campaign_id) % (uint64) variants->weight;
	for (int i = 0; i < variants->n - 1; i++)
	{
		if (at < (uint64) variants->list[i].weight)
			return &variants->list[i];
		at -= (uint64) variants->list[i].weight;
	}
	return &variants->list[variants->n - 1];
}
