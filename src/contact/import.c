/*
 * import.c
 *	  Reading a CSV file into a new version of a contact list (CSV-01 to CSV-08).
 *
 * Bytes come in pieces of any size; what is held in memory is one record, one
 * batch of rows and one of problems.  An empty cell is no value: the contact has
 * no such variable.
 */
#include "contact/import.h"

#include "mb/pg_wchar.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "contact/rows.h"
#include "contact/variables.h"
#include "job/job.h"
#include "number/number.h"
#include "text/csv.h"

#define PIECE 65536				/* bytes fed at once */
#define RECORD_MEMORY (512 * 1024)	/* for the records of a piece; kept from piece to piece */

struct PtImport
{
	const char *region;
	bool		trusted;
	bool		failed;			/* the header is wrong */
	PtCsv	   *csv;
	PtContactRows *rows;
	PtProblems *problems;
	int64		version;
	MemoryContext context;
	MemoryContext record_context;
	MemoryContextCallback callback;

	PtVariableNames *names;		/* NULL: the header is still to come */
	PtVariableText *cells;			/* in the database's encoding */

	PtImportCounts counts;		/* but duplicates, contacts */
	int64		duplicates_before;	/* of earlier chunks */
	int			kept_refused;
	int			kept_normalised;
	char	   *first_problem;
	int64		offset;			/* behind the last record */
	int64		next_line;
};

static bool take_record(void *context, const PtCsvField *fields, int n,
						PtCsvError error, int64_t line, int64_t end);

/* Frees what is not in a memory context. */
static void
free_csv(void *arg)
{
	PtImport   *import = arg;

	if (import->csv != NULL)
		pt_csv_free(import->csv);
}

/* An import into that version. */
static PtImport *
import_into(int64 account_id, int64 job_id, const char *region, int64 version, bool fresh)
{
	PtImport   *import = palloc0(sizeof(PtImport));

	import->context = CurrentMemoryContext;
	import->record_context = AllocSetContextCreate(CurrentMemoryContext, "portatext import record",
												   0, RECORD_MEMORY, ALLOCSET_DEFAULT_MAXSIZE);
	import->callback.func = free_csv;
	import->callback.arg = import;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &import->callback);
	import->csv = pt_csv_new(take_record, import);
	if (import->csv == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Failed while beginning to read CSV.")));
	import->region = region;
	import->version = version;
	import->rows = pt_rows_new(account_id, version, fresh);
	import->problems = pt_problems_new(account_id, job_id);
	import->next_line = 1;
	return import;
}

PtImport *
pt_import_new(int64 account_id, int64 job_id, const char *region, bool trusted)
{
	PtImport   *import = import_into(account_id, job_id, region, pt_version_new(), true);

	import->trusted = trusted;
	return import;
}

void
pt_import_check_region(const char *region)
{
	char		number[PT_E164_SIZE];

	if (region != NULL && pt_number_read("+12223334444", 12, region, number) == PT_NUMBER_UNKNOWN_REGION)
		pt_number_raise(cstring_to_text(""), region, PT_NUMBER_UNKNOWN_REGION);
}

/* Counts a line that is refused and keeps its problem. */
static void
refuse(PtImport *import, int64 line, const char *given, int given_len, const char *problem)
{
	import->counts.refused++;
	if (import->first_problem == NULL)
		import->first_problem = MemoryContextStrdup(import->context,
													psprintf("line %lld: %s", (long long) line, problem));
	if (import->kept_refused++ < PT_PROBLEMS)
		pt_problems_add(import->problems, line, "refused", given, given_len, NULL, problem);
}

