/*
 * carrier.h
 *	  The one struct behind which every carrier adapter stands.
 *
 * Adapters hold no PostgreSQL state and raise no errors: they turn a part of a
 * message into a request and an answer into a class.  One small file each.
 */
#ifndef PORTATEXT_CARRIER_H
#define PORTATEXT_CARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/gsm.h"
#include "worker/http.h"

/* In the order of the enum portatext.answer_class. */
typedef enum PtAnswerClass
{
	PT_ANSWER_ACCEPTED,
	PT_ANSWER_THROTTLED,
	PT_ANSWER_TEMPORARY,
	PT_ANSWER_UNCLEAR,
	PT_ANSWER_BAD_NUMBER,
	PT_ANSWER_OPTED_OUT,
	PT_ANSWER_FILTERED,
	PT_ANSWER_ACCOUNT,
	PT_ANSWER_REFUSED
} PtAnswerClass;

typedef struct PtAnswer
{
	PtAnswerClass class;
	char		code[32];		/* the carrier's code, looked up in answer_rule */
	char		text[160];		/* short, without secrets */
	char		ref[128];		/* the carrier's id, empty if none */
	long		retry_after;	/* seconds, -1 */

	/*
	 * What a local adapter says will follow an accepted message; the
	 * dispatcher has it applied.  Network adapters leave it empty.
	 */
	char		receipt_status[16]; /* delivered, undelivered, expired, rejected; empty: no receipt */
	char		receipt_code[32];	/* the network's error code, may be empty */
	long		receipt_delay_ms;	/* after the hand-over */
	bool		receipt_twice;	/* the network repeats it */
	char		reply[160];		/* a text from the recipient to the sender; empty: none */
} PtAnswer;

/* One part of one message, as an adapter sees it. */
typedef struct PtPartRequest
{
	const char *message_id;		/* 36 characters */
	const char *from;
	const char *to;
	const char *body;			/* the whole text, UTF-8 */
	size_t		body_len;
	const PtAnalysis *how;		/* of the whole body, with the carrier's text_options */
	int			part;			/* from 1; adapters that do not split see 1 of 1 */
	int			parts;
	const char *part_text;		/* this part's stretch of body */
	size_t		part_len;
	uint16_t	reference;		/* of the concatenated message */
	bool		bulk;
	long		validity_s;		/* seconds left, -1: none */
} PtPartRequest;

typedef struct PtCarrier PtCarrier;

/* A code that an adapter reports, and what it means unless the operator says otherwise. */
typedef struct PtAdapterRule
{
	const char *code;
	PtAnswerClass class;
	const char *note;			/* a sentence for portatext.shipped_answer_rule */
} PtAdapterRule;

typedef struct PtAdapter
{
	const char *name;
	bool		splits;			/* wants a request for each part */
	bool		local;			/* answers without the network: answer_local */
	/* Reads settings (key/value pairs) into carrier->state; false: problem says why. */
	bool		(*configure) (PtCarrier *carrier, char *problem, size_t size);
	void		(*release) (PtCarrier *carrier);
	/* Fills request; its strings live in the carrier's buffer until the next call. */
	bool		(*build) (PtCarrier *carrier, const PtPartRequest *part, PtHttpRequest *request);
	void		(*classify) (PtCarrier *carrier, const PtHttpResult *result, PtAnswer *answer);
	void		(*answer_local) (PtCarrier *carrier, const PtPartRequest *part, PtAnswer *answer);
	/*
	 * What became of a message whose receipt did not come, for adapters that can
	 * tell at once; NULL otherwise.  false: no receipt was due.
	 */
	bool		(*ask_local) (const char *to, const char **status, const char **code);
	const PtAdapterRule *rules; /* ends with a NULL code */
} PtAdapter;

typedef struct PtSetting
{
	char	   *key;
	char	   *value;
} PtSetting;

/* What an operator says a code means; wins over the adapter's own rules. */
typedef struct PtAnswerRule
{
	char		code[32];
	PtAnswerClass class;
} PtAnswerRule;

struct PtCarrier
{
	int32_t		carrier_id;
	char		name[64];
	const PtAdapter *adapter;
	bool		active;			/* enabled and not stopped, when it was loaded */
	int			n_settings;
	PtSetting  *settings;		/* settings, and username, password, receipt_secret */
	double		segments_per_second;	/* 0: no limit */
	double		sender_segments_per_second;
	int			max_in_flight;
	int			max_attempts;
	long		timeout_ms;
	bool		idempotent;
	PtTextOptions text_options;
	int			n_rules;		/* the carrier's before the adapter's */
	PtAnswerRule *rules;
	void	   *state;			/* the adapter's own, malloc'ed */
};

extern const PtAdapter *pt_adapter_find(const char *name);	/* NULL: no such adapter */
extern const PtAdapter *pt_adapter_at(int i);	/* all of them, from 0; NULL after the last */
extern const char *pt_carrier_setting(const PtCarrier *carrier, const char *key);	/* NULL: not set */

/*
 * What callers use: the adapter's classify or answer_local, then the operator's
 * rules.  They fill every field of answer.
 */
extern void pt_carrier_classify(PtCarrier *carrier, const PtHttpResult *result, PtAnswer *answer);
extern void pt_carrier_answer_local(PtCarrier *carrier, const PtPartRequest *part, PtAnswer *answer);

/* "throttled" etc.: the labels of portatext.answer_class. */
extern const char *pt_answer_class_name(PtAnswerClass class);
extern bool pt_answer_class_find(const char *name, PtAnswerClass *class);

/*
 * For adapters.  pt_answer_begin empties the answer; pt_answer_set gives it a
 * code, and the class that the adapter's rules have for it (fallback when they
 * have none); pt_answer_say keeps what the peer said, one line of it, unless a
 * secret of the carrier is in it.
 */
extern void pt_answer_begin(PtAnswer *answer);
extern void pt_answer_set(const PtCarrier *carrier, PtAnswer *answer, const char *code, PtAnswerClass fallback);
extern void pt_answer_say(const PtCarrier *carrier, PtAnswer *answer, const char *text);

/* NULL, or the first setting that is not in the NULL-terminated list known. */
extern const char *pt_carrier_unknown_setting(const PtCarrier *carrier, const char *const *known);

extern const PtAdapter pt_adapter_loopback;
extern const PtAdapter pt_adapter_kannel;
extern const PtAdapter pt_adapter_http;

#endif							/* PORTATEXT_CARRIER_H */
