/*
 * client.h
 *	  What a REST client says of itself in headers.  No PostgreSQL header.
 */
#ifndef PORTATEXT_CLIENT_H
#define PORTATEXT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#define PT_ADDRESS_LEN 46

typedef struct PtAddress
{
	char		text[PT_ADDRESS_LEN];	/* canonical; IPv4 in IPv6 is IPv4 */
	uint8_t		network[16];	/* who counts as one client: an IPv4 address, or an IPv6 network of 64 bits */
} PtAddress;

/*
 * The address in a header that a proxy wrote: of a list with commas the last, which
 * is the nearest proxy's.  false: it is none, and *address is all zeros.
 */
extern bool pt_read_client_address(const char *header, PtAddress *address);

/*
 * Authorization: Basic (RFC 7617): user and password are left in the buffer, which
 * has room for strlen(header) bytes.  false: it is something else.
 */
extern bool pt_read_basic(const char *header, char *buffer, const char **user, const char **password);

#endif							/* PORTATEXT_CLIENT_H */
