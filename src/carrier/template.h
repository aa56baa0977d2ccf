/*
 * template.h
 *	  Texts with {placeholders}: rendered with the values of a message, encoded
 *	  for the place where they go.
 *
 * {{ and }} stand for braces.  Part of the core: no PostgreSQL header, no
 * allocation.
 */
#ifndef PORTATEXT_TEMPLATE_H
#define PORTATEXT_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "carrier/json.h"
#include "worker/http_util.h"

typedef enum PtEncode
{
	PT_ENCODE_PLAIN,			/* as it is */
	PT_ENCODE_PERCENT,			/* RFC 3986, 2.1: parts of a URL, form fields */
	PT_ENCODE_JSON				/* inside a JSON string */
} PtEncode;

/* What a placeholder stands for. */
typedef struct PtSlotValue
{
	const char *octets;			/* NULL: there is no value for this message */
	size_t		len;
	bool		number;			/* alone in a JSON string it is written without quotes */
} PtSlotValue;

/* The value of the placeholder of this name; false: there is no such placeholder. */
typedef bool (*PtSlotFind) (void *context, const char *name, size_t len, PtSlotValue *value);

typedef struct PtSlots
{
	PtSlotFind	find;
	void	   *context;
} PtSlots;

/* Is the template well-formed, with known placeholders only?  If not, problem says so. */
extern bool pt_http_template_check(const char *text, const PtSlots *slots, char *problem, size_t size);

/* Is the text one placeholder and nothing else, without a value for this message? */
extern bool pt_http_template_absent(const char *text, const PtSlots *slots);

/* Appends the rendered text; a placeholder without a value is empty.  The text has passed the check. */
extern void pt_http_template_render(PtBuffer *out, const char *text, PtEncode encode, const PtSlots *slots);

/* Appends the tree as JSON, its strings rendered; members whose value is absent are left out. */
extern void pt_http_template_json(PtBuffer *out, const PtJson *json, int at, const PtSlots *slots);

/* Appends an object's members as key=value&..., rendered; absent ones are left out, an array's are repeated. */
extern void pt_http_template_form(PtBuffer *out, const PtJson *json, int at, const PtSlots *slots);

#endif							/* PORTATEXT_TEMPLATE_H */
