/*
 * uuid7.c
 *	  Time-ordered identifiers, RFC 9562 version 7.
 *
 * 48 bits of Unix milliseconds, 12 bits of the millisecond's fraction (method 3
 * of section 6.2) and 62 random bits.  Within one process each identifier is
 * greater than the one before.
 */
#include "portatext.h"

#include <time.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/uuid.h"

#define RANDOM_POOL 1024		/* octets drawn at a time */
#define SUB_MS_STEPS 4096		/* rand_a holds the fraction in 12 bits */

/* Steps of 1/4096 ms since the Unix epoch; never the same or earlier twice. */
static uint64
next_step(void)
{
	static uint64 last = 0;
	struct timespec ts;
	uint64		step;

	clock_gettime(CLOCK_REALTIME, &ts);
	step = (uint64) ts.tv_sec * 1000 * SUB_MS_STEPS +
		(uint64) ts.tv_nsec * SUB_MS_STEPS / 1000000;
	if (step <= last)
		step = last + 1;
	last = step;
	return step;
}

/*
 * Random octets, of which many are drawn at a time; a forked process draws its
 * own.  Raises an ERROR when randomness is not to be had.
 */
static void
take_random(unsigned char *octets, size_t len)
{
	static unsigned char pool[RANDOM_POOL];
	static size_t left = 0;
	static int	drawn_by = 0;

	if (left < len || drawn_by != MyProcPid)
	{
		left = 0;
		if (!pg_strong_random(pool, sizeof(pool)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate random values")));
		left = sizeof(pool);
		drawn_by = MyProcPid;
	}
	left -= len;
	memcpy(octets, pool + left, len);
}

/* Fills in the next identifier; raises an ERROR when randomness is not to be had. */
void
pt_uuid7(pg_uuid_t *id)
{
	uint64		step = next_step();
	uint64		ms = step / SUB_MS_STEPS;
	uint32		fraction = (uint32) (step % SUB_MS_STEPS);

	for (int i = 0; i < 6; i++)
		id->data[i] = (unsigned char) (ms >> (40 - 8 * i));
	id->data[6] = (unsigned char) (0x70 | (fraction >> 8));
	id->data[7] = (unsigned char) (fraction & 0xFF);
	take_random(&id->data[8], 8);
	id->data[8] = (unsigned char) (0x80 | (id->data[8] & 0x3F));
}

/* The next identifier as a Datum in the current memory context. */
Datum
pt_uuid7_datum(void)
{
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));

	pt_uuid7(id);
	return UUIDPGetDatum(id);
}

PG_FUNCTION_INFO_V1(pt_uuid7_sql);

/* portatext.uuid7() */
Datum
pt_uuid7_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(pt_uuid7_datum());
}
