/*
 * scheduler.h
 *	  The scheduler's tasks, one file an idea.
 */
#ifndef PORTATEXT_SCHEDULER_H
#define PORTATEXT_SCHEDULER_H

#include "worker/task.h"

extern void pt_task_release(void *task);	/* release.c */
extern void pt_task_expire(void *task);	/* expiry.c */
extern void pt_task_watch_new(void *task);	/* reconcile.c */
extern void pt_task_watch_late(void *task);
extern void pt_task_watch_due(void *task);
extern void pt_task_strays(void *task); /* housekeeping.c */
extern void pt_task_opt_outs(void *task);
extern void pt_task_engines(void *task);
extern void pt_task_late_parts(void *task);
extern void pt_task_absorb(void *task);
extern void pt_task_alerts(void *task);
extern void pt_task_routes(void *task);
extern void pt_task_senders(void *task);
extern void pt_task_idempotency(void *task);
extern void pt_task_retire_messages(void *task);	/* retention.c */
extern void pt_task_retire_events(void *task);
extern void pt_task_retire_ledger(void *task);
extern void pt_task_retire_refs(void *task);
extern void pt_task_retire_calls(void *task);
extern void pt_task_retire_jobs(void *task);

extern void pt_task_limit_flush(void *task);	/* access_task.c */
extern void pt_task_retire_api(void *task);

extern void pt_task_reminders(void *task);	/* service_task.c */
extern void pt_task_unpaid_reminders(void *task);
extern void pt_task_retire_service(void *task);

/* Asks about those of the ids that are listed as without a receipt: ask.c. */
extern void pt_ask_carriers(Datum ids);

/* Milliseconds from now until then, between low and high. */
extern long pt_task_ms(TimestampTz now, TimestampTz then, long low, long high);

/* The least id (RFC 9562, version 7) of the given time: reconcile.c. */
extern Datum pt_id_at(TimestampTz at);

/* An array of uuids from column 1 of SPI_tuptable, in the current context. */
extern Datum pt_ids_of_result(uint64 rows);

#endif							/* PORTATEXT_SCHEDULER_H */
