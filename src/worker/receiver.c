/*
 * receiver.c
 *	  The receiver: stores what carriers call back with, and answers only then.
 *
 * Every request that is complete in one turn goes into one transaction; the
 * answers follow its commit.  A batch that fails is stored request by request,
 * so that a bad one costs itself only.
 */
#include "portatext.h"

#include <unistd.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "cache.h"
#include "carrier/http_receipt.h"
#include "carrier/load.h"
#include "sms/inbound_route.h"
#include "worker/receiver.h"
#include "worker/receiver_call.h"
#include "worker/session.h"
#include "worker/settings.h"

#define BATCH_RECEIPTS 1000		/* requests and receipts in one transaction, about */
#define CONNECTIONS_MAX 1000
#define CONNECTIONS_MIN 8
#define DESCRIPTORS_SPARE 16	/* left to PostgreSQL's own waiting */
#define RETRY_MS 5000			/* until the port is tried again */
#define FLUSH_TURNS 4			/* of the listener before it stops */

PGDLLEXPORT void pt_receiver_main(Datum main_arg);

static PtPlan carriers_plan = {
	"SELECT c.carrier_id, c.name, s.receipt_secret, c.adapter = 'http' FROM portatext.carriers c"
	" LEFT JOIN portatext.carrier_secret s ON s.carrier_id = c.carrier_id"
	" ORDER BY c.name",
	0, {0}
};

static PtPlan receipts_plan = {
	"SELECT portatext.apply_receipts($1, $2, $3, $4, $5, $6)",
	6, {INT4OID, TEXTARRAYOID, UUIDARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID}
};

static PtPlan message_plan = {
	"SELECT portatext.receive_sms($1, $2, $3, $5, $4)",
	5, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID}
};

static PtPlan part_plan = {
	"SELECT portatext.receive_sms_part($1, $2, $3, $5, $6, $7, $8, $4)",
	8, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, INT4OID, INT4OID}
};

static PtPlan raw_plan = {
	"SELECT portatext.receive_sms_raw($1, $2, $3, $5, $6, $7, $4)",
	7, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, BYTEAOID, INT4OID, BYTEAOID}
};

/* What a batch's transaction is given and tells. */
typedef struct Batch
{
	PtCallback *callbacks;
	int			sqlstate;		/* of the error, 0: none */
	uint64		receipts;
} Batch;

static PtCache cache = {.tables = {"carrier", "carrier_secret"}};
static PtReceiverCarrier *carriers = NULL;
static int	n_carriers = 0;
static char listening_address[128] = "";
static int	listening_port = 0;

/* Copies a text value, cut to size; a null is empty. */
static void
copy_text(uint64 row, int col, char *out, size_t size)
{
	bool		isnull;
	Datum		value = pt_result(row, col, &isnull);

	out[0] = '\0';
	if (!isnull)
		strlcpy(out, TextDatumGetCString(value), size);
}

/* Lets go of the carriers. */
static void
forget_carriers(void)
{
	for (int i = 0; i < n_carriers; i++)
		pt_carrier_free(carriers[i].settings);
	n_carriers = 0;
	if (carriers != NULL)
		pfree(carriers);
	carriers = NULL;
}

/* Reads carriers and secrets; body of a transaction. */
static void
load_carriers(void *arg)
{
	bool		isnull;
	uint64		n;

	pt_cache_begin(&cache);
	n = pt_plan_run(&carriers_plan, NULL, NULL, SPI_OK_SELECT);
	forget_carriers();
	carriers = MemoryContextAllocZero(TopMemoryContext, (n + 1) * sizeof(PtReceiverCarrier));
	for (uint64 i = 0; i < n; i++)
	{
		carriers[i].carrier_id = DatumGetInt32(pt_result(i, 1, &isnull));
		copy_text(i, 2, carriers[i].name, sizeof(carriers[i].name));
		copy_text(i, 3, carriers[i].secret, sizeof(carriers[i].secret));
		carriers[i].templated = DatumGetBool(pt_result(i, 4, &isnull));
	}
	n_carriers = (int) n;
	pt_cache_loaded(&cache);
}

