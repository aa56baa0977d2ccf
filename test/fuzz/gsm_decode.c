/*
 * gsm_decode.c
 *	  Fuzzer of what comes in from networks: header and octets.  The first octet
 *	  chooses the encoding; the output must be UTF-8 and stay within its bound.
 */
#include <stdlib.h>

#include "text/gsm.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PtAnalysis	how = {.encoding = PT_GSM7};
	PtAnalysis	again;
	PtUdh		udh;
	char	   *out;
	int			len;

	if (size == 0 || !pt_text_read_udh(data + 1, size - 1, &udh))
		return 0;
	if (udh.part < 1 || udh.part > udh.total || (size_t) udh.octets > size - 1)
		abort();
	if ((data[0] & 1) != 0)
		how.encoding = PT_UCS2;
	how.single_shift = udh.single_shift;
	how.locking_shift = udh.locking_shift;
	data += 1 + udh.octets;
	size -= 1 + (size_t) udh.octets;
	out = malloc(size * 3 + 1);
	len = pt_text_decode(data, size, &how, out, size * 3);
	if (len < 0 || !pt_text_analyze(out, (size_t) len, NULL, &again))
		abort();
	free(out);
	return 0;
}
