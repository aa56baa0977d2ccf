/*
 * rest_route.h
 *	  The paths of the PortaText SDKs: their table, and which row a request is for.
 *
 * Part of the core: no PostgreSQL header, no allocation.
 */
#ifndef PORTATEXT_REST_ROUTE_H
#define PORTATEXT_REST_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum PtRestMedia
{
	PT_REST_NOTHING,			/* a body is not looked at */
	PT_REST_JSON,
	PT_REST_CSV,
	PT_REST_AUDIO,
	PT_REST_FILE
} PtRestMedia;

/* An operation, or one of its variants. */
typedef struct PtRestRoute
{
	int			operation;		/* its number, 1 to 94 */
	const char *method;
	const char *path;			/* "contacts/{number}/variables" */
	PtRestMedia takes;
	PtRestMedia gives;
	const char *handler;		/* a function of the schema portatext */
} PtRestRoute;

extern const PtRestRoute pt_rest_routes[];
extern const int pt_rest_n_routes;

/* "json" and its like, and the name on the wire. */
extern const char *pt_rest_media_name(PtRestMedia media);
extern const char *pt_rest_media_type(PtRestMedia media);

typedef struct PtSlice
{
	const char *text;
	size_t		len;
} PtSlice;

#define PT_REST_PARAMETERS 2
#define PT_REST_PATH_MAX 1024

/* A request, as its headers have it; what is missing is NULL. */
typedef struct PtRestAsked
{
	const char *method;
	const char *uri;			/* the request target: path and query, as they came */
	const char *content_type;
	const char *accept;
	bool		has_body;
} PtRestAsked;

typedef struct PtRestMatch
{
	int			status;			/* 0: route is set; or 400, 404, 405, 406, 415 */
	const PtRestRoute *route;
	const PtRestRoute *path;	/* the first row with this path, also for 405, 406 and 415 */
	int			n_parameters;
	struct
	{
		PtSlice		name;
		PtSlice		value;		/* decoded, in buffer */
	}			parameters[PT_REST_PARAMETERS];
	char		buffer[PT_REST_PATH_MAX];
} PtRestMatch;

/* Finds the row; HEAD is matched as GET (RFC 9110 9.3.2). */
extern void pt_rest_match(const PtRestAsked *asked, PtRestMatch *match);

/* The methods of a path, for the header Allow (RFC 9110 10.2.1), as far as out has room. */
extern void pt_rest_allow(const PtRestRoute *path, char *out, size_t size);

/*
 * The query's next member, still encoded; *query is a request target's part behind
 * "?", and is moved on.  false: there is none.  Empty members are skipped.
 */
extern bool pt_rest_query_next(PtSlice *query, PtSlice *name, PtSlice *value);

/*
 * Decodes percent escapes (RFC 3986 2.1), and "+" as a blank if plus is set.  out has
 * room for len octets.  Returns the length; -1: an escape is broken, or the result is
 * no UTF-8 or has U+0000.
 */
extern long pt_url_decode(const char *in, size_t len, bool plus, char *out);

/* How much an Accept header wants the media type, in thousandths (RFC 9110 12.5.1); 0: not. */
extern int	pt_accept_quality(const char *accept, const char *type);

#endif							/* PORTATEXT_REST_ROUTE_H */
