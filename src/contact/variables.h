/*
 * variables.h
 *	  Making the variables of a contact: a flat JSON object.
 */
#ifndef PORTATEXT_CONTACT_VARIABLES_H
#define PORTATEXT_CONTACT_VARIABLES_H

#include "portatext.h"

#include "utils/jsonb.h"

/* The order in which jsonb keeps its keys: made once for all contacts of a file or query. */
typedef struct PtVariableNames
{
	int			n;
	const char **names;			/* as they were given */
	int		   *lengths;
	int		   *order;			/* positions in jsonb's order */
	JsonbPair  *pairs;			/* work space */
} PtVariableNames;

/*
 * Names in the current memory context.  Raises 22023 for one that cannot be a
 * variable's name or comes twice, unless problem is given: then it is the
 * message, or NULL.
 */
extern PtVariableNames *pt_variable_names(const char **names, int n, const char **problem);

/*
 * The object with those of the values that are not jbvNull; NULL: there is none.
 * values are in the order of the names; what they point to is not copied until the object is made.
 */
extern Jsonb *pt_variables_make(PtVariableNames *names, const JsonbValue *values);

/*
 * The same of texts, of which an empty one is no value: made as jsonb is stored
 * (utils/jsonb.h), as this is most of the work of an import.
 */
typedef struct PtVariableText
{
	const char *data;
	size_t		len;
} PtVariableText;
extern Jsonb *pt_variables_of_texts(PtVariableNames *names, const PtVariableText *texts);

#endif							/* PORTATEXT_CONTACT_VARIABLES_H */
