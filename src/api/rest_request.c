/*
 * rest_request.c
 *	  A request on the SDKs' paths, as its handler gets it.
 */
#include "api/rest_request.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#define LAST_PAGE 1000000

/* An object under construction. */
typedef struct Builder
{
	JsonbParseState *state;
} Builder;

/* Adds a member's name; text is the server's encoding. */
static void
put_name(Builder *object, const char *name, size_t len)
{
	JsonbValue	key = {.type = jbvString,.val.string = {.val = unconstify(char *, name),.len = (int) len}};

	pushJsonbValue(&object->state, WJB_KEY, &key);
}

/* Adds a member that is text in UTF-8. */
static void
put_text(Builder *object, PtSlice name, PtSlice value)
{
	JsonbValue	string = {.type = jbvString};
	char	   *text = pg_any_to_server(pnstrdup(value.text, value.len), (int) value.len, PG_UTF8);
	char	   *key = pg_any_to_server(pnstrdup(name.text, name.len), (int) name.len, PG_UTF8);

	put_name(object, key, strlen(key));
	string.val.string.val = text;
	string.val.string.len = (int) strlen(text);
	pushJsonbValue(&object->state, WJB_VALUE, &string);
}

/* Adds a member that is a whole number. */
static void
put_number(Builder *object, const char *name, int value)
{
	JsonbValue	number = {.type = jbvNumeric};

	put_name(object, name, strlen(name));
	number.val.numeric = DatumGetNumeric(DirectFunctionCall1(int4_numeric, Int32GetDatum(value)));
	pushJsonbValue(&object->state, WJB_VALUE, &number);
}

/* The number in ?page=; raises 22023 when it is none. */
static int
read_page(const char *text)
{
	int			page = 0;

	for (const char *at = text; *at >= '0' && *at <= '9' && page <= LAST_PAGE; at++)
		page = page * 10 + (*at - '0');
	if (page < 1 || page > LAST_PAGE || strspn(text, "0123456789") != strlen(text))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("page is not a number from 1 to %d", LAST_PAGE)));
	return page;
}

/* One part of the query, decoded; raises 22023 when it cannot be. */
static PtSlice
decode(PtSlice encoded)
{
	char	   *text = palloc(encoded.len + 1);
	long		len = pt_url_decode(encoded.text, encoded.len, true, text);

	if (len < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query is not URL-encoded UTF-8")));
	text[len] = '\0';
	return (PtSlice) {text, (size_t) len};
}

/* Adds the query's members, the last of a name counts; returns the page. */
static int
put_query(Builder *object, const char *uri)
{
	const char *mark = strchr(uri, '?');
	PtSlice		query = {"", 0};
	PtSlice		name,
				value;
	int			page = 1;

	if (mark != NULL)
		query = (PtSlice) {mark + 1, strcspn(mark + 1, "#")};
	put_name(object, "query", strlen("query"));
	pushJsonbValue(&object->state, WJB_BEGIN_OBJECT, NULL);
	while (pt_rest_query_next(&query, &name, &value))
	{
		name = decode(name);
		value = decode(value);
		put_text(object, name, value);
		if (strcmp(name.text, "page") == 0)
			page = read_page(value.text);
	}
	pushJsonbValue(&object->state, WJB_END_OBJECT, NULL);
	return page;
}

/* Adds the path's parameters. */
static void
put_path(Builder *object, const PtRestMatch *match)
{
	put_name(object, "path", strlen("path"));
	pushJsonbValue(&object->state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < match->n_parameters; i++)
		put_text(object, match->parameters[i].name, match->parameters[i].value);
	pushJsonbValue(&object->state, WJB_END_OBJECT, NULL);
}

/* Adds the body: an object, also when it is empty; null for what takes no JSON. */
static void
put_body(Builder *object, PtRestMedia takes, const char *body, size_t len)
{
	JsonbValue	value = {.type = jbvNull};

	put_name(object, "body", strlen("body"));
	if (takes == PT_REST_JSON)
	{
		char	   *text = palloc(len + 1);
		Jsonb	   *json;

		memcpy(text, body, len);
		text[len] = '\0';
		text = strspn(text, " \t\r\n") == len ? "{}" : pg_any_to_server(text, (int) len, PG_UTF8);
		json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
		if (!JB_ROOT_IS_OBJECT(json))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the body is not a JSON object")));
		value.type = jbvBinary;
		value.val.binary.data = &json->root;
		value.val.binary.len = (int) (VARSIZE(json) - VARHDRSZ);
	}
	pushJsonbValue(&object->state, WJB_VALUE, &value);
}

Datum
pt_rest_request(const PtRestAsked *asked, const PtRestMatch *match, const char *body, size_t len)
{
	Builder		object = {NULL};
	char	   *call = psprintf("%s %s", match->route->method, match->route->path);
	int			page;

	pushJsonbValue(&object.state, WJB_BEGIN_OBJECT, NULL);
	put_number(&object, "operation", match->route->operation);
	put_text(&object, (PtSlice) {"call", 4}, (PtSlice) {call, strlen(call)});
	put_path(&object, match);
	page = put_query(&object, asked->uri);
	put_number(&object, "page", page);
	put_body(&object, match->route->takes, body, len);
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&object.state, WJB_END_OBJECT, NULL)));
}
