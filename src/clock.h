/*
 * clock.h
 *	  Set-up of the business clock.
 */
#ifndef PORTATEXT_CLOCK_H
#define PORTATEXT_CLOCK_H

extern void pt_clock_init(void);

#endif							/* PORTATEXT_CLOCK_H */
