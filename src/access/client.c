/*
 * client.c
 *	  Reads a client's address and its basic credentials.  No PostgreSQL header.
 */
#include "access/client.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* The last member of a list, without blanks; false: it is empty or too long to be an address. */
static bool
last_member(const char *list, char *member)
{
	const char *comma = strrchr(list, ',');
	const char *start = comma != NULL ? comma + 1 : list;
	size_t		len;

	start += strspn(start, " \t");
	len = strcspn(start, " \t");
	if (len == 0 || len >= PT_ADDRESS_LEN || start[len + strspn(start + len, " \t")] != '\0')
		return false;
	memcpy(member, start, len);
	member[len] = '\0';
	return true;
}

bool
pt_read_client_address(const char *header, PtAddress *address)
{
	static const uint8_t mapped[12] = {[10] = 0xff,[11] = 0xff};
	char		member[PT_ADDRESS_LEN];
	uint8_t    *bytes = address->network;

	memset(address, 0, sizeof(*address));
	if (!last_member(header, member))
		return false;
	if (inet_pton(AF_INET, member, bytes + 12) == 1)
		memcpy(bytes, mapped, sizeof(mapped));
	else if (inet_pton(AF_INET6, member, bytes) != 1)
	{
		memset(address, 0, sizeof(*address));
		return false;
	}
	if (memcmp(bytes, mapped, sizeof(mapped)) == 0)
		return inet_ntop(AF_INET, bytes + 12, address->text, PT_ADDRESS_LEN) != NULL;
	inet_ntop(AF_INET6, bytes, address->text, PT_ADDRESS_LEN);
	memset(bytes + 8, 0, 8);
	return true;
}

/* The value of a base64 digit (RFC 4648, 4); -1: it is none. */
static int
digit_value(char digit)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = digit == '\0' ? NULL : strchr(digits, digit);

	return found == NULL ? -1 : (int) (found - digits);
}

/* Decodes base64 with its padding; the number of bytes, or -1. */
static int
decode(const char *text, char *to)
{
	size_t		len = strlen(text);
	uint32_t	bits = 0;
	int			n = 0;
	int			pad = 0;

	if (len % 4 != 0)
		return -1;
	while (pad < 2 && len > 0 && text[len - 1] == '=')
	{
		len--;
		pad++;
	}
	for (size_t i = 0; i < len; i++)
	{
		int			value = digit_value(text[i]);

		if (value < 0)
			return -1;
		bits = bits << 6 | (uint32_t) value;
		if (i % 4 != 0)
			to[n++] = (char) (bits >> (6 - 2 * (i % 4)));
	}
	return n;
}

bool
pt_read_basic(const char *header, char *buffer, const char **user, const char **password)
{
	char	   *colon;
	int			n;

	if (strncasecmp(header, "basic ", 6) != 0)
		return false;
	header += 6;
	header += strspn(header, " ");
	n = decode(header, buffer);
	if (n < 0)
		return false;
	buffer[n] = '\0';
	colon = strchr(buffer, ':');
	if (strlen(buffer) != (size_t) n || colon == NULL)
		return false;
	*colon = '\0';
	*user = buffer;
	*password = colon + 1;
	return true;
}
