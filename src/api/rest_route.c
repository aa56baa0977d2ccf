/*
 * rest_route.c
 *	  Which row of the SDKs' table a request is for.  No PostgreSQL header.
 */
#include "api/rest_route.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "text/utf8.h"

#define MAX_SEGMENTS 6

/* A request's path, taken apart and decoded. */
typedef struct Path
{
	int			n;
	PtSlice		segments[MAX_SEGMENTS];
} Path;

const char *
pt_rest_media_name(PtRestMedia media)
{
	static const char *const names[] = {"nothing", "json", "csv", "audio", "file"};

	return names[media];
}

const char *
pt_rest_media_type(PtRestMedia media)
{
	static const char *const types[] = {"", "application/json", "text/csv", "audio/mpeg", "application/zip"};

	return types[media];
}

/* The value of a hexadecimal digit; -1: it is none. */
static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Is it UTF-8 without U+0000? */
static bool
is_text(const char *text, size_t len)
{
	for (size_t at = 0; at < len;)
	{
		uint32_t	code_point;
		size_t		width = pt_utf8_next((const unsigned char *) text + at, len - at, &code_point);

		if (width == 0 || code_point == 0)
			return false;
		at += width;
	}
	return true;
}

long
pt_url_decode(const char *in, size_t len, bool plus, char *out)
{
	size_t		n = 0;

	for (size_t i = 0; i < len; i++)
	{
		int			high,
					low;

		if (in[i] != '%')
		{
			out[n++] = plus && in[i] == '+' ? ' ' : in[i];
			continue;
		}
		if (len - i < 3 || (high = hex_digit(in[i + 1])) < 0 || (low = hex_digit(in[i + 2])) < 0)
			return -1;
		out[n++] = (char) (high << 4 | low);
		i += 2;
	}
	return is_text(out, n) ? (long) n : -1;
}

bool
pt_rest_query_next(PtSlice *query, PtSlice *name, PtSlice *value)
{
	while (query->len > 0)
	{
		const char *member = query->text;
		const char *amp = memchr(member, '&', query->len);
		size_t		len = amp == NULL ? query->len : (size_t) (amp - member);
		const char *equals = memchr(member, '=', len);

		query->text += len + (amp != NULL);
		query->len -= len + (amp != NULL);
		name->text = member;
		name->len = equals == NULL ? len : (size_t) (equals - member);
		value->text = equals == NULL ? member + len : equals + 1;
		value->len = (size_t) (member + len - value->text);
		if (name->len > 0)
			return true;
	}
	return false;
}

/* Takes the path apart; returns 0, 400 (broken escapes) or 404 (like none of the table's). */
static int
split_path(const char *uri, Path *path, char *buffer)
{
	size_t		left = strcspn(uri, "?#");
	size_t		used = 0;

	path->n = 0;
	/* An endpoint that ends with a slash makes two of them; one at the end is nothing. */
	while (left > 0 && *uri == '/')
	{
		uri++;
		left--;
	}
	if (left > 0 && uri[left - 1] == '/')
		left--;
	if (left == 0 || left > PT_REST_PATH_MAX)
		return 404;
	for (;;)
	{
		const char *slash = memchr(uri, '/', left);
		size_t		len = slash == NULL ? left : (size_t) (slash - uri);
		long		decoded = pt_url_decode(uri, len, false, buffer + used);

		if (decoded < 0)
			return 400;
		if (decoded == 0 || path->n == MAX_SEGMENTS)
			return 404;
		path->segments[path->n++] = (PtSlice) {buffer + used, (size_t) decoded};
		used += (size_t) decoded;
		if (slash == NULL)
			return 0;
		left -= len + 1;
		uri = slash + 1;
	}
}

/* Is it 1 to 18 digits? */
static bool
is_id(PtSlice value)
{
	if (value.len == 0 || value.len > 18)
		return false;
	for (size_t i = 0; i < value.len; i++)
		if (value.text[i] < '0' || value.text[i] > '9')
			return false;
	return true;
}

/* Is it a UUID as PostgreSQL writes them? */
static bool
is_uuid(PtSlice value)
{
	if (value.len != 36)
		return false;
	for (size_t i = 0; i < value.len; i++)
	{
		bool		dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? value.text[i] != '-' : hex_digit(value.text[i]) < 0)
			return false;
	}
	return true;
}

/* Does the segment fit a pattern's, which is literal or a parameter? */
static bool
fits(const char *pattern, size_t len, PtSlice segment)
{
	if (pattern[0] != '{')
		return len == segment.len && memcmp(pattern, segment.text, len) == 0;
	if (len == 4 && memcmp(pattern, "{id}", 4) == 0)
		return is_id(segment);
	if (len == 12 && memcmp(pattern, "{message_id}", 12) == 0)
		return is_uuid(segment);
	return true;
}

/* Does the path have the pattern?  Fills in the match's parameters. */
static bool
match_path(const char *pattern, const Path *path, PtRestMatch *match)
{
	match->n_parameters = 0;
	for (int i = 0; i < path->n; i++)
	{
		size_t		len = strcspn(pattern, "/");

		if (len == 0 || !fits(pattern, len, path->segments[i]))
			return false;
		if (pattern[0] == '{')
		{
			match->parameters[match->n_parameters].name = (PtSlice) {pattern + 1, len - 2};
			match->parameters[match->n_parameters++].value = path->segments[i];
		}
		pattern += len + (pattern[len] == '/');
	}
	return *pattern == '\0';
}

