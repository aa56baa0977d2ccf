/*
 * launcher.h
 *	  Registration of the launcher.
 */
#ifndef PORTATEXT_LAUNCHER_H
#define PORTATEXT_LAUNCHER_H

extern void pt_launcher_register(void); /* from _PG_init while preloading */

#endif							/* PORTATEXT_LAUNCHER_H */
