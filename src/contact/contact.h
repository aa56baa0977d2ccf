/*
 * contact.h
 *	  Templates, stored variables and lists, for sending and for campaigns.
 */
#ifndef PORTATEXT_CONTACT_H
#define PORTATEXT_CONTACT_H

#include "portatext.h"

#include "utils/jsonb.h"

/* A template's text, read once and rendered for many: template.c. */
typedef struct PtTemplate PtTemplate;

/* In the current memory context.  Raises 22023 for braces that are not closed or a name that is none. */
extern PtTemplate *pt_template_read(const text *body);
extern bool pt_template_has_variables(const PtTemplate *template);

/*
 * The text with the variables' values, inserted literally (TPL-04); each is taken
 * from the first of the n layers (NULL: none) that has it with a value: a string
 * as it is, a number or boolean as JSON writes it.  NULL: a variable has none,
 * and *missing is its name, palloc'd (TPL-03).  Raises 22023 for a value that is an object or array.
 */
extern text *pt_template_render(const PtTemplate *template, const Jsonb *const *layers, int n,
								char **missing);

/* The text of the account's template of that name, or else id; NULL: there is none.  Inside SPI, as the keeper. */
extern text *pt_template_find(int64 account_id, const text *name);

/* The variables stored for a number in the account's own contacts; NULL: none.  Inside SPI, as the keeper: variables.c. */
extern Jsonb *pt_contact_variables(int64 account_id, const char *e164);

/*
 * The account's list of that name, or else id.  Raises 42704 when there is none.
 * A list that is a query is evaluated now, with its owner's rights, into a new version that is retired
 * at once (it is there for a day): list.c.  Inside SPI, as the keeper.
 */
typedef struct PtContactList
{
	int64		list_id;
	int64		version;		/* whose contacts to read */
	bool		is_query;

	/* of a query */
	int64		refused;		/* rows whose number is none or cannot be read; they are not contacts */
	char		example[64];	/* the first of those numbers, for a message */
} PtContactList;
extern void pt_list_open(int64 account_id, const text *name, PtContactList *list);

/* The version of the account's own contacts; 0: it has none. */
extern int64 pt_own_contacts(int64 account_id);

/*
 * Deletes a batch of the contacts of a version that was replaced a day ago; 0: there
 * is none.  For the runner, in its transaction, inside SPI, as the keeper: retire.c.
 */
extern int64 pt_contacts_retire(void);

extern void pt_contact_init(void);	/* from _PG_init: job kinds, settings */

#endif							/* PORTATEXT_CONTACT_H */
