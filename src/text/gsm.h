/*
 * gsm.h
 *	  Counting, cutting, encoding and decoding of message texts: GSM 03.38
 *	  (3GPP TS 23.038) and the user data header (3GPP TS 23.040, 9.2.3.24).
 *
 * Part of the core: no PostgreSQL header, no allocation, no state.  The usual
 * order is pt_text_analyze, which decides how a text is sent, then, with its
 * result, pt_text_split and for each part pt_text_udh and pt_text_encode:
 *
 *		PtAnalysis	how;
 *		PtPart		parts[PT_MAX_PARTS];
 *		int			total;
 *
 *		if (!pt_text_analyze(text, len, NULL, &how)) ... not UTF-8
 *		total = pt_text_split(text, len, &how, parts);
 *		if (total < 0) ... too long to be sent
 *		for (int i = 0; i < total; i++)
 *		{
 *			header_len = pt_text_udh(&how, reference, total, i + 1, header);
 *			octets = pt_text_encode(text + parts[i].offset, parts[i].len, &how,
 *									out, sizeof(out));
 *		}
 */
#ifndef PORTATEXT_GSM_H
#define PORTATEXT_GSM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PT_MAX_PARTS 255		/* total and part are one octet each */
#define PT_MAX_LANGUAGE 13		/* national languages are 1 to 13 */
#define PT_PART_MAX_OCTETS 160	/* room that pt_text_encode needs for a part */
#define PT_UDH_MAX_OCTETS 13	/* 16-bit reference and both national tables */
#define PT_TEXT_MAX_BYTES 0x3FFFFFFF	/* longest text that can be counted */

typedef enum PtEncoding
{
	PT_GSM7,					/* units are septets */
	PT_UCS2						/* units are UTF-16 code units */
} PtEncoding;

/* What a carrier takes; all zero, or no options at all, is the usual service. */
typedef struct PtTextOptions
{
	bool		wide_reference; /* 16-bit reference in concatenated messages */
	int			single_shift;	/* national language it may use, 0 = none */
	int			locking_shift;	/* national language it may use, 0 = none */
} PtTextOptions;

/* How a text is sent. */
typedef struct PtAnalysis
{
	PtEncoding	encoding;
	int			units;			/* of the whole text */
	int			segments;		/* at least 1; may be above PT_MAX_PARTS */
	int			capacity;		/* units that fit in each segment */
	bool		wide_reference; /* as asked for */
	int			single_shift;	/* the national tables in use, 0 = default */
	int			locking_shift;
} PtAnalysis;

/* One part: a range of the UTF-8 text. */
typedef struct PtPart
{
	size_t		offset;			/* octets */
	size_t		len;			/* octets */
	int			units;
} PtPart;

/*
 * Decides the encoding and counts; options may be NULL.  false: the text is not
 * UTF-8, longer than PT_TEXT_MAX_BYTES, or the options name no existing table.
 */
extern bool pt_text_analyze(const char *utf8, size_t len, const PtTextOptions *options,
							PtAnalysis *result);

/*
 * Fills in the parts (room for how->segments, or PT_MAX_PARTS) of the text that
 * was analyzed; returns their number, or -1 when it needs more than 255.
 */
extern int	pt_text_split(const char *utf8, size_t len, const PtAnalysis *how,
						  PtPart *parts);

/*
 * Encodes a text or part: GSM-7 as unpacked septets, one per octet, UCS-2 as
 * big-endian UTF-16.  Returns the octets written, or -1 when there is no room
 * or a character is not in the alphabet of how.
 */
extern int	pt_text_encode(const char *utf8, size_t len, const PtAnalysis *how,
						   unsigned char *out, size_t room);

/*
 * The user data header with its length octet; part counts from 1.  Returns its
 * octets (at most PT_UDH_MAX_OCTETS), 0 when the message needs no header.
 */
extern int	pt_text_udh(const PtAnalysis *how, unsigned reference, int total, int part,
						unsigned char *out);

/*
 * Decodes received octets (of how only encoding and tables are read) to UTF-8;
 * what cannot be decoded becomes U+FFFD.  3 octets of room per septet or UTF-16
 * unit are enough.  Returns the octets written, or -1 when there is no room.
 */
extern int	pt_text_decode(const unsigned char *in, size_t len, const PtAnalysis *how,
						   char *out, size_t room);

/* What a received user data header says; zeros where it says nothing. */
typedef struct PtUdh
{
	int			octets;			/* of the header with its length octet */
	unsigned	reference;
	int			total;			/* parts; 1 when not concatenated */
	int			part;			/* from 1 */
	bool		wide_reference;
	int			single_shift;
	int			locking_shift;
} PtUdh;

/* Reads a user data header; false when it is malformed. */
extern bool pt_text_read_udh(const unsigned char *in, size_t len, PtUdh *udh);

#endif							/* PORTATEXT_GSM_H */
