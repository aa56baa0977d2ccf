/*
 * ner.h
 *	  The network effectiveness ratio of a campaign (NER-01 to NER-07), exactly.
 *
 * Core: no PostgreSQL header.
 */
#ifndef PORTATEXT_NER_H
#define PORTATEXT_NER_H

#include <stdbool.h>
#include <stdint.h>

#define PT_NER_UNIT INT64_C(1000000000) /* a ratio of 1: ratios are counted in billionths */

/*
 * Must the campaign be stopped: are there at least sample calls (NER-07), and is the ratio
 * of those that have not failed below min (billionths)?  Exactly min goes on (NER-05).
 */
extern bool pt_ner_stops(int64_t issued, int64_t failed, int64_t min, int64_t sample);

#endif							/* PORTATEXT_NER_H */