/* Reads how one carrier's callbacks are read; body of a transaction. */
static void
load_settings(void *arg)
{
	PtReceiverCarrier *carrier = arg;
	char		problem[200] = "";

	carrier->settings = pt_carrier_load(carrier->carrier_id, problem, sizeof(problem));
	if (carrier->settings == NULL)
		ereport(LOG,
				(errmsg("portatext receiver: carrier %d cannot be used: %s", carrier->carrier_id, problem),
				 errhint("Its callbacks are put off until portatext.alter_carrier() sets this right.")));
	else
		carrier->templated = pt_call_mapped(carrier->settings) || pt_call_reads_messages(carrier->settings);
}

/* Takes notice of changes that others have committed; reloads the carriers if need be. */
static void
refresh_carriers(void)
{
	MemoryContext context = CurrentMemoryContext;

	StartTransactionCommand();
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
	if (pt_cache_fresh(&cache) || !pt_session_tx("carriers", load_carriers, NULL))
		return;
	for (int i = 0; i < n_carriers; i++)
		if (carriers[i].templated)
			pt_session_tx("carrier", load_settings, &carriers[i]);
}

/* Takes notice of changes that others have committed to carriers and engines. */
static void
refresh(void)
{
	refresh_carriers();
	pt_receiver_refresh_engines();
}

/* Hook of the listener: the carrier of this name, NULL if there is none. */
static const PtReceiverCarrier *
find_carrier(const char *name)
{
	for (int i = 0; i < n_carriers; i++)
		if (strcmp(carriers[i].name, name) == 0)
			return &carriers[i];
	return NULL;
}

/* Hook of the listener: the HTTP library has found itself in a state it cannot go on from. */
static void
leave(const char *where, unsigned line)
{
	ereport(LOG,
			(errmsg("portatext receiver: the HTTP library gave up at line %u: %s", line, where)));
	proc_exit(1);
}

/* Hook of the listener: a word of the library; never raises. */
static void
debug(const char *text)
{
	ereport(DEBUG1, (errmsg_internal("portatext receiver: %s", text)));
}

