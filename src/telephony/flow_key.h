/*
 * flow_key.h
 *	  The keys of a flow's objects: one table for the reader and the writer.
 *
 * Core: no PostgreSQL header.
 */
#ifndef PORTATEXT_FLOW_KEY_H
#define PORTATEXT_FLOW_KEY_H

#include "telephony/flow.h"

typedef enum PtFlowValue
{
	PT_VALUE_INT,				/* an int of PtStep; 0: not there */
	PT_VALUE_ID,				/* an int64_t; 0: not there */
	PT_VALUE_TEXT,				/* a const char *: to be said */
	PT_VALUE_LANGUAGE,
	PT_VALUE_DESTINATION,
	PT_VALUE_CALLER,
	PT_VALUE_TRUE,				/* a bool */
	PT_VALUE_FLOW				/* a sub-flow; offset is its PtFlowPart */
} PtFlowValue;

typedef struct PtFlowKey
{
	PtStepKind	kind;
	const char *name;
	PtFlowValue value;
	bool		required;
	bool		alias;			/* is read, but not written: another spelling of the key above */
	size_t		offset;			/* in PtStep */
	int			min;			/* of numbers; of texts: bytes */
	int			max;
	int			standard;		/* of numbers: when it is not there */
} PtFlowKey;

extern const PtFlowKey pt_flow_keys[];
extern const int pt_flow_n_keys;

#endif							/* PORTATEXT_FLOW_KEY_H */
