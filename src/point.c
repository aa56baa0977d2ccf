/*
 * point.c
 *	  Named places where a test may stop, fail or kill a process.
 *
 * A test arms a point by writing one word into the file
 * DATADIR/portatext_points/NAME.  The process that reaches the point first
 * takes the file (so a point acts once) and obeys:
 *
 *	kill	ends itself by SIGKILL
 *	error	raises an ERROR
 *	pause	renames the file to NAME.hit and waits until that is removed
 *
 * Nothing of this is in the shipped build.
 */
#include "portatext.h"

#ifdef PORTATEXT_TEST

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/pmsignal.h"

#define POINT_DIR "portatext_points"
#define PAUSE_LIMIT_MS 60000

/* Reads the armed word; false when another process took the file first. */
static bool
take_word(const char *path, const char *taken, char *word, size_t size)
{
	FILE	   *f;

	if (rename(path, taken) != 0)
		return false;
	word[0] = '\0';
	f = fopen(taken, "r");
	if (f != NULL)
	{
		if (fgets(word, (int) size, f) == NULL)
			word[0] = '\0';
		fclose(f);
	}
	word[strcspn(word, " \n")] = '\0';
	return true;
}

/* Waits until the test removes the file, at most PAUSE_LIMIT_MS. */
static void
pause_on(const char *taken)
{
	for (int ms = 0; ms < PAUSE_LIMIT_MS; ms += 5)
	{
		if (access(taken, F_OK) != 0)
			return;
		if (!PostmasterIsAlive())
			proc_exit(1);
		CHECK_FOR_INTERRUPTS();
		pg_usleep(5000L);
	}
}

/* Obeys the word that a test left for this point, once. */
void
pt_point(const char *name)
{
	char		path[MAXPGPATH];
	char		taken[MAXPGPATH];
	char		word[32];

	snprintf(path, sizeof(path), POINT_DIR "/%s", name);
	if (access(path, F_OK) != 0)
		return;
	snprintf(taken, sizeof(taken), POINT_DIR "/%s.hit", name);
	if (!take_word(path, taken, word, sizeof(word)))
		return;
	if (strcmp(word, "kill") == 0)
		kill(getpid(), SIGKILL);
	if (strcmp(word, "pause") == 0)
		pause_on(taken);
	if (strcmp(word, "error") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("test point \"%s\" reached", name)));
}

#endif							/* PORTATEXT_TEST */
