/*
 * rest_json.h
 *	  JSON in ASCII alone, for clients that read answers so.
 *
 * Part of the core: no PostgreSQL header, no allocation.
 */
#ifndef PORTATEXT_REST_JSON_H
#define PORTATEXT_REST_JSON_H

#include <stddef.h>

/*
 * Writes JSON text in UTF-8 with \uXXXX for whatever is not ASCII, above U+FFFF as
 * surrogate pairs (RFC 8259 7); what is no UTF-8 becomes U+FFFD.  Returns the octets
 * written, at most 6 for each octet of text; out NULL: only counts.
 */
extern size_t pt_json_ascii(const char *json, size_t len, char *out);

#endif							/* PORTATEXT_REST_JSON_H */
