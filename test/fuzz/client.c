/*
 * client.c
 *	  Fuzzer of what a REST client says of itself: an address is read as itself
 *	  again, and credentials end where their text does.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "access/client.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the fuzzer at a broken promise. */
static void
must(int holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *header = malloc(size + 1);
	char	   *buffer;
	PtAddress	address;
	PtAddress	again;
	const char *user;
	const char *password;

	memcpy(header, data, size);
	header[size] = '\0';
	if (pt_read_client_address(header, &address))
		must(pt_read_client_address(address.text, &again) && memcmp(&address, &again, sizeof(again)) == 0);
	buffer = malloc(strlen(header));
	if (pt_read_basic(header, buffer, &user, &password))
		must(user == buffer && password == buffer + strlen(user) + 1 &&
			 (strlen(user) + strlen(password) + 1) * 4 <= strlen(header) * 3);
	free(buffer);
	free(header);
	return 0;
}
