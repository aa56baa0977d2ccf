/*
 * flow_text.h
 *	  The automatic texts of a service (FLOW-01 to FLOW-05, FLOW-09, FLOW-10).
 *
 * Core: no PostgreSQL header.
 */
#ifndef PORTATEXT_FLOW_TEXT_H
#define PORTATEXT_FLOW_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "sms/kind.h"

#define PT_FLOW_TEXT_SIZE 4096	/* octets: room for the usual texts and most others */
#define PT_FLOW_TEMPLATE_MAX 1600	/* octets of a service's own text */

/* What the placeholders {keyword}, {tc_url}, {phone} and {service_type} stand for. */
typedef struct PtFlowData
{
	const char *keyword;
	const char *tc_url;
	const char *phone;
	bool		marketing;		/* else notification */
	bool		line_breaks;	/* keep the line feeds; else each is one blank */
} PtFlowData;

/* The usual text of a kind in a language (en, es); NULL: there is none. */
extern const char *pt_flow_template(PtMessageKind kind, const char *language);

/*
 * Renders a template; values are inserted literally.  The length without the
 * NUL; -1: it does not fit in size.
 */
extern int	pt_flow_render(const char *template, const char *language, const PtFlowData *data, char *out, size_t size);

/*
 * What a service's own text lacks of the parts that are mandatory for its kind
 * (stop word, help word, rates notice, the keyword itself): a sentence in
 * problem; true: nothing.
 */
extern bool pt_flow_template_check(const char *template, PtMessageKind kind, const char *language,
								   char *problem, size_t size);

#endif							/* PORTATEXT_FLOW_TEXT_H */
