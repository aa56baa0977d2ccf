/*
 * directive.c
 *	  Reads the lines with # before a statement.  No PostgreSQL header.
 */
#include "api/directive.h"

#include <string.h>

/* One directive without its #; false: unknown. */
static bool
read_directive(const char *line, int len, PtDirectives *directives)
{
	if (len == 4 && memcmp(line, "once", 4) == 0)
		return directives->once = true;
	if (len == 6 && memcmp(line, "replan", 6) == 0)
		return directives->replan = true;
	if (len <= 6 || memcmp(line, "right ", 6) != 0)
		return false;
	directives->right = pt_right_named(line + 6, len - 6);
	return directives->right != PT_RIGHT_NONE;
}

bool
pt_read_directives(const char **body, PtDirectives *directives)
{
	const char *at = *body;

	memset(directives, 0, sizeof(*directives));
	for (;;)
	{
		int			len;

		at += strspn(at, " \t\n");
		if (*at != '#')
			break;
		len = (int) strcspn(++at, "\n");
		if (!read_directive(at, len, directives))
			return false;
		at += len;
	}
	*body = at;
	return true;
}
