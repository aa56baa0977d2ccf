/*
 * right.c
 *	  The names of the rights.  No PostgreSQL header.
 */
#include "access/right.h"

#include <string.h>

static const struct
{
	const char *name;
	PtRight		right;
}			rights[] = {
	{"read", PT_RIGHT_READ},
	{"send", PT_RIGHT_SEND},
	{"manage", PT_RIGHT_MANAGE},
	{"account", PT_RIGHT_ACCOUNT},
};

#define N_RIGHTS (int) (sizeof(rights) / sizeof(rights[0]))

PtRight
pt_right_named(const char *name, int len)
{
	for (int i = 0; i < N_RIGHTS; i++)
		if ((int) strlen(rights[i].name) == len && memcmp(rights[i].name, name, len) == 0)
			return rights[i].right;
	return PT_RIGHT_NONE;
}

const char *
pt_right_name(PtRight right)
{
	for (int i = 0; i < N_RIGHTS; i++)
		if (rights[i].right == right)
			return rights[i].name;
	return "";
}
