/*
 * signature.h
 *	  How carriers sign what they call back with.
 *
 * Part of the core: no PostgreSQL header; the arithmetic is OpenSSL's.  All
 * comparisons take a time that does not depend on the secret.
 */
#ifndef PORTATEXT_SIGNATURE_H
#define PORTATEXT_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#define PT_SIGNATURE_WINDOW 300L	/* seconds a signed time may be off */

typedef enum PtSignature
{
	PT_SIGNATURE_SECRET,		/* none: a secret in the Authorization header */
	PT_SIGNATURE_HMAC_SHA1,
	PT_SIGNATURE_HMAC_SHA256,
	PT_SIGNATURE_ED25519,
	PT_SIGNATURE_JWT_HS256
} PtSignature;

/* The scheme of this name in a carrier's settings; false: there is none. */
extern bool pt_signature_find(const char *name, PtSignature *scheme);

/* Can the key be one of the scheme's? */
extern bool pt_signature_key_valid(PtSignature scheme, const char *key);

/*
 * Is one of the signatures in given (base64 or hexadecimal, commas between) the
 * key's over data?  Not for JWT.
 */
extern bool pt_signature_valid(PtSignature scheme, const char *key, const char *data, size_t len, const char *given);

/*
 * Is token a JSON Web Token (RFC 7519) signed with HS256, issued within the window
 * around now, whose payload_hash is the SHA-256 of the body (hexadecimal)?
 */
extern bool pt_jwt_valid(const char *token, const char *key, const char *body, size_t len, long now);

/* Decodes base64 or base64url (RFC 4648) into at most size octets; -1: malformed or too long. */
extern int	pt_base64_decode(const char *in, size_t len, unsigned char *out, size_t size);

/* Writes len octets as base64, NUL-terminated; out has room for 4 * len / 3 + 5. */
extern void pt_base64_encode(const unsigned char *octets, size_t len, char *out);

#endif							/* PORTATEXT_SIGNATURE_H */
