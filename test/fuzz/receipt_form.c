/*
 * receipt_form.c
 *	  Fuzzer of forms, receipts and Authorization headers; the first octet chooses.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "worker/receiver_parse.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a form says must be usable: a good receipt has a name and a clean code. */
static void
try_form(char *text)
{
	PtFields	fields = {0};
	PtReceipt	receipt;
	const char *problem;

	pt_form_read(text, &fields);
	if (pt_receipt_read(&fields, &receipt, &problem))
	{
		if (receipt.id == NULL && receipt.ref == NULL)
			abort();
		if (strlen(receipt.code) >= PT_RECEIPT_CODE_SIZE || !pt_utf8_valid(receipt.code))
			abort();
	}
	(void) pt_inbound_check(&fields, &problem);
}

/* Credentials must fit in their buffers. */
static void
try_header(const char *text)
{
	char		name[24];
	char		secret[24];

	if (pt_authorization_read(text, name, secret, sizeof(name)) &&
		(strlen(name) >= sizeof(name) || strlen(secret) >= sizeof(secret)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text;

	if (size == 0)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if ((data[0] & 1) != 0)
		try_header(text);
	else
		try_form(text);
	free(text);
	return 0;
}
