/*
 * ner.c
 *	  The network effectiveness ratio in whole numbers: products of two 64-bit numbers
 *	  have room in 128 bits, so that nothing is rounded before it is compared.
 */
#include "telephony/ner.h"

__extension__ typedef unsigned __int128 Wide;

bool
pt_ner_stops(int64_t issued, int64_t failed, int64_t min, int64_t sample)
{
	if (issued <= 0 || issued < sample)
		return false;
	return (Wide) (issued - failed) * PT_NER_UNIT < (Wide) min * (Wide) issued;
}
