/*
 * transliterate.h
 *	  Replaces characters that are not in the GSM 03.38 set by ones that are.
 *	  Uses ICU, no PostgreSQL header.
 */
#ifndef PORTATEXT_TRANSLITERATE_H
#define PORTATEXT_TRANSLITERATE_H

#include <stdbool.h>
#include <stddef.h>

#define PT_REPLACED_MAX 512		/* octets of an original, at most */

/*
 * Takes the text piece by piece, in order: UTF-8 octets of the original, and
 * what stands for them (the same octets where replaced is false).
 */
typedef void (*PtPieceSink) (void *context, const char *original, size_t original_len,
							 const char *replacement, size_t replacement_len,
							 bool replaced);

/*
 * Hands all pieces of a valid UTF-8 text to the sink; romanize: other scripts
 * become Latin too.  Returns NULL, or the name of ICU's error.
 */
extern const char *pt_transliterate(const char *utf8, size_t len, bool romanize,
									PtPieceSink sink, void *context);

#endif							/* PORTATEXT_TRANSLITERATE_H */
