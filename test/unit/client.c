/*
 * client.c
 *	  A client's address and its basic credentials, as headers have them (API-02).
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "access/client.h"

/* Is this the address in the header?  NULL: none. */
static void
address_is(const char *header, const char *expected)
{
	PtAddress	address;
	bool		found = pt_read_client_address(header, &address);
	static const PtAddress nothing;

	if (expected == NULL)
		ok(!found && memcmp(&address, &nothing, sizeof(address)) == 0, "no address in \"%s\"", header);
	else
		ok(found && strcmp(address.text, expected) == 0, "\"%s\" is %s", header, expected);
}

static void
test_address(void)
{
	PtAddress	one;
	PtAddress	other;

	address_is("192.0.2.1", "192.0.2.1");
	address_is(" 192.0.2.1\t", "192.0.2.1");
	address_is("::ffff:192.0.2.1", "192.0.2.1");
	address_is("2001:DB8:0::1", "2001:db8::1");
	address_is("::", "::");
	address_is("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	address_is("203.0.113.9, 192.0.2.1", "192.0.2.1");
	address_is("192.0.2.1,2001:db8::1 ", "2001:db8::1");
	address_is("", NULL);
	address_is("192.0.2.1,", NULL);
	address_is("192.0.2.256", NULL);
	address_is("192.0.2.1:80", NULL);
	address_is("192.0.2.1 x", NULL);
	address_is("192.0.2.0/24", NULL);
	address_is("unix:", NULL);
	address_is("1111111111111111111111111111111111111111111111", NULL);
	pt_read_client_address("2001:db8::1", &one);
	pt_read_client_address("2001:db8::ffff:1", &other);
	ok(memcmp(one.network, other.network, 16) == 0, "an IPv6 network of 64 bits is one client");
	pt_read_client_address("2001:db8:0:1::1", &other);
	ok(memcmp(one.network, other.network, 16) != 0, "the next network is another");
	pt_read_client_address("192.0.2.1", &one);
	pt_read_client_address("192.0.2.2", &other);
	ok(memcmp(one.network, other.network, 16) != 0, "each IPv4 address is one client");
}

/* Does the header hold these?  user NULL: it is no basic authentication. */
static void
basic_is(const char *header, const char *user, const char *password)
{
	char	   *buffer = malloc(strlen(header) + 1);
	const char *found_user;
	const char *found_password;
	bool		found = pt_read_basic(header, buffer, &found_user, &found_password);

	if (user == NULL)
		ok(!found, "nothing in \"%s\"", header);
	else
		ok(found && strcmp(found_user, user) == 0 && strcmp(found_password, password) == 0,
		   "\"%s\" is %s", header, user);
	free(buffer);
}

int
main(void)
{
	test_address();
	basic_is("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame");	/* RFC 7617, 2 */
	basic_is("Basic dGVzdDoxMjPCow==", "test", "123\xc2\xa3");	/* RFC 7617, 2.1 */
	basic_is("basic  YTpiOmM=", "a", "b:c");
	basic_is("BASIC Og==", "", "");
	basic_is("Basic YWI6", "ab", "");
	basic_is("Basic", NULL, NULL);
	basic_is("Basic ", NULL, NULL);
	basic_is("Bearer YTpi", NULL, NULL);
	basic_is("Basic YTp", NULL, NULL);
	basic_is("Basic YWI=", NULL, NULL);
	basic_is("Basic YTpi====", NULL, NULL);
	basic_is("Basic Y=pi", NULL, NULL);
	basic_is("Basic YTp-", NULL, NULL);
	basic_is("Basic YQA6Yg==", NULL, NULL);	/* an octet 0 */
	return tap_done();
}
