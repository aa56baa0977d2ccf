/*
 * parts.h
 *	  Messages that come in parts, joined (3GPP TS 23.040, 9.2.3.24.1).
 *
 * Part of the core: no PostgreSQL header, no allocation.
 */
#ifndef PORTATEXT_PARTS_H
#define PORTATEXT_PARTS_H

#include <stddef.h>

#define PT_WIDE_REFERENCE 0x10000	/* added to references of 16 bits, which are other messages' */

typedef enum PtCoding
{
	PT_CODING_GSM,				/* septets, one per octet (3GPP TS 23.038, 6.2.1) */
	PT_CODING_OCTETS,			/* 8 bit: UTF-8, else ISO 8859-1 */
	PT_CODING_UCS2,				/* UTF-16BE */
	PT_CODING_TEXT				/* UTF-8 */
} PtCoding;

/* One part that has come in. */
typedef struct PtInPart
{
	int			number;			/* from 1 */
	PtCoding	coding;
	int			single_shift;	/* national tables of this part, 0: default */
	int			locking_shift;
	size_t		len;			/* octets */
} PtInPart;

/* Octets of room that pt_parts_join needs for so many octets in n parts. */
extern size_t pt_parts_room(size_t octets, int n);

/*
 * Joins n parts in ascending order of number, of total, to UTF-8 (no NUL in it);
 * data holds their octets one after the other.  Neighbours of one coding are
 * decoded together, so that a pair of surrogates or an escape may be cut between
 * them.  U+2026 stands for each gap.  Returns the octets written, or -1 when
 * there is no room.
 */
extern int	pt_parts_join(const PtInPart *parts, int n, int total, const unsigned char *data,
						  char *out, size_t room);

#endif							/* PORTATEXT_PARTS_H */