/* What is wrong with a record that is none. */
static const char *
csv_problem(PtCsvError error)
{
	switch (error)
	{
		case PT_CSV_BAD_QUOTE:
			return "A quotation mark is where none may be, or text follows the closing one.";
		case PT_CSV_OPEN_QUOTE:
			return "A quotation mark that is opened here is not closed.";
		case PT_CSV_TOO_MANY_FIELDS:
			return psprintf("The line has more than %d columns.", PT_CSV_FIELDS);
		case PT_CSV_TOO_LONG:
			return psprintf("The line has more than %d bytes.", PT_CSV_RECORD);
		case PT_CSV_NUL:
			return "The line has a byte that is zero.";
		default:
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("out of memory"),
					 errdetail("Failed while reading CSV.")));
	}
	return NULL;				/* not reached */
}

/* Converts from UTF-8 to the database's encoding; false: it cannot be. */
static bool
convert(const PtCsvField *field, PtVariableText *cell)
{
	static Oid	conversion = InvalidOid;
	int			size = field->len * MAX_CONVERSION_GROWTH + 1;
	char	   *data = palloc(size);

	if (!OidIsValid(conversion))
		conversion = FindDefaultConversionProc(PG_UTF8, GetDatabaseEncoding());
	if (!OidIsValid(conversion) ||
		pg_do_encoding_conversion_buf(conversion, PG_UTF8, GetDatabaseEncoding(), (unsigned char *) field->data,
									  field->len, (unsigned char *) data, size, true) != field->len)
		return false;
	cell->data = data;
	cell->len = strlen(data);
	return true;
}

/* The record's fields in the database's encoding; false: some bytes are no text in it. */
static bool
decode(PtImport *import, const PtCsvField *fields, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (!import->trusted && !pg_verify_mbstr(PG_UTF8, fields[i].data, fields[i].len, true))
			return false;
		import->cells[i].data = fields[i].data;
		import->cells[i].len = fields[i].len;
		if (GetDatabaseEncoding() != PG_UTF8 && !convert(&fields[i], &import->cells[i]))
			return false;
	}
	return true;
}

/* A name of the header, without the blanks around it, NUL-terminated. */
static const char *
header_name(const PtVariableText *cell)
{
	const char *data = cell->data;
	size_t		len = cell->len;

	while (len > 0 && (*data == ' ' || *data == '\t'))
		data++, len--;
	while (len > 0 && (data[len - 1] == ' ' || data[len - 1] == '\t'))
		len--;
	return pnstrdup(data, len);
}

/* Takes the names of the columns; false: they cannot be. */
static bool
take_names(PtImport *import, const char **names, int n, int64 line)
{
	const char *problem = NULL;

	if (pg_strcasecmp(names[0], "number") != 0)
		problem = psprintf("The first column is \"%s\" and not \"number\".", pt_shown(names[0], strlen(names[0])));
	else
	{
		import->names = pt_variable_names(names + 1, n - 1, &problem);
		if (problem != NULL)
			problem = psprintf("The header is wrong: %s.", problem);
	}
	if (problem == NULL)
		return true;
	refuse(import, line, NULL, 0, problem);
	return false;
}

/* The first record (CSV-01, CSV-02); false: it is no header. */
static bool
take_header(PtImport *import, const PtCsvField *fields, int n, int64 line)
{
	MemoryContext old = MemoryContextSwitchTo(import->context);
	const char **names = palloc(n * sizeof(char *));
	bool		good;

	import->cells = palloc(n * sizeof(PtVariableText));
	good = decode(import, fields, n);
	if (!good)
		refuse(import, line, NULL, 0, "The header is no text in UTF-8.");
	for (int i = 0; i < n && good; i++)
		names[i] = header_name(&import->cells[i]);
	good = good && take_names(import, names, n, line);
	MemoryContextSwitchTo(old);
	import->failed = !good;
	return good;
}

/* Notes that the number was written in another way than +digits or digits. */
static void
note_number(PtImport *import, int64 line, const PtVariableText *given, const char *number)
{
	size_t		len = strlen(number);

	if ((given->len == len && memcmp(given->data, number, len) == 0) ||
		(import->region == NULL && given->len == len - 1 && memcmp(given->data, number + 1, len - 1) == 0))
		return;
	import->counts.normalised++;
	if (import->kept_normalised++ < PT_PROBLEMS)
		pt_problems_add(import->problems, line, "normalised", given->data, given->len, number, NULL);
}

