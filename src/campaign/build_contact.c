/*
 * build_contact.c
 *	  Reads the next contacts of a build and decides on each: the same checks and
 *	  figures as for a single message, blacklists and subscriptions as sets.
 */
#include "campaign/build.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "campaign/campaign.h"
#include "sms/many.h"

/* A page of the source: number, the list's variables, the own contact's. */
typedef struct ContactPage
{
	SPITupleTable *rows;
	int			n;
} ContactPage;

/* Column col of a row; 0: null, or there is none. */
static Datum
field(const ContactPage *page, int row, int col)
{
	bool		isnull = true;
	Datum		value = (Datum) 0;

	if (col <= page->rows->tupdesc->natts)
		value = SPI_getbinval(page->rows->vals[row], page->rows->tupdesc, col, &isnull);
	return isnull ? (Datum) 0 : value;
}

/* The number in canonical form and the text that belongs to it. */
static void
read_number(const PtBuild *build, const ContactPage *page, int row, PtBuildItem *item)
{
	text	   *given = DatumGetTextPP(field(page, row, 1));
	PtNumberError error = pt_number_read(VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given), NULL, item->order.to);

	if (error != PT_NUMBER_OK)
		item->order.to[0] = '\0';
	item->order.recipient = given;
	item->number = error == PT_NUMBER_OK ? item->order.to : text_to_cstring(given);
	item->rewritten = error == PT_NUMBER_OK &&
		(strlen(item->number) != VARSIZE_ANY_EXHDR(given) ||
		 memcmp(item->number, VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given)) != 0);
	item->duplicate = false;
	item->cohort = 0;
	item->place = 0;
	item->refusal.code = PT_ACCEPTED;
	item->variant = pt_variant_for(&build->variants, build->campaign_id, item->number);
}

/* Marks those that the run has already: the first list wins. */
static void
find_stored(const PtBuild *build, PtBuildSlice *slice)
{
	static PtPlan plan = {
		"SELECT u.ord::int4 FROM unnest($2::text[]) WITH ORDINALITY AS u(number, ord)"
		" WHERE (SELECT true FROM portatext.campaign_recipient r"
		"   WHERE r.run_id = $1 AND r.number = u.number LIMIT 1)",
		2, {INT8OID, TEXTARRAYOID},
		.generic = true
	};
	Datum	   *numbers = palloc(slice->n * sizeof(Datum));
	Datum		values[2];
	uint64		found;

	for (int i = 0; i < slice->n; i++)
		numbers[i] = CStringGetTextDatum(slice->items[i].number);
	values[0] = Int64GetDatum(build->run_id);
	values[1] = PointerGetDatum(construct_array(numbers, slice->n, TEXTOID, -1, false, TYPALIGN_INT));
	found = pt_run_by_index(&plan, values, SPI_OK_SELECT);
	for (uint64 i = 0; i < found; i++)
	{
		bool		isnull;

		slice->items[DatumGetInt32(pt_result(i, 1, &isnull)) - 1].duplicate = true;
	}
}

