/*
 * campaign_setting.h
 *	  Settings of telephony campaigns (TEL-02, PACE-02) as a JSON object.
 */
#ifndef PORTATEXT_CAMPAIGN_SETTING_H
#define PORTATEXT_CAMPAIGN_SETTING_H

#include "portatext.h"

#include "utils/jsonb.h"

/* Raises 22023 for a setting that there is not, or that is out of its range.  Inside SPI, as the keeper. */
extern void pt_call_settings_check(Jsonb *settings);

/* Writes them, once checked; those that are not named stay as they are.  Inside SPI, as the keeper. */
extern void pt_call_settings_store(int64 campaign_id, Jsonb *settings);

#endif							/* PORTATEXT_CAMPAIGN_SETTING_H */
