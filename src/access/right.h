/*
 * right.h
 *	  What an API key may do.  No PostgreSQL header.
 */
#ifndef PORTATEXT_RIGHT_H
#define PORTATEXT_RIGHT_H

/* Bits; the enum portatext.api_right has the same names and order. */
typedef enum PtRight
{
	PT_RIGHT_NONE = 0,
	PT_RIGHT_READ = 1,
	PT_RIGHT_SEND = 2,			/* send and charge */
	PT_RIGHT_MANAGE = 4,		/* contacts, templates, campaigns, settings of numbers */
	PT_RIGHT_ACCOUNT = 8,		/* keys, addresses, profile, money */
	PT_RIGHT_ALL = 15
} PtRight;

/* The right of that name; PT_RIGHT_NONE: there is none. */
extern PtRight pt_right_named(const char *name, int len);
extern const char *pt_right_name(PtRight right);

#endif							/* PORTATEXT_RIGHT_H */
