/*
 * receiver_message.h
 *	  Inbound messages as they come over HTTP: texts in some character set, parts
 *	  of messages, raw octets.
 *
 * Part of the core: no PostgreSQL header; memory is malloc's.
 */
#ifndef PORTATEXT_RECEIVER_MESSAGE_H
#define PORTATEXT_RECEIVER_MESSAGE_H

#include "worker/receiver_parse.h"

typedef enum PtCharset
{
	PT_CHARSET_GUESS,			/* UTF-8, else ISO 8859-1 */
	PT_CHARSET_LATIN1,			/* ISO 8859-1 */
	PT_CHARSET_WINDOWS,			/* windows-1252 */
	PT_CHARSET_UTF16,			/* UTF-16BE: raw octets of coding 2 */
	PT_CHARSET_OCTETS			/* no text: raw octets of coding 1 */
} PtCharset;

/* One message or part, for receive_sms(), receive_sms_part() or receive_sms_raw(). */
typedef struct PtMessage
{
	const char *from;
	const char *to;
	const char *ref;			/* NULL: none */
	const char *text;			/* UTF-8; NULL: raw */
	int			reference;
	int			part;			/* from 1 */
	int			parts;			/* 0 or 1: the whole message */
	int			coding;			/* of raw octets: 0 GSM, 1 octets, 2 UCS-2 */
	const unsigned char *data;	/* raw octets */
	size_t		len;
	const unsigned char *udh;	/* their user data header; NULL: none */
	size_t		udh_len;
	char	   *room;			/* where some of it lies; to be freed */
} PtMessage;

/*
 * Makes a message of a form's or JSON object's fields.  False: problem says what
 * is wrong with them; room may be set all the same.
 */
extern bool pt_message_read(const PtFields *fields, PtMessage *message, const char **problem);

/*
 * The same where octets are the text, or the data, and the fields the rest
 * (Kannel's post-url).
 */
extern bool pt_message_read_octets(const PtFields *fields, const char *octets, size_t len, PtCharset charset,
								   PtMessage *message, const char **problem);

/*
 * Kannel's X-Kannel-UDH in hexadecimal: it is percent-encoded (Kannel 1.4) or
 * already in hexadecimal.  NULL: it does not fit in size octets, or value is NULL.
 */
extern const char *pt_kannel_udh(const char *value, char *out, size_t size);

/* The character set that a Content-Type (RFC 9110, 8.3) names; NULL: none is named. */
extern PtCharset pt_charset_of(const char *content_type);

/* Does a form or a JSON text hold an escaped NUL?  No text of a database can. */
extern bool pt_form_has_nul(const char *form);
extern bool pt_json_has_nul(const char *json);

#endif							/* PORTATEXT_RECEIVER_MESSAGE_H */
