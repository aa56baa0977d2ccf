/*
 * rest_request.h
 *	  A request on the SDKs' paths, as its handler gets it.
 */
#ifndef PORTATEXT_REST_REQUEST_H
#define PORTATEXT_REST_REQUEST_H

#include "portatext.h"

#include "api/rest_route.h"

#define PT_REST_PAGE_SIZE 50

/*
 * The handler's first argument, jsonb: operation (its number), call ("GET sms"), path
 * and query (objects of texts), body (null unless JSON), page (from 1).  Raises 22023
 * or 22P02 when something cannot be read.
 */
extern Datum pt_rest_request(const PtRestAsked *asked, const PtRestMatch *match, const char *body, size_t len);

#endif							/* PORTATEXT_REST_REQUEST_H */
