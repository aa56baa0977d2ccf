/*
 * http_receipt.h
 *	  What carriers of the templated adapter call back with: who signed it, and
 *	  what it says.
 */
#ifndef PORTATEXT_HTTP_RECEIPT_H
#define PORTATEXT_HTTP_RECEIPT_H

#include "carrier/carrier.h"
#include "carrier/json.h"
#include "carrier/signed.h"
#include "worker/receiver_parse.h"

/* Do the carrier's settings say what receipts look like?  Else they are read as everybody's. */
extern bool pt_call_mapped(const PtCarrier *carrier);

/* The same for inbound messages: http_inbound.c. */
extern bool pt_call_reads_messages(const PtCarrier *carrier);

/* Are its callbacks signed, rather than carrying the receipt secret? */
extern bool pt_call_signed(const PtCarrier *carrier);

/* Who signed the callback? */
extern PtCallTrust pt_call_trust(const PtCarrier *carrier, const PtCall *call);

/*
 * Hands over each receipt in the callback (an object, or an array of them); one
 * whose status is not in receipt_statuses says nothing and is left out.  False:
 * it is malformed (problem says why), or done has answered false.
 */
extern bool pt_call_receipts(const PtCarrier *carrier, const PtJson *data, PtFieldsDone done, void *context,
							 const char **problem);

/*
 * Is the callback an inbound message rather than a receipt: by its event where
 * the settings name one, else by its address (inbound: /inbound/)?
 */
extern bool pt_call_is_message(const PtCarrier *carrier, const PtJson *data, bool inbound);

/*
 * Hands over the inbound message (an object, or an array of one), unless it is of
 * a type that the settings leave out.  False: as for receipts.
 */
extern bool pt_call_message(const PtCarrier *carrier, const PtJson *data, PtFieldsDone done, void *context,
							const char **problem);

#endif							/* PORTATEXT_HTTP_RECEIPT_H */
