/*
 * encoding.h
 *	  Text values to UTF-8 and back, whatever the database's encoding.
 */
#ifndef PORTATEXT_ENCODING_H
#define PORTATEXT_ENCODING_H

#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

/*
 * A text's octets in UTF-8: in place in a UTF8 database, else converted in the
 * current memory context (22021 if that is not possible).
 */
static inline const char *
pt_text_utf8(text *value, size_t *len)
{
	const char *bytes = VARDATA_ANY(value);
	const char *converted;

	*len = VARSIZE_ANY_EXHDR(value);
	if (likely(GetDatabaseEncoding() == PG_UTF8))
		return bytes;
	converted = pg_server_to_any(bytes, (int) *len, PG_UTF8);
	if (converted != bytes)
		*len = strlen(converted);
	return converted;
}

/*
 * UTF-8 octets as a text in the database's encoding; 22P05 for a character that
 * it has not.
 */
static inline Datum
pt_utf8_text(const char *utf8, size_t len)
{
	const char *converted = pg_any_to_server(utf8, (int) len, PG_UTF8);

	if (converted != utf8)
		len = strlen(converted);
	return PointerGetDatum(cstring_to_text_with_len(converted, (int) len));
}

#endif							/* PORTATEXT_ENCODING_H */
