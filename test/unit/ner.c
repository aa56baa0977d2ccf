/*
 * ner.c
 *	  The network effectiveness ratio: exact at its threshold, with a minimum sample
 *	  (NER-01, NER-05, NER-07).
 */
#include "tap.h"

#include "telephony/ner.h"

#define EIGHTY (PT_NER_UNIT / 100 * 80)

int
main(void)
{
	int64_t		wrong = 0;
	int64_t		big = INT64_C(9000000000000000000);

	ok(!pt_ner_stops(100, 19, EIGHTY, 20), "NER-05: 19 of 100 failed: 81 %% goes on");
	ok(pt_ner_stops(100, 21, EIGHTY, 20), "NER-01: 21 of 100 failed: 79 %% stops");
	ok(!pt_ner_stops(100, 20, EIGHTY, 20), "NER-05: exactly 80 %% goes on");
	ok(!pt_ner_stops(0, 0, EIGHTY, 0), "without calls it goes on");
	ok(!pt_ner_stops(19, 19, EIGHTY, 20) && pt_ner_stops(20, 20, EIGHTY, 20), "NER-07: 19 calls are no sample of 20, 20 are");
	ok(pt_ner_stops(1, 1, EIGHTY, 1), "NER-07: a sample of 1 stops at the first bad call");
	for (int64_t issued = 1; issued <= 2000; issued++)
		for (int64_t failed = 0; failed <= issued; failed++)
			wrong += pt_ner_stops(issued, failed, EIGHTY, 1) != (failed * 5 > issued);
	ok(wrong == 0, "for all calls up to 2000 it stops if and only if more than a fifth has failed");
	ok(!pt_ner_stops(big, big / 5, EIGHTY, 1) && pt_ner_stops(big, big / 5 + 1, EIGHTY, 1),
	   "one call decides among %lld", (long long) big);
	ok(!pt_ner_stops(3, 1, 666666666, 1) && pt_ner_stops(3, 1, 666666667, 1), "thresholds of nine digits are exact");
	ok(!pt_ner_stops(50, 50, 0, 1) && pt_ner_stops(50, 1, PT_NER_UNIT, 1), "0 never stops, 1 stops at the first failure");
	return tap_done();
}
