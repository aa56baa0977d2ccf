/*
 * phonelib.h
 *	  The C side of libphonenumber (phonelib.cpp).
 */
#ifndef PORTATEXT_PHONELIB_H
#define PORTATEXT_PHONELIB_H

#include "number/number.h"

#ifdef __cplusplus
extern "C"
{
#endif

/*
 * Lets libphonenumber parse input (UTF-8) as dialled in region, an upper-case
 * code it knows or "ZZ" for none; an extension is dropped.  out is filled when
 * the result is PT_NUMBER_OK.  Whether the length is possible is not checked.
 */
extern PtNumberError pt_phonelib_read(const char *input, size_t len,
									  const char *region, char out[PT_E164_SIZE]);

/* Loads the metadata and compiles the expressions of frequent countries. */
extern void pt_phonelib_warm(void);

#ifdef __cplusplus
}
#endif

#endif							/* PORTATEXT_PHONELIB_H */