/* Hook of the listener: the business clock. */
static long
clock_now(void)
{
	return (long) (pt_now() / USECS_PER_SEC) +
		(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (long) SECS_PER_DAY;
}

/* UTF-8 in the database's encoding, as a text value. */
static Datum
text_value(const char *utf8)
{
	return CStringGetTextDatum(pg_any_to_server(utf8, (int) strlen(utf8), PG_UTF8));
}

/* The columns of apply_receipts() while they are collected. */
typedef struct Columns
{
	int			count;
	int			room;
	Datum	   *values[5];		/* ref, id, part, status, code */
	bool	   *nulls[5];
} Columns;

/* Room for so many rows, in the current memory context. */
static void
columns_make(Columns *columns, int room)
{
	columns->count = 0;
	columns->room = room;
	for (int i = 0; i < 5; i++)
	{
		columns->values[i] = palloc0(Max(room, 1) * sizeof(Datum));
		columns->nulls[i] = palloc0(Max(room, 1) * sizeof(bool));
	}
}

/* Adds one receipt. */
static void
columns_add(Columns *columns, const PtReceipt *receipt)
{
	int			n = columns->count++;

	columns->nulls[0][n] = receipt->ref == NULL;
	if (receipt->ref != NULL)
		columns->values[0][n] = text_value(receipt->ref);
	columns->nulls[1][n] = receipt->id == NULL;
	if (receipt->id != NULL)
		columns->values[1][n] = DirectFunctionCall1(uuid_in, CStringGetDatum(receipt->id));
	columns->nulls[2][n] = receipt->part == 0;
	columns->values[2][n] = Int32GetDatum(receipt->part);
	columns->values[3][n] = CStringGetTextDatum(receipt->status);
	columns->nulls[4][n] = receipt->code[0] == '\0';
	if (receipt->code[0] != '\0')
		columns->values[4][n] = CStringGetTextDatum(receipt->code);
}

/* One column as an SPI argument. */
static Datum
column_array(const Columns *columns, int i)
{
	static const struct
	{
		Oid			type;
		int			len;
		bool		by_value;
		char		align;
	}			types[5] = {
		{TEXTOID, -1, false, TYPALIGN_INT},
		{UUIDOID, UUID_LEN, false, TYPALIGN_CHAR},
		{INT4OID, sizeof(int32), true, TYPALIGN_INT},
		{TEXTOID, -1, false, TYPALIGN_INT},
		{TEXTOID, -1, false, TYPALIGN_INT},
	};
	int			dims[1] = {columns->count};
	int			bounds[1] = {1};

	return PointerGetDatum(construct_md_array(columns->values[i], columns->nulls[i],
											  1, dims, bounds, types[i].type, types[i].len,
											  types[i].by_value, types[i].align));
}

/* Applies the batch's receipts of one carrier. */
static void
store_receipts(Batch *batch, int32 carrier_id)
{
	Columns		columns;
	Datum		values[6];
	int			count = 0;

	for (PtCallback *c = batch->callbacks; c != NULL; c = c->next)
		count += !c->inbound && c->carrier_id == carrier_id ? c->n_receipts : 0;
	columns_make(&columns, count);
	for (PtCallback *c = batch->callbacks; c != NULL; c = c->next)
		for (int i = 0; !c->inbound && c->carrier_id == carrier_id && i < c->n_receipts; i++)
			columns_add(&columns, &c->receipts[i]);
	values[0] = Int32GetDatum(carrier_id);
	for (int i = 0; i < 5; i++)
		values[1 + i] = column_array(&columns, i);
	pt_plan_run(&receipts_plan, values, NULL, SPI_OK_SELECT);
	batch->receipts += count;
}

/* Has an earlier request of the batch the same carrier's receipts? */
static bool
done_before(const Batch *batch, const PtCallback *callback)
{
	const PtCallback *c = batch->callbacks;

	while (c != callback && (c->inbound || c->carrier_id != callback->carrier_id))
		c = c->next;
	return c != callback;
}

/* Octets as a value. */
static Datum
octets_value(const unsigned char *octets, size_t len)
{
	return PointerGetDatum(cstring_to_text_with_len((const char *) octets, (int) len));
}

/* Stores one inbound message, or a part of one. */
static void
store_message(const PtCallback *callback)
{
	const PtMessage *m = &callback->message;
	char		nulls[] = "        ";
	Datum		values[8] = {text_value(callback->carrier), text_value(m->from), text_value(m->to)};

	if (m->ref != NULL)
		values[3] = text_value(m->ref);
	nulls[3] = m->ref != NULL ? ' ' : 'n';
	if (m->text == NULL)
	{
		values[4] = octets_value(m->data, m->len);
		values[5] = Int32GetDatum(m->coding);
		values[6] = octets_value(m->udh_len > 0 ? m->udh : m->data, m->udh_len);
		pt_plan_run(&raw_plan, values, nulls, SPI_OK_SELECT);
		return;
	}
	values[4] = text_value(m->text);
	values[5] = Int32GetDatum(m->reference);
	values[6] = Int32GetDatum(m->part);
	values[7] = Int32GetDatum(m->parts);
	pt_plan_run(m->parts > 1 ? &part_plan : &message_plan, values, nulls, SPI_OK_SELECT);
}

/* The work of a batch's transaction. */
static void
store(Batch *batch)
{
	for (PtCallback *c = batch->callbacks; c != NULL; c = c->next)
	{
		if (c->engine_id != 0)
			pt_receiver_store_call(c);
		else if (c->inbound)
			store_message(c);
		else if (!done_before(batch, c))
			store_receipts(batch, c->carrier_id);
	}
	PT_POINT("receiver_before_commit");
}

/* Body of a batch's transaction: notes what kind of error ends it. */
static void
store_batch(void *arg)
{
	Batch	   *batch = arg;

	PG_TRY();
	{
		store(batch);
	}
	PG_CATCH();
	{
		batch->sqlstate = geterrcode();
		PG_RE_THROW();
	}
	PG_END_TRY();
}

/* One transaction; the HTTP status that its requests get. */
static unsigned
run_batch(PtCallback *callbacks)
{
	Batch		batch = {.callbacks = callbacks};

	if (pt_session_tx("callbacks", store_batch, &batch))
	{
		PT_POINT("receiver_after_commit");
		pt_slot_count(PT_COUNT_RECEIPTS, batch.receipts);
		return 200;
	}
	pt_slot_count(PT_COUNT_ERRORS, 1);
	return ERRCODE_TO_CATEGORY(batch.sqlstate) == ERRCODE_DATA_EXCEPTION ? 400 : 503;
}

/*
 * Stores all that waits, in one transaction or else each on its own, and answers.
 * One that failed alone is tried again when that may help.
 */
static void
serve(PtCallback *callbacks)
{
	unsigned	status = run_batch(callbacks);
	bool		repeat = pt_inbound_worth_repeating();
	bool		together = status == 200 || (callbacks->next == NULL && !repeat);

	while (callbacks != NULL)
	{
		PtCallback *next = callbacks->next;

		callbacks->next = NULL;
		if (!together)
			status = run_batch(callbacks);
		pt_listener_answer(callbacks, status);
		callbacks = next;
	}
}

/* How many connections may be open: of PostgreSQL's descriptors, a third at most. */
static unsigned
reserve_connections(void)
{
	static unsigned reserved = 0;

	if (reserved > 0)
		return reserved;
	while (reserved < CONNECTIONS_MAX + DESCRIPTORS_SPARE && AcquireExternalFD())
		reserved++;
	for (int i = 0; i < DESCRIPTORS_SPARE && reserved > CONNECTIONS_MIN; i++, reserved--)
		ReleaseExternalFD();
	return reserved = Max(reserved, CONNECTIONS_MIN);
}

/* Listens where the settings say; says once when that is not possible. */
static void
listen_anew(void)
{
	static const PtListenerHooks hooks = {find_carrier, pt_receiver_engine, leave, debug, clock_now};
	static bool told = false;
	char		problem[128];

	if (pt_listener_start(pt_receiver_address, pt_receiver_port, reserve_connections(),
						  &hooks, problem, sizeof(problem)))
	{
		ereport(LOG,
				(errmsg("portatext receiver listens on %s, port %d",
						pt_receiver_address, pt_receiver_port)));
		strlcpy(listening_address, pt_receiver_address, sizeof(listening_address));
		listening_port = pt_receiver_port;
		pt_slot_attach(PT_RECEIVER, listening_port);
		told = false;
		return;
	}
	pt_slot_attach(PT_RECEIVER, 0);
	if (!told)
		ereport(LOG,
				(errmsg("portatext receiver could not listen on \"%s\", port %d: %s",
						pt_receiver_address, pt_receiver_port, problem),
				 errhint("One database at a time can have the port; set portatext.receiver_address and portatext.receiver_port. It is tried again every %d seconds.",
						 RETRY_MS / 1000)));
	told = true;
}

/* Stores what has come in, writes the answers and closes the port. */
static void
finish(void)
{
	PtCallback *batch;

	for (int i = 0; i < FLUSH_TURNS; i++)
	{
		pt_listener_run();
		if ((batch = pt_listener_take(BATCH_RECEIPTS)) != NULL)
			serve(batch);
	}
	/* What has come in since then is not stored, and the carrier is told so. */
	batch = pt_listener_take(INT_MAX);
	while (batch != NULL)
	{
		PtCallback *next = batch->next;

		pt_listener_answer(batch, 503);
		batch = next;
	}
	pt_listener_run();
	pt_listener_stop();
}

/* Follows the settings: off, on, or somewhere else. */
static void
follow_settings(void)
{
	if (pt_listener_fd() >= 0 &&
		(listening_port != pt_receiver_port ||
		 strncmp(listening_address, pt_receiver_address, sizeof(listening_address) - 1) != 0))
	{
		finish();
		pt_session_wait(-1, 0); /* so that the old descriptor is not waited for */
	}
	if (pt_receiver_port == 0)
		proc_exit(0);
	if (pt_listener_fd() < 0)
		listen_anew();
}

/* Sleeps until a request or something else comes; not when answers are to be written. */
static void
wait_for_work(bool answers)
{
	int			fd = pt_listener_fd();

	if (answers)
		pt_session_wait(fd, 0);
	else
		pt_session_wait(fd, fd < 0 ? RETRY_MS : pt_listener_timeout_ms());
}

/* Entry point of the receiver process; main_arg is the database's OID. */
void
pt_receiver_main(Datum main_arg)
{
	PtCallback *batch = NULL;	/* of the last turn; not to be followed */

	pt_session_start(PT_RECEIVER, DatumGetObjectId(main_arg));
	while (!pt_session_stopping())
	{
		follow_settings();
		wait_for_work(batch != NULL);
		refresh();
		pt_listener_run();
		batch = pt_listener_take(BATCH_RECEIPTS);
		if (batch != NULL)
			serve(batch);
	}
	finish();
	proc_exit(0);
}
