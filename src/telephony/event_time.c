/*
 * event_time.c
 *	  Times as telephony engines write them.
 *
 * Core: no PostgreSQL header.
 */
#include "telephony/gateway.h"

#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000)
#define YEAR_MIN 1970
#define YEAR_MAX 2999
#define EPOCH_MAX 32503680000.0 /* the year 3000 */

/* A date and time of day in a zone. */
typedef struct Stamp
{
	int			year;
	int			month;			/* from 1 */
	int			day;
	int			hour;
	int			minute;
	int			second;
	int			micros;
	int			zone;			/* minutes east of Greenwich */
} Stamp;

/* Takes digits, at least least and at most most of them; false: there are fewer. */
static bool
take_digits(const char **at, int least, int most, int *value)
{
	int			n = 0;

	*value = 0;
	for (; n < most && **at >= '0' && **at <= '9'; n++)
		*value = *value * 10 + (*(*at)++ - '0');
	return n >= least;
}

/* Takes one character. */
static bool
take(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

/* Takes hours, minutes and seconds (a leap second counts as the next), which may have a fraction. */
static bool
take_clock(const char **at, Stamp *stamp)
{
	int			scale = (int) (SECOND / 10);

	if (!take_digits(at, 2, 2, &stamp->hour) || !take(at, ':') || !take_digits(at, 2, 2, &stamp->minute) ||
		!take(at, ':') || !take_digits(at, 2, 2, &stamp->second))
		return false;
	if (!take(at, '.') && !take(at, ','))
		return true;
	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++, scale /= 10)
		stamp->micros += (**at - '0') * scale;
	return true;
}

/* Takes Z, GMT, UTC, or hours and minutes with a sign. */
static bool
take_zone(const char **at, Stamp *stamp)
{
	int			sign = **at == '-' ? -1 : 1;
	int			hours;
	int			minutes = 0;

	if (take(at, 'Z'))
		return true;
	if (strncmp(*at, "GMT", 3) == 0 || strncmp(*at, "UTC", 3) == 0)
	{
		*at += 3;
		return true;
	}
	if (!take(at, '+') && !take(at, '-'))
		return false;
	if (!take_digits(at, 2, 2, &hours))
		return false;
	if ((take(at, ':') || **at != '\0') && !take_digits(at, 2, 2, &minutes))
		return false;
	stamp->zone = sign * (hours * 60 + minutes);
	return hours <= 15 && minutes < 60;
}

/* Days from 1970 to a day of the Gregorian calendar. */
static int64_t
days_of(const Stamp *stamp)
{
	int64_t		year = stamp->month <= 2 ? stamp->year - 1 : stamp->year;
	int64_t		era = year / 400;
	int64_t		in_era = year - era * 400;
	int64_t		in_year = (153 * (stamp->month + (stamp->month > 2 ? -3 : 9)) + 2) / 5 + stamp->day - 1;

	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

/* Days of a month. */
static int
days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* The stamp as microseconds since 1970; false: there is no such day or time. */
static bool
stamp_micros(const Stamp *stamp, int64_t *micros)
{
	if (stamp->year < YEAR_MIN || stamp->year > YEAR_MAX || stamp->month < 1 || stamp->month > 12 || stamp->day < 1 ||
		stamp->day > days_in(stamp->year, stamp->month) || stamp->hour > 23 || stamp->minute > 59 || stamp->second > 60)
		return false;
	*micros = ((days_of(stamp) * 24 + stamp->hour) * 60 + stamp->minute - stamp->zone) * 60 * SECOND +
		stamp->second * SECOND + stamp->micros;
	return *micros > 0;
}

/* 2026-11-23T03:15:23.250+01:00 */
static bool
read_iso(const char *at, Stamp *stamp)
{
	return take_digits(&at, 4, 4, &stamp->year) && take(&at, '-') && take_digits(&at, 2, 2, &stamp->month) &&
		take(&at, '-') && take_digits(&at, 2, 2, &stamp->day) && (take(&at, 'T') || take(&at, ' ')) &&
		take_clock(&at, stamp) && take_zone(&at, stamp) && *at == '\0';
}

/* Mon, 23 Nov 2026 03:15:23 +0000 */
static bool
read_mail(const char *at, Stamp *stamp)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *comma = strchr(at, ',');

	if (comma != NULL)
		at = comma + 1;
	while (take(&at, ' '))
		;
	if (!take_digits(&at, 1, 2, &stamp->day) || !take(&at, ' '))
		return false;
	for (int i = 0; i < 12; i++)
	{
		if (strncmp(at, months + i * 3, 3) == 0)
			stamp->month = i + 1;
	}
	if (stamp->month == 0)
		return false;
	at += 3;
	return take(&at, ' ') && take_digits(&at, 4, 4, &stamp->year) && take(&at, ' ') &&
		take_clock(&at, stamp) && take(&at, ' ') && take_zone(&at, stamp) && *at == '\0';
}

bool
pt_event_time_read(const char *text, int64_t *micros)
{
	Stamp		iso = {0};
	Stamp		mail = {0};
	char	   *end;
	double		seconds;

	if (read_iso(text, &iso))
		return stamp_micros(&iso, micros);
	if (read_mail(text, &mail))
		return stamp_micros(&mail, micros);
	if (text[0] < '0' || text[0] > '9' || text[strspn(text, "0123456789.")] != '\0')
		return false;
	seconds = strtod(text, &end);
	if (*end != '\0' || seconds <= 0 || seconds >= EPOCH_MAX)
		return false;
	*micros = (int64_t) (seconds * (double) SECOND + 0.5);
	return *micros > 0;
}
