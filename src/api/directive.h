/*
 * directive.h
 *	  The lines with # before the statement of a function of the language
 *	  portatext_api.  No PostgreSQL header.
 */
#ifndef PORTATEXT_DIRECTIVE_H
#define PORTATEXT_DIRECTIVE_H

#include <stdbool.h>

#include "access/right.h"

typedef struct PtDirectives
{
	PtRight		right;
	bool		once;
	bool		replan;
} PtDirectives;

/* Reads the directives and moves *body behind them; false: there is an unknown one. */
extern bool pt_read_directives(const char **body, PtDirectives *directives);

#endif							/* PORTATEXT_DIRECTIVE_H */