/* The first row with the path; NULL: there is none. */
static const PtRestRoute *
find_path(const Path *path, PtRestMatch *match)
{
	for (const PtRestRoute *route = pt_rest_routes; route < pt_rest_routes + pt_rest_n_routes; route++)
		if (match_path(route->path, path, match))
			return route;
	return NULL;
}

/* The row behind this one that has the same path; NULL: there is none. */
static const PtRestRoute *
next_of_path(const PtRestRoute *route)
{
	const PtRestRoute *next = route + 1;

	if (next == pt_rest_routes + pt_rest_n_routes || strcmp(next->path, route->path) != 0)
		return NULL;
	return next;
}

/* Steps over blanks and tabs. */
static const char *
skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* Can the row read the body?  An empty one, and one of no type, is JSON. */
static bool
takes(const PtRestRoute *route, const PtRestAsked *asked)
{
	const char *type = asked->content_type == NULL ? "" : skip_blanks(asked->content_type);
	const char *wanted = pt_rest_media_type(route->takes);
	size_t		len = strcspn(type, "; \t");

	if (route->takes == PT_REST_NOTHING)
		return true;
	if (route->takes == PT_REST_JSON && (!asked->has_body || len == 0))
		return true;
	return len == strlen(wanted) && strncasecmp(type, wanted, len) == 0;
}

/* The weight of a media range's parameter q, in thousandths; broken ones count as 1. */
static int
read_weight(const char *at, const char *end)
{
	int			weight = 0;

	for (at = memchr(at, ';', (size_t) (end - at)); at != NULL; at = memchr(at, ';', (size_t) (end - at)))
	{
		at = skip_blanks(at + 1);
		if (end - at < 3 || (at[0] | 0x20) != 'q' || at[1] != '=')
			continue;
		at += 2;
		if (*at != '0')
			return 1000;
		if (end - at > 1 && at[1] == '.')
			for (int i = 2, unit = 100; i < end - at && unit > 0 && at[i] >= '0' && at[i] <= '9'; i++, unit /= 10)
				weight += (at[i] - '0') * unit;
		return weight;
	}
	return 1000;
}

/* How closely a media range names the type: 3 exactly, 2 its kind, 1 any, 0 not at all. */
static int
closeness(const char *range, size_t len, const char *type)
{
	size_t		kind = strcspn(type, "/") + 1;

	if (len == strlen(type) && strncasecmp(range, type, len) == 0)
		return 3;
	if (len == kind + 1 && range[kind] == '*' && strncasecmp(range, type, kind) == 0)
		return 2;
	return len == 3 && memcmp(range, "*/*", 3) == 0;
}

int
pt_accept_quality(const char *accept, const char *type)
{
	int			best = 0;
	int			quality = 0;

	if (accept == NULL || *skip_blanks(accept) == '\0')
		return 1000;
	while (*accept != '\0')
	{
		const char *range = skip_blanks(accept);
		const char *end = range + strcspn(range, ",");
		size_t		len = strcspn(range, ",; \t");
		int			close = closeness(range, len, type);

		if (close > best)
		{
			best = close;
			quality = read_weight(range, end);
		}
		accept = end + (*end == ',');
	}
	return quality;
}

/* Of the path's rows for the method, the one that reads the body and gives what is wanted most. */
static void
choose(const PtRestAsked *asked, PtRestMatch *match)
{
	const char *method = strcmp(asked->method, "HEAD") == 0 ? "GET" : asked->method;
	int			best = 0;

	match->status = 405;
	for (const PtRestRoute *route = match->path; route != NULL; route = next_of_path(route))
	{
		int			quality;

		if (strcmp(route->method, method) != 0)
			continue;
		if (match->status == 405)
			match->status = 415;
		if (!takes(route, asked))
			continue;
		if (match->status == 415)
			match->status = 406;
		quality = pt_accept_quality(asked->accept, pt_rest_media_type(route->gives));
		if (quality <= best)
			continue;
		best = quality;
		match->status = 0;
		match->route = route;
	}
}

void
pt_rest_match(const PtRestAsked *asked, PtRestMatch *match)
{
	Path		path;

	match->route = match->path = NULL;
	match->n_parameters = 0;
	match->status = asked->method == NULL || asked->uri == NULL ? 404 : split_path(asked->uri, &path, match->buffer);
	if (match->status != 0)
		return;
	match->path = find_path(&path, match);
	match->status = 404;
	if (match->path != NULL)
		choose(asked, match);
}

void
pt_rest_allow(const PtRestRoute *path, char *out, size_t size)
{
	const char *last = "";
	size_t		len = 0;

	out[0] = '\0';
	for (const PtRestRoute *route = path; route != NULL && len < size; route = next_of_path(route))
	{
		if (strcmp(route->method, last) == 0)
			continue;
		len += (size_t) snprintf(out + len, size - len, "%s%s%s", len > 0 ? ", " : "", route->method,
								 strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
		last = route->method;
	}
}
