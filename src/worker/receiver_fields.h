/*
 * receiver_fields.h
 *	  What the readers of forms and of JSON share.
 */
#ifndef PORTATEXT_RECEIVER_FIELDS_H
#define PORTATEXT_RECEIVER_FIELDS_H

#include "worker/receiver_parse.h"

extern void pt_field_set(PtFields *fields, const char *name, const char *value);
extern int	pt_hex_digit(char c);

#endif							/* PORTATEXT_RECEIVER_FIELDS_H */
