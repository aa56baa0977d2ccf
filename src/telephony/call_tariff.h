/*
 * call_tariff.h
 *	  Credits for calls by destination.
 */
#ifndef PORTATEXT_CALL_TARIFF_H
#define PORTATEXT_CALL_TARIFF_H

#include "postgres.h"

#include "number/number.h"

/*
 * The tariff (kind call) in force for a destination: credits for an answered call and
 * for each minute begun of a leg.  e164: +digits; 44... without + is no destination.  The longest prefix wins,
 * and of equal ones the account's own.  The amounts (numeric) stay valid for the
 * transaction.  False: there is none.  call_tariff.c; needs no SPI around it.
 */
extern bool pt_call_tariff_for(int64 account_id, const char *e164, Datum *per_call, Datum *per_minute);

/*
 * The telephone number that a leg B dials: of +digits itself, of a sip: or sips: URI whose user is one.  False: an
 * extension, an address or a text with variables, which have no tariff.
 */
extern bool pt_call_number_of(const char *destination, char number[PT_E164_SIZE]);

#endif							/* PORTATEXT_CALL_TARIFF_H */
