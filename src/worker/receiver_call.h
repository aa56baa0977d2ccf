/*
 * receiver_call.h
 *	  Telephony engines' callbacks in the receiver's transactions.
 */
#ifndef PORTATEXT_RECEIVER_CALL_H
#define PORTATEXT_RECEIVER_CALL_H

#include "worker/receiver.h"

/* Hook of the listener: the engine of this name, NULL if there is none. */
extern const PtReceiverEngine *pt_receiver_engine(const char *name);

/* Reads the engines again if they have changed; between transactions. */
extern void pt_receiver_refresh_engines(void);

/* Stores a callback's events, or reads the sound that it asks for; in a transaction, inside SPI. */
extern void pt_receiver_store_call(PtCallback *callback);

#endif							/* PORTATEXT_RECEIVER_CALL_H */