/* A record behind the header. */
static void
take_contact(PtImport *import, const PtCsvField *fields, int n, int64 line)
{
	char		number[PT_E164_SIZE];
	PtNumberError error;

	import->counts.lines++;
	if (n != import->names->n + 1)
	{
		refuse(import, line, NULL, 0,
			   psprintf("The line has %d columns and the header %d.", n, import->names->n + 1));
		return;
	}
	if (!decode(import, fields, n))
	{
		refuse(import, line, NULL, 0, "The line has bytes that are no text in UTF-8, or none in the database's encoding.");
		return;
	}
	error = pt_number_read(fields[0].data, fields[0].len, import->region, number);
	if (error != PT_NUMBER_OK)
	{
		refuse(import, line, import->cells[0].data, import->cells[0].len, pt_number_problem(error));
		return;
	}
	note_number(import, line, &import->cells[0], number);
	pt_rows_add(import->rows, number, pt_variables_of_texts(import->names, import->cells + 1));
}

/* One record, or a line that is none: the callback of the CSV reader. */
static bool
take_record(void *context, const PtCsvField *fields, int n, PtCsvError error, int64_t line, int64_t end)
{
	PtImport   *import = context;
	MemoryContext old = MemoryContextSwitchTo(import->record_context);

	if (error != PT_CSV_OK)
	{
		import->counts.lines += import->names != NULL;
		refuse(import, line, NULL, 0, csv_problem(error));
		import->failed = import->names == NULL;
	}
	else if (import->names == NULL)
		(void) take_header(import, fields, n, line);
	else
		take_contact(import, fields, n, line);
	import->offset = end;
	import->next_line = pt_csv_next_line(import->csv);
	MemoryContextSwitchTo(old);
	return !import->failed;
}

bool
pt_import_feed(PtImport *import, const char *data, size_t len)
{
	while (len > 0 && !import->failed)
	{
		size_t		piece = Min(len, PIECE);

		CHECK_FOR_INTERRUPTS();
		if (pt_csv_feed(import->csv, data, piece))
			import->offset = pt_csv_position(import->csv, &import->next_line);
		MemoryContextReset(import->record_context);
		data += piece;
		len -= piece;
	}
	return !import->failed;
}

void
pt_import_end(PtImport *import)
{
	if (!import->failed)
		(void) pt_csv_end(import->csv);
	if (!import->failed && import->names == NULL)
	{
		import->failed = true;
		refuse(import, 1, NULL, 0, "The file is empty; its first line must be the header.");
	}
	pt_import_flush(import);
}

void
pt_import_flush(PtImport *import)
{
	pt_rows_flush(import->rows);
	pt_problems_flush(import->problems);
	MemoryContextReset(import->record_context);
}

int64
pt_import_version(const PtImport *import)
{
	return import->version;
}

bool
pt_import_has_header(const PtImport *import)
{
	return import->names != NULL && !import->failed;
}

PtImportCounts
pt_import_counts(const PtImport *import)
{
	PtImportCounts counts = import->counts;

	counts.duplicates = import->duplicates_before + pt_rows_duplicates(import->rows);
	counts.contacts = !pt_import_has_header(import) ? 0 : counts.lines - counts.refused - counts.duplicates;
	return counts;
}

const char *
pt_import_first_problem(const PtImport *import)
{
	return import->first_problem;
}

int64
pt_import_offset(const PtImport *import)
{
	return import->offset;
}

