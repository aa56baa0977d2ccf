/*
 * room.h
 *	  Set-up of the workers' room.
 */
#ifndef PORTATEXT_WORKER_ROOM_H
#define PORTATEXT_WORKER_ROOM_H

extern void pt_worker_init(void);	/* from _PG_init */

#endif							/* PORTATEXT_WORKER_ROOM_H */
