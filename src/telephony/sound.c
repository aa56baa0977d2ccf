/*
 * sound.c
 *	  The check of a sound before it is stored (TEL-10).
 */
#include "portatext.h"

#include "fmgr.h"

#include "telephony/sound_mp3.h"

#define SOUND_MAX (10 * 1024 * 1024)

PG_FUNCTION_INFO_V1(pt_check_sound_sql);

/* portatext.check_sound(content) */
Datum
pt_check_sound_sql(PG_FUNCTION_ARGS)
{
	bytea	   *content = PG_GETARG_BYTEA_PP(0);
	size_t		len = VARSIZE_ANY_EXHDR(content);
	const char *problem;

	if (len > SOUND_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a sound of %lld bytes is too long", (long long) len),
				 errdetail("At most %d bytes are stored.", SOUND_MAX)));
	problem = pt_mp3_problem((const uint8_t *) VARDATA_ANY(content), len);
	if (problem != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the sound is no mp3 file: %s", problem)));
	PG_RETURN_VOID();
}
