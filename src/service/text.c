/*
 * text.c
 *	  The automatic texts of services as PostgreSQL texts.
 */
#include "service/service.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "service/flow_text.h"
#include "text/encoding.h"

PG_FUNCTION_INFO_V1(pt_flow_text_sql);
PG_FUNCTION_INFO_V1(pt_check_flow_text_sql);

/* Renders a template whose parts are UTF-8, however long it becomes. */
static text *
render(const char *template, const char *language, const PtFlowData *data)
{
	size_t		size = PT_FLOW_TEXT_SIZE;
	char	   *out = palloc(size);
	int			len;
	Datum		result;

	while ((len = pt_flow_render(template, language, data, out, size)) < 0)
	{
		pfree(out);
		size *= 2;
		out = palloc(size);
	}
	result = pt_utf8_text(out, (size_t) len);
	pfree(out);
	return DatumGetTextPP(result);
}

/* A string of the database's encoding in UTF-8; NULL stays NULL. */
static const char *
to_utf8(const char *value)
{
	return value == NULL ? NULL : pg_server_to_any(value, (int) strlen(value), PG_UTF8);
}

text *
pt_service_text(const PtService *service, PtMessageKind kind)
{
	const char *template = to_utf8(service->texts[kind]);
	PtFlowData	data = {
		.keyword = service->keyword,
		.tc_url = to_utf8(service->tc_url),
		.phone = to_utf8(service->phone),
		.marketing = service->marketing,
		.line_breaks = service->line_breaks
	};

	if (template == NULL)
		template = pt_flow_template(kind, service->language);
	if (template == NULL)
		template = pt_flow_template(kind, "en");
	if (template == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("messages of kind %d have no text", (int) kind)));
	return render(template, service->language, &data);
}

/* The kind that a label names; 22023 if its messages have no usual text. */
static PtMessageKind
read_kind(text *label)
{
	static const char *const names[PT_KINDS] = PT_KIND_NAMES;
	const char *name = text_to_cstring(label);

	for (int i = 0; i < PT_KINDS; i++)
		if (strcmp(name, names[i]) == 0 && pt_flow_template((PtMessageKind) i, "en") != NULL)
			return (PtMessageKind) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("messages of kind \"%s\" have no text of a service", name),
			 errhint("Use reminder, help, opt_in, opt_out or welcome.")));
}

/* A language of which there are texts; 22023 if there are none. */
static const char *
read_language(text *value)
{
	const char *language = text_to_cstring(value);

	if (pt_flow_template(PT_KIND_HELP, language) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are no texts in the language \"%s\"", language),
				 errhint("Use en or es.")));
	return language;
}

/* An argument in UTF-8; NULL: null. */
static const char *
utf8_argument(FunctionCallInfo fcinfo, int i)
{
	return PG_ARGISNULL(i) ? NULL : to_utf8(text_to_cstring(PG_GETARG_TEXT_PP(i)));
}

/* flow_text(kind, keyword, tc_url, phone, marketing, language, line_breaks, body) → text (FLOW-01 to FLOW-05). */
Datum
pt_flow_text_sql(PG_FUNCTION_ARGS)
{
	PtMessageKind kind;
	const char *language;
	const char *template = utf8_argument(fcinfo, 7);
	PtFlowData	data = {
		.keyword = utf8_argument(fcinfo, 1),
		.tc_url = utf8_argument(fcinfo, 2),
		.phone = utf8_argument(fcinfo, 3)
	};

	for (int i = 0; i < 7; i++)
		if (PG_ARGISNULL(i) && i != 2 && i != 3)
			PG_RETURN_NULL();
	data.marketing = PG_GETARG_BOOL(4);
	data.line_breaks = PG_GETARG_BOOL(6);
	kind = read_kind(PG_GETARG_TEXT_PP(0));
	language = read_language(PG_GETARG_TEXT_PP(5));
	if (template == NULL)
		template = pt_flow_template(kind, language);
	PG_RETURN_TEXT_P(render(template, language, &data));
}

/* check_flow_text(kind, body, language): raises 22023 when a mandatory part is missing. */
Datum
pt_check_flow_text_sql(PG_FUNCTION_ARGS)
{
	PtMessageKind kind = read_kind(PG_GETARG_TEXT_PP(0));
	const char *language = read_language(PG_GETARG_TEXT_PP(2));
	char		problem[200];

	if (!pt_flow_template_check(utf8_argument(fcinfo, 1), kind, language, problem, sizeof(problem)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the text cannot be used for messages of kind \"%s\"", text_to_cstring(PG_GETARG_TEXT_PP(0))),
				 errhint("%s", problem)));
	PG_RETURN_VOID();
}
