/*
 * service.h
 *	  SMS services as the C code sees them: cached, with the texts they answer with.
 */
#ifndef PORTATEXT_SERVICE_H
#define PORTATEXT_SERVICE_H

#include "portatext.h"

#include "sms/kind.h"
#include "sms/service_hook.h"

typedef enum PtServiceState
{
	PT_SERVICE_APPROVED,		/* not yet active */
	PT_SERVICE_ACTIVE,
	PT_SERVICE_SUSPENDED
} PtServiceState;

typedef enum PtFrequencyRule
{
	PT_FREQUENCY_COUNT,
	PT_FREQUENCY_WARN,
	PT_FREQUENCY_BLOCK
} PtFrequencyRule;

/* A service that has its short code; requested, rejected and closed ones are not loaded. */
typedef struct PtService
{
	int64		service_id;
	int64		account_id;
	int64		short_code_id;
	const char *keyword;
	const char *code;			/* the short code's digits */
	const char *country;		/* the short code's */
	const char *const *countries;	/* served, NULL-terminated */
	int32		carrier_id;		/* -1: any; the routes say */
	PtServiceState state;
	bool		double_opt_in;
	bool		marketing;
	bool		line_breaks;
	int32		frequency;
	PtFrequencyRule frequency_rule;
	const char *tc_url;
	const char *phone;
	const char *language;
	const char *texts[PT_KINDS];	/* its own templates; NULL: the usual one */
} PtService;

/* All of them, sorted by code, country and keyword; good until the next call in another statement. */
extern const PtService *pt_services(int *count);

/* Their keywords, in the same order; after pt_services(). */
extern const char *const *pt_service_keywords(void);

/*
 * Those of an account with a keyword (any case), on whatever short codes, the
 * active ones first.  Returns how many.
 */
extern int	pt_services_named(int64 account_id, const char *keyword, size_t len, const PtService *const **list);

/* All of an account, by keyword. */
extern int	pt_services_of(int64 account_id, const PtService *const **list);

/* The first with that keyword; NULL: none.  Raises nothing. */
extern const PtService *pt_service_named(int64 account_id, const char *keyword, size_t len);

extern const PtService *pt_service_by_id(int64 service_id);

/* The account's service of the id that the name is; NULL: it is no such id. */
extern const PtService *pt_service_of_id(int64 account_id, const text *name);

/* The rendered automatic text of a kind, in the database's encoding. */
extern text *pt_service_text(const PtService *service, PtMessageKind kind);

/* Does the short code serve this number: one of its countries', not known to be a fixed line (SVC-11)? */
extern bool pt_service_serves(const PtService *service, const char *number);

/* May it send this kind of message in its state (LAW-09)?  Else the refusal says why. */
extern bool pt_service_may_send(const PtService *service, PtMessageKind kind, PtRefusal *refusal);

/* Must the text be reviewed before it is sent (LAW-07)? */
extern bool pt_service_reviews(text *body);

/* Registers the hooks; from _PG_init. */
extern void pt_service_init(void);

/* The hooks: sender.c, check.c, recheck.c, flow.c. */
extern bool pt_service_owns(int64 account_id, const char *sender, size_t len);
extern bool pt_service_choose(PtOrder *order, PtRefusal *refusal);
extern void pt_service_check(PtOrder *const *orders, PtRefusal *const *refusals, int n);
extern void pt_service_recheck(PtRecheck *messages, int n);
extern bool pt_service_stays(int64 service_id);
extern bool pt_service_inbound(const PtInbound *message, const pg_uuid_t *id);
extern bool pt_service_redo(const PtInbound *message, int64 account_id, const pg_uuid_t *id);

#endif							/* PORTATEXT_SERVICE_H */