/* One number of the saved state. */
static void
save_number(JsonbParseState **state, const char *key, int64 value)
{
	JsonbValue	v = {.type = jbvString,.val.string = {strlen(key), (char *) key}};

	pushJsonbValue(state, WJB_KEY, &v);
	v.type = jbvNumeric;
	v.val.numeric = int64_to_numeric(value);
	pushJsonbValue(state, WJB_VALUE, &v);
}

/* One text of the saved state. */
static void
save_text(JsonbParseState **state, JsonbIteratorToken token, const char *value)
{
	JsonbValue	v = {.type = jbvString,.val.string = {strlen(value), (char *) value}};

	pushJsonbValue(state, token, &v);
}

void
pt_import_save(const PtImport *import, JsonbParseState **state)
{
	PtImportCounts counts = pt_import_counts(import);

	save_number(state, "version", import->version);
	save_number(state, "offset", import->offset);
	save_number(state, "line", import->next_line);
	save_number(state, "lines", counts.lines);
	save_number(state, "refused", counts.refused);
	save_number(state, "normalised", counts.normalised);
	save_number(state, "duplicates", counts.duplicates);
	if (import->first_problem != NULL)
	{
		save_text(state, WJB_KEY, "first_problem");
		save_text(state, WJB_VALUE, import->first_problem);
	}
	if (import->names == NULL)
		return;
	save_text(state, WJB_KEY, "names");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < import->names->n; i++)
		save_text(state, WJB_ELEM, import->names->names[i]);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* Takes the names of the columns from the saved state, where they are known. */
static void
resume_names(PtImport *import, const Jsonb *saved)
{
	JsonbValue	found;
	const char **names;
	uint32		n;

	if (getKeyJsonValueFromContainer((JsonbContainer *) &saved->root, "names", strlen("names"), &found) == NULL)
		return;
	n = JsonContainerSize(found.val.binary.data);
	names = palloc((n + 1) * sizeof(char *));
	for (uint32 i = 0; i < n; i++)
	{
		JsonbValue *name = getIthJsonbValueFromContainer(found.val.binary.data, i);

		names[i] = pnstrdup(name->val.string.val, name->val.string.len);
	}
	import->names = pt_variable_names(names, n, NULL);
	import->cells = palloc0((n + 1) * sizeof(PtVariableText));
}

PtImport *
pt_import_resume(int64 account_id, int64 job_id, const char *region, const Jsonb *saved)
{
	int64		version = pt_job_int(saved, "version", 0);
	PtImport   *import = import_into(account_id, job_id, region, version == 0 ? pt_version_new() : version, false);

	import->offset = pt_job_int(saved, "offset", 0);
	import->next_line = pt_job_int(saved, "line", 1);
	import->counts.lines = pt_job_int(saved, "lines", 0);
	import->counts.refused = pt_job_int(saved, "refused", 0);
	import->counts.normalised = pt_job_int(saved, "normalised", 0);
	import->duplicates_before = pt_job_int(saved, "duplicates", 0);
	import->kept_refused = Min(import->counts.refused, PT_PROBLEMS);
	import->kept_normalised = Min(import->counts.normalised, PT_PROBLEMS);
	import->first_problem = pt_job_text(saved, "first_problem");
	resume_names(import, saved);
	pt_csv_resume(import->csv, import->next_line, import->offset);
	return import;
}

bool
pt_import_text(int64 account_id, int64 job_id, const text *csv, const char *region, int64 *version,
			   PtImportCounts *counts, const char **first_problem)
{
	PtImport   *import = pt_import_new(account_id, job_id, region, true);
	int			len = VARSIZE_ANY_EXHDR(csv);
	char	   *utf8 = pg_server_to_any(VARDATA_ANY(csv), len, PG_UTF8);

	(void) pt_import_feed(import, utf8, utf8 == VARDATA_ANY(csv) ? len : strlen(utf8));
	pt_import_end(import);
	*version = import->version;
	*counts = pt_import_counts(import);
	*first_problem = pt_import_first_problem(import);
	return pt_import_has_header(import);
}
