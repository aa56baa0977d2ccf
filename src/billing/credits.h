/*
 * credits.h
 *	  Amounts of credits as whole millionths.
 *
 * In SQL credits are numeric; in memory they are counted in millionths, exactly:
 * an amount with more than six decimal places is refused, never rounded.
 */
#ifndef PORTATEXT_CREDITS_H
#define PORTATEXT_CREDITS_H

#include "postgres.h"

#define PT_MICRO_PER_CREDIT 1000000
#define PT_CREDIT_DECIMALS 6
#define PT_MICRO_MAX (INT64CONST(1000000000000) * PT_MICRO_PER_CREDIT)

/* Millionths of a numeric; raises 22003 when there is no exact value below 10^12. */
extern int64 pt_micro(Datum credits);

/* A palloc'd numeric. */
extern Datum pt_credits(int64 micro);

#endif							/* PORTATEXT_CREDITS_H */
