/*
 * request_internal.h
 *	  For this room alone: the request, to be filled in.
 */
#ifndef PORTATEXT_REQUEST_INTERNAL_H
#define PORTATEXT_REQUEST_INTERNAL_H

#include "access/request.h"

/* An empty request, which holds until the transaction ends. */
extern PtRequest *pt_request_begin(void);

/* The same once more, to be changed; NULL: there is none. */
extern PtRequest *pt_request_current(void);

#endif							/* PORTATEXT_REQUEST_INTERNAL_H */
