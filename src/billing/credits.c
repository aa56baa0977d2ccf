/*
 * credits.c
 *	  Amounts of credits as whole millionths.
 */
#include "billing/credits.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "compat.h"

#define KEPT_SIZE 32

/* Refuses an amount that cannot be counted exactly. */
static void
refuse(Datum credits)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s is not an amount of credits",
					DatumGetCString(DirectFunctionCall1(numeric_out, credits))),
			 errdetail("Credits have at most six decimal places and stay below 1000000000000.")));
}

/* The conversion itself. */
static int64
convert(Datum credits)
{
	Numeric		number = DatumGetNumeric(credits);
	Datum		shifted;
	int64		micro;

	if (numeric_is_nan(number) || numeric_is_inf(number))
		refuse(credits);
	shifted = DirectFunctionCall2(numeric_mul, credits,
								  NumericGetDatum(int64_to_numeric(PT_MICRO_PER_CREDIT)));
	if (DatumGetBool(DirectFunctionCall2(numeric_ge, DirectFunctionCall1(numeric_abs, shifted),
										 NumericGetDatum(int64_to_numeric(PT_MICRO_MAX)))))
		refuse(credits);
	micro = DatumGetInt64(DirectFunctionCall1(numeric_int8, shifted));
	if (!DatumGetBool(DirectFunctionCall2(numeric_eq, shifted, NumericGetDatum(int64_to_numeric(micro)))))
		refuse(credits);
	return micro;
}

int64
pt_micro(Datum credits)
{
	static char kept[KEPT_SIZE];	/* the last short amount: bulk sends repeat it */
	static Size kept_size = 0;
	static int64 kept_micro;
	struct varlena *amount = PG_DETOAST_DATUM(credits);
	Size		size = VARSIZE(amount);

	if (size == kept_size && memcmp(amount, kept, size) == 0)
		return kept_micro;
	kept_size = 0;
	kept_micro = convert(PointerGetDatum(amount));
	if (size <= KEPT_SIZE)
	{
		memcpy(kept, amount, size);
		kept_size = size;
	}
	return kept_micro;
}

Datum
pt_credits(int64 micro)
{
	Datum		number = NumericGetDatum(int64_div_fast_to_numeric(micro, PT_CREDIT_DECIMALS));

	return DirectFunctionCall1(numeric_trim_scale, number);
}
