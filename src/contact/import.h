/*
 * import.h
 *	  Reading a CSV file into a new version of a contact list (CSV-01 to CSV-08).
 */
#ifndef PORTATEXT_CONTACT_IMPORT_H
#define PORTATEXT_CONTACT_IMPORT_H

#include "portatext.h"

#include "utils/jsonb.h"

#include "job/job.h"

typedef struct PtImport PtImport;

typedef struct PtImportCounts
{
	int64		lines;			/* records behind the header */
	int64		refused;		/* of them; a bad header counts as one */
	int64		normalised;		/* numbers that were written in another way */
	int64		duplicates;		/* whose number comes again in a later line, which counts */
	int64		contacts;
} PtImportCounts;

/*
 * A new import in the current memory context, into a new version.  region: of
 * numbers without country code, or NULL.  trusted: the text is known to be valid
 * UTF-8.  job_id: under which problems are kept; 0: nowhere.  This and what
 * follows: inside SPI, as the keeper.
 */
extern PtImport *pt_import_new(int64 account_id, int64 job_id, const char *region, bool trusted);

/* Raises 22023 unless there is such a region; NULL is none. */
extern void pt_import_check_region(const char *region);

/* The next bytes of the file, UTF-8, cut anywhere.  false: the header is wrong, and nothing more is read. */
extern bool pt_import_feed(PtImport *import, const char *data, size_t len);
extern void pt_import_end(PtImport *import);	/* the end of the file */
extern void pt_import_flush(PtImport *import);	/* writes what is held in memory */

extern int64 pt_import_version(const PtImport *import);
extern bool pt_import_has_header(const PtImport *import);	/* it was read and is good */
extern PtImportCounts pt_import_counts(const PtImport *import);
extern const char *pt_import_first_problem(const PtImport *import); /* "line 3: ..."; NULL: none was refused */

/*
 * Where to go on after a flush: the offset of the first byte that was not used
 * and what else pt_import_resume needs, as the fields of a JSON object.
 */
extern int64 pt_import_offset(const PtImport *import);
extern void pt_import_save(const PtImport *import, JsonbParseState **state);
extern PtImport *pt_import_resume(int64 account_id, int64 job_id, const char *region, const Jsonb *saved);

/*
 * A whole file (text in the database's encoding) into a new version, as a
 * campaign's own contacts; false: its header is wrong.  first_problem: NULL or "line 3: ...".
 */
extern bool pt_import_text(int64 account_id, int64 job_id, const text *csv, const char *region,
						   int64 *version, PtImportCounts *counts, const char **first_problem);

/* Tells by a NOTICE that nothing was changed; what: "contacts". */
extern void pt_import_say_refused(const char *what, int64 job_id, const PtImportCounts *counts,
								  const char *first_problem);

/* Problems of lines, kept in import_problem: import_problem.c. */
#define PT_PROBLEMS 1000		/* kept of each kind */

typedef struct PtProblems PtProblems;

extern PtProblems *pt_problems_new(int64 account_id, int64 job_id);

/* given: what the line has in place of a number; number: what was made of it; either may be NULL. */
extern void pt_problems_add(PtProblems *problems, int64 line, const char *kind, const char *given, int given_len,
							const char *number, const char *problem);
extern void pt_problems_flush(PtProblems *problems);

/* What an import is for, and its end: import_end.c. */
typedef struct PtImportTarget
{
	int64		list_id;
	bool		skip_bad;		/* import the good lines */
	const char *region;
} PtImportTarget;

/* The list of that name or id, NULL: the own contacts.  Raises 42704, 42809 for a query. */
extern int64 pt_import_list(const text *list);

/*
 * Puts the new version in the place of the list's old one when all is good, else
 * retires it (CSV-06).  Sets the job's result, done and errors; returns whether the list was replaced.
 */
extern bool pt_import_finish(PtImport *import, const PtImportTarget *target, PtJob *job);

extern Jsonb *pt_import_arguments(const PtImportTarget *target);

#define PT_IMPORT_KIND "contact_import"

extern void pt_import_job_init(void);	/* import_job.c */

#endif							/* PORTATEXT_CONTACT_IMPORT_H */
