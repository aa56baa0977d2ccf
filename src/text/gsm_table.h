/*
 * gsm_table.h
 *	  The alphabets of 3GPP TS 23.038: default and extension table (6.2.1) and
 *	  the national language tables (annex A); part of the core.
 */
#ifndef PORTATEXT_GSM_TABLE_H
#define PORTATEXT_GSM_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#define PT_GSM_ESCAPE 0x1B
#define PT_ALPHABET_SLOTS 512	/* twice the characters of two tables */

/* A pair of tables and, to find a character's code, a hash over both. */
typedef struct PtAlphabet
{
	uint16_t	main[128];		/* code points by code; 0 = no character */
	uint16_t	shift[128];		/* the same after the escape */
	uint16_t	slots[PT_ALPHABET_SLOTS];	/* see gsm_table.c */
} PtAlphabet;

/* The languages' English names by number; [0] is the default. */
extern const char *const pt_gsm_languages[];

/* Whether the language has such a table; 0, the default, always has. */
extern bool pt_gsm_has_single_shift(int language);
extern bool pt_gsm_has_locking_shift(int language);

/* Puts an alphabet together from existing tables. */
extern void pt_alphabet_init(PtAlphabet *alphabet, int single_shift, int locking_shift);

/*
 * The code of a character: 0 to 127 in the main table, PT_GSM_ESCAPE * 256 +
 * code after the escape, -1 when it is in neither.
 */
extern int	pt_alphabet_code(const PtAlphabet *alphabet, uint32_t code_point);

#endif							/* PORTATEXT_GSM_TABLE_H */
