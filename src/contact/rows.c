/*
 * rows.c
 *	  Writing the contacts of a version in batches, the last of a number wins (CSV-08).
 *
 * A number that comes again within a batch replaces its row in memory.  One that
 * an earlier batch has written is found when fewer rows go in than were given:
 * then alone the batch updates what is there.
 */
#include "contact/rows.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "number/number.h"

#define BATCH 1000
#define BATCH_BYTES (4 * 1024 * 1024)
#define SLOTS 4096				/* of the hash table; a power of two, well above BATCH */

struct PtContactRows
{
	int64		account_id;
	int64		version;
	int64		added;
	int64		duplicates;
	MemoryContext context;		/* of the batch */
	Size		bytes;
	int			n;
	Datum		numbers[BATCH];
	Datum		variables[BATCH];
	bool		none[BATCH];
	uint64		keys[BATCH];
	int16		slots[SLOTS];	/* position + 1; 0: free */
};

PtContactRows *
pt_rows_new(int64 account_id, int64 version)
{
	PtContactRows *rows = palloc0(sizeof(PtContactRows));

	rows->account_id = account_id;
	rows->version = version;
	rows->context = AllocSetContextCreate(CurrentMemoryContext, "portatext contacts",
										  ALLOCSET_DEFAULT_SIZES);
	return rows;
}

/* The digits as a number. */
static uint64
key_of(const char *number)
{
	uint64		key = 0;

	for (const char *digit = number + 1; *digit != '\0'; digit++)
		key = key * 10 + (*digit - '0');
	return key;
}

/* The slot that holds the key, or else the free one for it. */
static int16 *
find_slot(PtContactRows *rows, uint64 key)
{
	unsigned	slot = (key * UINT64CONST(0x9E3779B97F4A7C15)) >> 52;

	while (rows->slots[slot] != 0 && rows->keys[rows->slots[slot] - 1] != key)
		slot = (slot + 1) % SLOTS;
	return &rows->slots[slot];
}

/* An array of the batch's values; nulls may be NULL. */
static Datum
array_of(Datum *values, bool *nulls, int n, Oid type)
{
	int			lower = 1;

	return PointerGetDatum(construct_md_array(values, nulls, 1, &n, &lower, type, -1, false,
											  TYPALIGN_INT));
}

/* Numbers that were there already get the batch's variables. */
static void
update_rows(const Datum *values)
{
	static PtPlan plan = {
		"UPDATE portatext.contact c SET variables = u.variables"
		" FROM unnest($3::pg_catalog.text[], $4::pg_catalog.jsonb[]) u (number, variables)"
		" WHERE c.version OPERATOR(pg_catalog.=) $2 AND c.account_id OPERATOR(pg_catalog.=) $1"
		" AND c.number::pg_catalog.text OPERATOR(pg_catalog.=) u.number"
		" AND c.variables IS DISTINCT FROM u.variables",
		4, {INT8OID, INT8OID, TEXTARRAYOID, JSONBARRAYOID}, .generic = true
	};

	pt_plan_run(&plan, values, NULL, SPI_OK_UPDATE);
}

/* Writes the batch. */
static void
write_rows(PtContactRows *rows)
{
	static PtPlan plan = {
		"INSERT INTO portatext.contact (account_id, version, number, variables)"
		" SELECT $1, $2, u.number, u.variables"
		" FROM unnest($3::pg_catalog.text[], $4::pg_catalog.jsonb[]) u (number, variables)"
		" ON CONFLICT DO NOTHING",
		4, {INT8OID, INT8OID, TEXTARRAYOID, JSONBARRAYOID}, .generic = true
	};
	Datum		values[4];
	uint64		inserted;

	values[0] = Int64GetDatum(rows->account_id);
	values[1] = Int64GetDatum(rows->version);
	values[2] = array_of(rows->numbers, NULL, rows->n, TEXTOID);
	values[3] = array_of(rows->variables, rows->none, rows->n, JSONBOID);
	inserted = pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
	if (inserted < rows->n)
	{
		update_rows(values);
		rows->duplicates += rows->n - inserted;
	}
}

void
pt_rows_flush(PtContactRows *rows)
{
	MemoryContext old;

	if (rows->n == 0)
		return;
	old = MemoryContextSwitchTo(rows->context);
	write_rows(rows);
	MemoryContextSwitchTo(old);
	MemoryContextReset(rows->context);
	memset(rows->slots, 0, sizeof(rows->slots));
	rows->n = 0;
	rows->bytes = 0;
}

/* Puts the contact at the position. */
static void
set_row(PtContactRows *rows, int at, const Jsonb *variables)
{
	rows->none[at] = variables == NULL;
	if (variables != NULL)
	{
		Size		size = VARSIZE(variables);

		rows->variables[at] = PointerGetDatum(memcpy(palloc(size), variables, size));
		rows->bytes += size;
	}
}

void
pt_rows_add(PtContactRows *rows, const char *number, const Jsonb *variables)
{
	uint64		key = key_of(number);
	int16	   *slot = find_slot(rows, key);
	MemoryContext old = MemoryContextSwitchTo(rows->context);

	rows->added++;
	if (*slot != 0)
	{
		set_row(rows, *slot - 1, variables);
		rows->duplicates++;
	}
	else
	{
		rows->keys[rows->n] = key;
		rows->numbers[rows->n] = CStringGetTextDatum(number);
		set_row(rows, rows->n, variables);
		*slot = ++rows->n;
	}
	MemoryContextSwitchTo(old);
	if (rows->n == BATCH || rows->bytes > BATCH_BYTES)
		pt_rows_flush(rows);
}

int64
pt_rows_added(const PtContactRows *rows)
{
	return rows->added;
}

int64
pt_rows_duplicates(const PtContactRows *rows)
{
	return rows->duplicates;
}

int64
pt_version_new(void)
{
	static PtPlan plan = {
		"SELECT pg_catalog.nextval('portatext.contact_version_seq'::pg_catalog.regclass)",
		0, {0}
	};
	bool		isnull;

	pt_plan_run(&plan, NULL, NULL, SPI_OK_SELECT);
	return DatumGetInt64(pt_result(0, 1, &isnull));
}

void
pt_version_retire(int64 account_id, int64 version)
{
	static PtPlan plan = {
		"INSERT INTO portatext.retired_version (version, account_id) VALUES ($1, $2)"
		" ON CONFLICT DO NOTHING",
		2, {INT8OID, INT8OID}
	};
	Datum		values[2] = {Int64GetDatum(version), Int64GetDatum(account_id)};

	pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
}
