/*
 * phonelib.cpp
 *	  The only C++ file: libphonenumber behind C functions.
 *
 * No exception leaves this file and no PostgreSQL function is called in it, so
 * that neither C++ destructors nor the server's error handling are jumped over.
 *
 * Linked with: -lphonenumber -lstdc++
 */
#include "number/phonelib.h"

#include <cstring>
#include <new>
#include <string>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <phonenumbers/phonenumberutil.h>
#pragma GCC diagnostic pop

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

/* The library's reason in our words. */
static PtNumberError
translate(PhoneNumberUtil::ErrorType error)
{
	switch (error)
	{
		case PhoneNumberUtil::NO_PARSING_ERROR:
			return PT_NUMBER_OK;
		case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
			return PT_NUMBER_UNKNOWN_COUNTRY;
		case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
		case PhoneNumberUtil::TOO_SHORT_NSN:
			return PT_NUMBER_TOO_SHORT;
		case PhoneNumberUtil::TOO_LONG_NSN:
			return PT_NUMBER_TOO_LONG;
		default:
			return PT_NUMBER_NOT_A_NUMBER;
	}
}

/* Parse and format; may throw. */
static PtNumberError
read_number(const std::string &input, const std::string &region, char *out)
{
	const PhoneNumberUtil *library = PhoneNumberUtil::GetInstance();
	PhoneNumber number;
	std::string e164;
	PtNumberError error = translate(library->Parse(input, region, &number));

	if (error != PT_NUMBER_OK)
		return error;
	library->Format(number, PhoneNumberUtil::E164, &e164);
	if (e164.size() >= PT_E164_SIZE)
		return PT_NUMBER_TOO_LONG;
	memcpy(out, e164.c_str(), e164.size() + 1);
	return PT_NUMBER_OK;
}

extern "C" PtNumberError
pt_phonelib_read(const char *input, size_t len, const char *region,
				 char out[PT_E164_SIZE])
{
	try
	{
		return read_number(std::string(input, len), region, out);
	}
	catch (const std::bad_alloc &)
	{
		return PT_NUMBER_NO_MEMORY;
	}
	catch (...)
	{
		return PT_NUMBER_NOT_A_NUMBER;
	}
}

/* An example of the region's mobile numbers; may throw. */
static bool
example_number(const char *region, char *out)
{
	const PhoneNumberUtil *library = PhoneNumberUtil::GetInstance();
	PhoneNumber number;
	std::string e164;

	if (!library->GetExampleNumberForType(region, PhoneNumberUtil::MOBILE, &number))
		return false;
	library->Format(number, PhoneNumberUtil::E164, &e164);
	if (e164.size() >= PT_E164_SIZE)
		return false;
	memcpy(out, e164.c_str(), e164.size() + 1);
	return true;
}

extern "C" bool
pt_number_example(const char *region, char out[PT_E164_SIZE])
{
	try
	{
		return example_number(region, out);
	}
	catch (...)
	{
		return false;
	}
}

extern "C" void
pt_phonelib_warm(void)
{
	static const char *const numbers[][2] = {
		{"(305) 570-2828", "US"}, {"020 7946 0018", "GB"}, {"030 123456", "DE"},
		{"099 123 456", "UY"}, {"+33 1 23 45 67 89", "ZZ"}, {"+91 98765 43210", "ZZ"},
		{"+55 11 91234-5678", "ZZ"}, {"+34 612 34 56 78", "ZZ"}
	};
	char		out[PT_E164_SIZE];

	for (const auto &number : numbers)
		(void) pt_phonelib_read(number[0], strlen(number[0]), number[1], out);
}
