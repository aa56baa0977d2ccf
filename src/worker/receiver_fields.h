/*
 * receiver_fields.h
 *	  What the readers of forms and of JSON share.
 */
#ifndef PORTATEXT_RECEIVER_FIELDS_H
#define PORTATEXT_RECEIVER_FIELDS_H

#include "worker/receiver_parse.h"

extern void pt_field_set(PtFields *fields, const char *name, const char *value);
/*
 * Decodes a form's name or value in place; a malformed escape stays as it is.
 * %00 becomes U+FFFD, whose three octets fit in the escape's place.
 */
extern void pt_form_decode(char *text);

extern int	pt_hex_digit(char c);

#endif							/* PORTATEXT_RECEIVER_FIELDS_H */
