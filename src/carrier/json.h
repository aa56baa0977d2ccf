/*
 * json.h
 *	  What a carrier says, as a tree: JSON (RFC 8259), or a form's fields as the
 *	  members of one object.
 *
 * Part of the core: no PostgreSQL header, memory is malloc's.  Depth and the
 * number of values are limited; what comes in is hostile until proven otherwise.
 */
#ifndef PORTATEXT_CARRIER_JSON_H
#define PORTATEXT_CARRIER_JSON_H

#include <stdbool.h>
#include <stddef.h>

#define PT_JSON_VALUES 4096		/* most values of one tree */

typedef enum PtJsonKind
{
	PT_JSON_NULL,
	PT_JSON_WORD,				/* a number, true or false, as it was written */
	PT_JSON_TEXT,
	PT_JSON_OBJECT,
	PT_JSON_ARRAY
} PtJsonKind;

typedef struct PtJsonValue
{
	PtJsonKind	kind;
	const char *name;			/* of a member; NULL for others */
	const char *text;			/* of words and texts; NULL for others */
	int			first;			/* of objects and arrays: the first child, 0: none */
	int			next;			/* the next sibling, 0: none */
} PtJsonValue;

typedef struct PtJson
{
	char	   *text;			/* where the strings lie */
	PtJsonValue *values;		/* the first is the root */
	int			count;
	int			room;
} PtJson;

/* Reads an object or an array; NULL: text is neither, too deep or too large, or no memory. */
extern PtJson *pt_json_parse(const char *text, size_t len);

/* Reads key=value&... into an object; NULL: too many fields, or no memory. */
extern PtJson *pt_json_form(const char *text, size_t len);

extern void pt_json_free(PtJson *json); /* NULL is allowed */

/*
 * The value that a path names, seen from value at (0: the root): member names and
 * array positions with dots between ("data.to.0.status").  NULL: there is none.
 */
extern const PtJsonValue *pt_json_at(const PtJson *json, int at, const char *path);

/*
 * The same as a string.  A path that ends in # gives what follows the last # of
 * the value.  NULL: there is none, or it is null, an object or an array.
 */
extern const char *pt_json_text(const PtJson *json, int at, const char *path);

/* The text of the root's member of this name, dots and all; NULL: none. */
extern const char *pt_json_member(const PtJson *json, const char *name);

#endif							/* PORTATEXT_CARRIER_JSON_H */
