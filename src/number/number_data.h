/*
 * number_data.h
 *	  Layout of the generated tables: the numbering plan, time zones and
 *	  operators, each an automaton over digits (src/number/README.md).
 */
#ifndef PORTATEXT_NUMBER_DATA_H
#define PORTATEXT_NUMBER_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct PtCountryCode
{
	uint16_t	code;			/* 1 to 999 */
	uint16_t	start;			/* first state for the national digits */
	uint16_t	region;			/* main region, index into pt_region_names */
	uint16_t	lengths;		/* bit n: n national digits are possible */
	uint16_t	local_lengths;	/* bit n: ... without the area code */

	/*
	 * Bit d: a national part beginning with digit d may hold a national
	 * prefix that libphonenumber removes; among all numbers, and among those
	 * that are assigned.
	 */
	uint16_t	prefix_digits;
	uint16_t	assigned_prefix_digits;
} PtCountryCode;

/* Numbering plan: a state's value is region index * 16 + PtLineType. */
extern const char pt_region_names[][3];	/* [0] is no region */
extern const unsigned pt_region_count;
extern const uint8_t pt_code_index[1000];	/* country code -> pt_codes, 0 none */
extern const PtCountryCode pt_codes[];
extern const uint16_t pt_plan_next[][10];
extern const uint16_t pt_plan_value[];

/* Time zones: a state's value is an offset in pt_zone_lists: count, names. */
extern const uint16_t pt_zone_start;
extern const char *const pt_zone_names[];
extern const uint16_t pt_zone_lists[];
extern const uint16_t pt_zone_next[][10];
extern const uint16_t pt_zone_value[];

/* Operators: a state's value is an index into pt_operator_names (UTF-8). */
extern const uint16_t pt_operator_start;
extern const char *const pt_operator_names[];
extern const uint16_t pt_operator_next[][10];
extern const uint16_t pt_operator_value[];

/* plan.c: the entry of a canonical number's country code, or NULL. */
extern const PtCountryCode *pt_country_code(const char *e164, size_t len,
											size_t *national);

#endif							/* PORTATEXT_NUMBER_DATA_H */
