/*
 * variant.h
 *	  The texts of a campaign: one, or several that are compared.
 */
#ifndef PORTATEXT_VARIANT_H
#define PORTATEXT_VARIANT_H

#include "portatext.h"

#include "utils/jsonb.h"

#include "contact/contact.h"

#define PT_VARIANTS 26			/* of a campaign, at most */

typedef struct PtVariant
{
	int16		variant;		/* from 1 */
	const char *label;
	int32		weight;
	text	   *body;
	PtTemplate *template;
	bool		has_variables;
} PtVariant;

typedef struct PtVariants
{
	int			n;
	int64		weight;			/* of all */
	bool		any_variables;
	PtVariant	list[PT_VARIANTS];
} PtVariants;

/*
 * The texts that a request names: exactly one of body, template (a name or an id) and
 * variants.  Raises 22023 for what is wrong with them, 42704 for a template that there
 * is not.  Inside SPI, as the keeper.
 */
extern void pt_variants_read(int64 account_id, text *body, text *template, Jsonb *variants,
							 PtVariants *out);

/* Writes and reads a campaign's; inside SPI, as the keeper. */
extern void pt_variants_store(int64 account_id, int64 campaign_id, const PtVariants *variants);
extern void pt_variants_load(int64 campaign_id, PtVariants *variants);

/* What a campaign of calls has: a single one without a text. */
extern void pt_variants_none(bool has_variables, PtVariants *variants);

/* Which one a canonical number gets: always the same, by chance in proportion to the weights. */
extern const PtVariant *pt_variant_for(const PtVariants *variants, int64 campaign_id,
									   const char *number);

#endif							/* PORTATEXT_VARIANT_H */
