/*
 * amd.h
 *	  Settings of answering machine detection (TEL-06).
 */
#ifndef PORTATEXT_AMD_H
#define PORTATEXT_AMD_H

#include "portatext.h"

#include "telephony/engine.h"

/* An account's settings, or the defaults; cached until the table changes.  Needs no SPI around it. */
extern void pt_amd_settings(int64 account_id, PtAmd *amd);

#endif							/* PORTATEXT_AMD_H */