/* Marks those that an earlier contact of the slice has become when it was read. */
static void
find_repeated(PtBuildSlice *slice)
{
	HASHCTL		ctl = {.keysize = NAMEDATALEN, .entrysize = NAMEDATALEN, .hcxt = CurrentMemoryContext};
	HTAB	   *seen = hash_create("portatext numbers of a slice", slice->n, &ctl,
								   HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	for (int i = 0; i < slice->n; i++)
	{
		bool		found;

		hash_search(seen, slice->items[i].number, HASH_ENTER, &found);
		if (found)
			slice->items[i].duplicate = true;
	}
	hash_destroy(seen);
}

/* Numbers of one source are unique unless reading one has changed it. */
static void
find_duplicates(PtBuild *build, PtBuildSlice *slice)
{
	bool		rewritten = false;

	for (int i = 0; i < slice->n; i++)
		rewritten |= slice->items[i].rewritten;
	build->rewritten |= rewritten;
	if (build->source > 0 || build->rewritten)
		find_stored(build, slice);
	if (rewritten)
		find_repeated(slice);
	for (int i = 0; i < slice->n; i++)
		build->duplicates += slice->items[i].duplicate;
}

/* Where a contact's text takes its values from: its list's variables, its own, the campaign's (CAMP-15). */
static void
set_values(const PtBuild *build, const ContactPage *page, int row, PtOrder *order)
{
	int			n = 0;

	for (int col = 2; col <= 3; col++)
	{
		Datum		variables = field(page, row, col);

		if (variables != (Datum) 0)
			order->values[n++] = DatumGetJsonbP(variables);
	}
	order->values[n] = build->variables;
}

/* Checks one contact, all but blacklists and subscription; bases has an order for each variant. */
static void
check_item(const PtBuild *build, const ContactPage *page, int row, PtOrder *bases, PtBuildItem *item)
{
	PtOrder    *base = &bases[item->variant->variant - 1];
	PtOrder    *order = &item->order;
	text	   *recipient = order->recipient;
	char		to[PT_E164_SIZE];

	memcpy(to, order->to, sizeof(to));
	*order = *base;
	memcpy(order->to, to, sizeof(to));
	order->recipient = recipient;
	if (item->variant->has_variables)
		set_values(build, page, row, order);
	if (build->calls)
	{
		pt_build_check_call(build, item);
		return;
	}
	(void) pt_order_check(order, PT_LISTS_ASKED, &item->refusal);
	if (order->template != NULL)
		return;
	base->counted = order->counted;
	base->counted_for = order->counted_for;
	base->analysis = order->analysis;
}

/* The order that those of all contacts begin as, for each variant. */
static PtOrder *
base_orders(const PtBuild *build)
{
	PtOrder    *bases = palloc0(build->variants.n * sizeof(PtOrder));

	for (int i = 0; i < build->variants.n; i++)
	{
		bases[i].account = build->account;
		bases[i].from = build->from;
		bases[i].service_name = build->service;
		bases[i].bulk = build->bulk;
		bases[i].kind = PT_KIND_ORDINARY;
		bases[i].body = build->variants.list[i].body;
		if (build->variants.list[i].has_variables)
			bases[i].template = build->variants.list[i].template;
	}
	return bases;
}

/* Asks blacklists and subscriptions for those that are still to be written to. */
static void
ask_lists(PtBuildSlice *slice)
{
	PtOrder   **orders = palloc(slice->n * sizeof(PtOrder *));
	PtRefusal **refusals = palloc(slice->n * sizeof(PtRefusal *));
	int			n = 0;

	for (int i = 0; i < slice->n; i++)
	{
		PtBuildItem *item = &slice->items[i];

		if (item->duplicate || item->refusal.code != PT_ACCEPTED)
			continue;
		orders[n] = &item->order;
		refusals[n++] = &item->refusal;
	}
	if (n > 0)
		pt_orders_ask_lists(orders, refusals, n);
}

/* Counts the skipped ones by reason. */
static void
count_skipped(PtBuild *build, const PtBuildSlice *slice)
{
	for (int i = 0; i < slice->n; i++)
	{
		const PtBuildItem *item = &slice->items[i];

		if (!item->duplicate && item->refusal.code != PT_ACCEPTED)
			build->skipped[item->refusal.code]++;
	}
}

bool
pt_build_read(PtBuild *build, PtBuildSlice *slice)
{
	static PtBuildItem items[PT_BUILD_SLICE];	/* the same memory for all slices */
	PtOrder    *bases = base_orders(build);
	ContactPage		page;

	page.n = (int) pt_source_read(&build->sources.list[build->source], build->after, build->own,
								  build->variants.any_variables);
	page.rows = SPI_tuptable;
	slice->n = page.n;
	if (page.n == 0)
		return false;
	slice->items = items;
	for (int i = 0; i < page.n; i++)
		read_number(build, &page, i, &slice->items[i]);
	find_duplicates(build, slice);
	for (int i = 0; i < page.n; i++)
	{
		if (!slice->items[i].duplicate)
			check_item(build, &page, i, bases, &slice->items[i]);
	}
	ask_lists(slice);
	count_skipped(build, slice);
	text_to_cstring_buffer(DatumGetTextPP(field(&page, page.n - 1, 1)), build->after, sizeof(build->after));
	SPI_freetuptable(page.rows);
	return page.n == PT_BUILD_SLICE;
}
