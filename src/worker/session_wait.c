/*
 * session_wait.c
 *	  The one place where a worker sleeps.
 */
#include "worker/session.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "worker/internal.h"
#include "worker/session_internal.h"

static TimestampTz stats_due = 0;	/* 0: nothing unsent */
static bool woken = false;
static bool reloaded = false;

void
pt_session_note_stats(long ms)
{
	stats_due = ms > 0 ? TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms) : 0;
}

/* Sends statistics that are due; returns the time to sleep at most. */
static long
send_stats(long timeout_ms)
{
	long		left;

	if (stats_due == 0)
		return timeout_ms;
	left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), stats_due);
	if (left <= 0)
	{
		pgstat_report_stat(true);
		stats_due = 0;
		return timeout_ms;
	}
	return timeout_ms < 0 ? left : Min(timeout_ms, left);
}

/* The set to wait on, made anew when the descriptor changes. */
static WaitEventSet *
wait_set(int fd)
{
	static WaitEventSet *set = NULL;
	static int	set_fd = -1;

	if (set != NULL && set_fd == fd)
		return set;
	if (set != NULL)
		FreeWaitEventSet(set);
	set = PT_CREATE_WAIT_EVENT_SET(3);
	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	if (fd >= 0)
		AddWaitEventToSet(set, WL_SOCKET_READABLE, fd, NULL, NULL);
	set_fd = fd;
	return set;
}

/* Sleeps; true when the descriptor is readable. */
static bool
sleep_on(int fd, long timeout_ms)
{
	WaitEvent	events[3];
	int			n;
	bool		readable = false;

	n = WaitEventSetWait(wait_set(fd), timeout_ms, events, lengthof(events), PG_WAIT_EXTENSION);
	for (int i = 0; i < n; i++)
		readable = readable || (events[i].events & WL_SOCKET_READABLE) != 0;
	return readable;
}

/* Reads the configuration again after SIGHUP. */
static void
reload(void)
{
	if (!ConfigReloadPending)
		return;
	ConfigReloadPending = false;
	reloaded = true;
	ProcessConfigFile(PGC_SIGHUP);
	pt_session_fix_settings();
	pt_session_publish();
}

bool
pt_session_woken(void)
{
	return woken;
}

bool
pt_session_reloaded(void)
{
	bool		result = reloaded;

	reloaded = false;
	return result;
}

/* pg_cancel_backend() ends a transaction; here is none, and it must not end the worker. */
static void
check_interrupts(void)
{
	QueryCancelPending = false;
	CHECK_FOR_INTERRUPTS();
}

/*
 * The latch is reset before the flag "notified", and both before the caller
 * looks at its queue: a commit after that sets them again.
 */
bool
pt_session_wait(int fd, long timeout_ms)
{
	bool		readable;

	check_interrupts();
	timeout_ms = send_stats(timeout_ms);
	if (pg_atomic_read_u32(&pt_my_slot->notified) != 0)
		timeout_ms = 0;
	if (timeout_ms != 0 && !ShutdownRequestPending && pt_my_slot->activity == PT_WORKING)
		pt_slot_activity(PT_WAITING);
	readable = sleep_on(fd, timeout_ms);
	ResetLatch(MyLatch);
	woken = pg_atomic_exchange_u32(&pt_my_slot->notified, 0) != 0;
	check_interrupts();
	reload();
	return readable;
}
