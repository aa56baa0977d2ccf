/*
 * http_util.c
 *	  Small parts of HTTP that need no libcurl handle.
 *
 * Libraries: libcurl
 */
#include "worker/http_util.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RETRY_AFTER_MAX 86400L
#define URL_MAX 65536

/* Makes an empty string in size octets of data. */
void
pt_buffer_init(PtBuffer *buffer, char *data, size_t size)
{
	buffer->data = data;
	buffer->len = 0;
	buffer->size = size;
	buffer->overflow = size == 0;
	if (size > 0)
		data[0] = '\0';
}

/* What does not fit is left out as a whole. */
void
pt_buffer_append(PtBuffer *buffer, const char *octets, size_t len)
{
	if (buffer->overflow || buffer->size - buffer->len <= len)
	{
		buffer->overflow = true;
		return;
	}
	memcpy(buffer->data + buffer->len, octets, len);
	buffer->len += len;
	buffer->data[buffer->len] = '\0';
}

void
pt_buffer_add(PtBuffer *buffer, const char *text)
{
	pt_buffer_append(buffer, text, strlen(text));
}

/* The unreserved characters of RFC 3986, 2.3. */
static bool
unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '.' || c == '_' || c == '~';
}

void
pt_buffer_add_encoded(PtBuffer *buffer, const char *octets, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len;)
	{
		size_t		plain = i;

		while (plain < len && unreserved((unsigned char) octets[plain]))
			plain++;
		pt_buffer_append(buffer, octets + i, plain - i);
		i = plain;
		if (i < len)
		{
			unsigned char c = (unsigned char) octets[i++];
			char		escape[3] = {'%', hex[c >> 4], hex[c & 15]};

			pt_buffer_append(buffer, escape, 3);
		}
	}
}

void
pt_buffer_add_json(PtBuffer *out, const char *octets, size_t len)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) octets[i];
		char		escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

		if (c == '"' || c == '\\')
			pt_buffer_append(out, "\\", 1);
		if (c < ' ')
			pt_buffer_append(out, escape, 6);
		else
			pt_buffer_append(out, &octets[i], 1);
	}
}

/* A header line: a name of token characters, a colon, and no control character. */
static bool
header_valid(const char *line)
{
	size_t		name = strcspn(line, ":");

	if (name == 0 || line[name] == '\0')
		return false;
	for (size_t i = 0; line[i] != '\0'; i++)
	{
		unsigned char c = (unsigned char) line[i];

		if ((c < ' ' && c != '\t') || c == 0x7F)
			return false;
		if (i < name && (c <= ' ' || c >= 0x7F))
			return false;
	}
	return true;
}

/* http or https, printable ASCII only. */
static bool
url_sendable(const char *url)
{
	if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
		return false;
	for (size_t i = 0; url[i] != '\0'; i++)
	{
		if (url[i] <= ' ' || url[i] >= 0x7F || i >= URL_MAX)
			return false;
	}
	return true;
}

/* NULL, or a method that is sent. */
static bool
method_valid(const char *method)
{
	return method == NULL || strcmp(method, "GET") == 0 || strcmp(method, "POST") == 0 ||
		strcmp(method, "PUT") == 0 || strcmp(method, "DELETE") == 0;
}

bool
pt_http_request_valid(const PtHttpRequest *request)
{
	char		line[256];

	if (request->url == NULL || !url_sendable(request->url) || !method_valid(request->method))
		return false;
	if (request->content_type != NULL)
	{
		if (strlen(request->content_type) > sizeof(line) - 20)
			return false;
		snprintf(line, sizeof(line), "Content-Type: %s", request->content_type);
		if (!header_valid(line))
			return false;
	}
	for (int i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
	{
		if (!header_valid(request->headers[i]))
			return false;
	}
	return true;
}

bool
pt_http_url_valid(const char *url)
{
	CURLU	   *parsed;
	char	   *user = NULL;
	bool		valid;

	if (!url_sendable(url))
		return false;
	parsed = curl_url();
	if (parsed == NULL)
		return false;
	valid = curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_get(parsed, CURLUPART_USER, &user, 0) == CURLUE_NO_USER;
	curl_free(user);
	curl_url_cleanup(parsed);
	return valid;
}

long
pt_http_retry_after(const char *value, size_t len, time_t now)
{
	char		text[64];
	long		seconds = 0;
	size_t		digits;
	time_t		date;

	while (len > 0 && (*value == ' ' || *value == '\t'))
		value++, len--;
	while (len > 0 && (value[len - 1] == '\r' || value[len - 1] == '\n' || value[len - 1] == ' '))
		len--;
	if (len == 0 || len >= sizeof(text))
		return -1;
	memcpy(text, value, len);
	text[len] = '\0';
	digits = strspn(text, "0123456789");
	if (digits < len)
	{
		date = curl_getdate(text, NULL);
		if (date < 0)
			return -1;
		seconds = date > now ? (long) (date - now) : 0;
	}
	for (size_t i = 0; digits == len && i < len && seconds <= RETRY_AFTER_MAX; i++)
		seconds = seconds * 10 + (text[i] - '0');
	return seconds > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : seconds;
}

/* The value of a hexadecimal digit, or -1. */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
pt_holds_secret(const char *text, const char *secret)
{
	char	   *decoded;
	size_t		n = 0;
	bool		found;

	if (secret == NULL || secret[0] == '\0')
		return false;
	decoded = malloc(strlen(text) + 1);
	if (decoded == NULL)
		return true;
	for (const char *p = text; *p != '\0'; p++)
	{
		bool		escape = p[0] == '%' && hex_value(p[1]) >= 0 && hex_value(p[2]) >= 0;

		decoded[n++] = escape ? (char) (hex_value(p[1]) * 16 + hex_value(p[2])) : *p;
		p += escape ? 2 : 0;
	}
	decoded[n] = '\0';
	found = strstr(text, secret) != NULL || strstr(decoded, secret) != NULL;
	free(decoded);
	return found;
}

/* Printable ASCII only: a peer's octets need not be text of any encoding. */
void
pt_printable_line(char *out, size_t size, const char *text)
{
	size_t		n = 0;

	for (; n + 1 < size && text[n] != '\0' && text[n] != '\r' && text[n] != '\n'; n++)
		out[n] = text[n] >= ' ' && text[n] < 0x7F ? text[n] : '?';
	if (size > 0)
		out[n] = '\0';
}
