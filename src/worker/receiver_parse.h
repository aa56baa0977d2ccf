/*
 * receiver_parse.h
 *	  Reads what carriers call back with: query strings, forms, JSON, and the
 *	  words and codes in them.
 *
 * Part of the core: no PostgreSQL header, no allocation; texts are decoded in
 * place.  What comes in is hostile until proven otherwise.
 */
#ifndef PORTATEXT_RECEIVER_PARSE_H
#define PORTATEXT_RECEIVER_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#define PT_UUID_CHARS 36
#define PT_RECEIPT_CODE_SIZE 33 /* longest code kept, with its NUL */
#define PT_RECEIPT_REF_MAX 255	/* octets of a carrier's reference */
#define PT_RECEIPT_PART_MAX 255
#define PT_INBOUND_NUMBER_MAX 64	/* octets of a number as carriers write it */

/* The fields of one callback; NULL where it has none. */
typedef struct PtFields
{
	const char *id;				/* our message id */
	const char *ref;			/* the carrier's reference */
	const char *part;
	const char *status;			/* a word */
	const char *code;
	const char *type;			/* Kannel's bit mask, %d */
	const char *answer;			/* the centre's answer, %A */
	const char *from;
	const char *to;
	const char *text;
	const char *reference;		/* of a message in parts, the same for all of them */
	const char *parts;			/* how many */
	const char *udh;			/* of a raw part: user data header, hexadecimal */
	const char *coding;			/* 0 GSM, 1 octets, 2 UCS-2 */
	const char *data;			/* the octets, hexadecimal */
} PtFields;

/* Reads key=value&... (application/x-www-form-urlencoded), destroying text. */
extern void pt_form_read(char *text, PtFields *fields);

/*
 * Reads one JSON object (RFC 8259) or an array of them, destroying text, and
 * calls done for each, until it answers false.  Returns false when text is no
 * such JSON or done has answered false.
 */
typedef bool (*PtFieldsDone) (void *context, const PtFields *fields);
extern bool pt_json_read(char *text, size_t len, PtFieldsDone done, void *context);

/* A delivery receipt; strings point into the callback's text, or are constant. */
typedef struct PtReceipt
{
	const char *id;				/* 36 characters, or NULL: ref counts */
	const char *ref;
	int			part;			/* 0: the whole message */
	const char *status;			/* as apply_receipts() takes it; NULL: says nothing new */
	char		code[PT_RECEIPT_CODE_SIZE]; /* empty: none */
} PtReceipt;

/* Makes a receipt of the fields; false: problem says what is wrong with them. */
extern bool pt_receipt_read(const PtFields *fields, PtReceipt *receipt, const char **problem);

/* Are the fields an inbound message (text may be missing or empty)? */
extern bool pt_inbound_check(const PtFields *fields, const char **problem);

/* apply_receipts()'s word for a carrier's (any case, SMPP's too); NULL: unknown. */
extern const char *pt_receipt_status(const char *word);

/* The same for Kannel's bit mask and the centre's answer; NULL: nothing final or new. */
extern const char *pt_kannel_status(int type, const char *answer);

/* The code in the centre's answer: of NACK/<code>/..., or <stat>/<err> of a receipt's text. */
extern void pt_kannel_code(const char *answer, char *code, size_t size);

/* Has text the form of a UUID (RFC 9562, section 4)? */
extern bool pt_uuid_form(const char *text);

/* Is the NUL-terminated text well-formed UTF-8? */
extern bool pt_utf8_valid(const char *text);

/*
 * Reads an Authorization header: the secret (and name, empty for Bearer) go to
 * the buffers of size octets.  False: neither Basic (RFC 7617) nor Bearer (RFC
 * 6750), or too long.
 */
extern bool pt_authorization_read(const char *header, char *name, char *secret, size_t size);

/* Compares in a time that depends on the length of given alone. */
extern bool pt_secret_equal(const char *given, const char *expected);

#endif							/* PORTATEXT_RECEIVER_PARSE_H */
