/*
 * inbound_message.c
 *	  Fuzzer of inbound messages: fields and octets as they come over HTTP, and
 *	  parts of any codings, tables, lengths and gaps, joined.
 *
 * The first octet chooses; lines of the rest are fields.
 */
#include <stdlib.h>
#include <string.h>

#include "text/gsm.h"
#include "text/parts.h"
#include "text/utf8.h"
#include "worker/receiver_message.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PARTS 16

/* Joins; what comes out is UTF-8 without NUL, within its bound. */
static void
join(const PtInPart *parts, int n, int total, const unsigned char *data, size_t size)
{
	size_t		room = pt_parts_room(size, n);
	char	   *out = malloc(room + 1);
	int			len = pt_parts_join(parts, n, total, data, out, room);

	if (len < 0 || (size_t) len > room)
		abort();
	out[len] = '\0';
	if (strlen(out) != (size_t) len || !pt_utf8_valid(out))
		abort();
	free(out);
}

/* Parts as the octets say: of each four, two make the next part's header. */
static void
join_any(const unsigned char *data, size_t size)
{
	PtInPart	parts[PARTS];
	unsigned char *octets = malloc(size + 1);
	size_t		used = 0;
	int			number = 0;
	int			n = 0;

	while (size >= 2 && n < PARTS)
	{
		size_t		len = data[1] % 8 < size - 2 ? data[1] % 8 : size - 2;

		number += 1 + (data[0] >> 6 == 3);
		parts[n] = (PtInPart) {.number = number,.coding = (PtCoding) (data[0] & 3),.len = len};
		if (parts[n].coding == PT_CODING_GSM)
		{
			parts[n].single_shift = data[0] >> 2 & 3;
			parts[n].locking_shift = data[0] >> 4 & 3;
		}
		memcpy(octets + used, data + 2, len);
		used += len;
		data += 2 + len;
		size -= 2 + len;
		n++;
	}
	join(parts, n, number + (int) (size & 1), octets, used);
	free(octets);
}

/* What has been read keeps its promises; raw octets are joined. */
static void
look(const PtMessage *m)
{
	PtInPart	part = {.number = 1,.coding = (PtCoding) m->coding,.len = m->len};
	PtUdh		udh;

	if (m->text != NULL)
	{
		if (!pt_utf8_valid(m->text) || m->parts > PT_MAX_PARTS || m->part < 1 || m->part > m->parts || m->reference < 0)
			abort();
		return;
	}
	if (m->coding < 0 || m->coding > 2)
		abort();
	if (m->udh_len > 0)
	{
		if (!pt_text_read_udh(m->udh, m->udh_len, &udh))
			abort();
		part.single_shift = udh.single_shift;
		part.locking_shift = udh.locking_shift;
	}
	join(&part, 1, 1, m->data, m->len);
}

/* The next line of the rest, NULL when there is none. */
static const char *
line(char **rest)
{
	return strsep(rest, "\n");
}

/* Fields of a form or JSON object, or Kannel's headers with the rest as octets. */
static void
read_fields(int what, char *text)
{
	char	   *rest = text;
	PtFields	f = {.from = "1",.to = "2"};
	PtMessage	m = {0};
	const char *problem = NULL;
	char		hex[64];
	bool		good;

	f.udh = what & 1 ? pt_kannel_udh(line(&rest), hex, sizeof(hex)) : line(&rest);
	f.coding = what & 2 ? line(&rest) : NULL;
	f.reference = what & 4 ? line(&rest) : NULL;
	f.part = what & 4 ? line(&rest) : NULL;
	f.parts = what & 4 ? line(&rest) : NULL;
	if (what & 8)
	{
		PtCharset	charset = pt_charset_of(line(&rest));
		const char *octets = rest != NULL ? rest : "";

		good = pt_message_read_octets(&f, octets, strlen(octets), charset, &m, &problem);
	}
	else
	{
		f.text = what & 16 ? rest : NULL;
		f.data = what & 16 ? NULL : rest;
		good = pt_message_read(&f, &m, &problem);
	}
	if (good)
		look(&m);
	else if (problem == NULL)
		abort();
	free(m.room);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text;

	if (size == 0)
		return 0;
	if (data[0] & 32)
	{
		join_any(data + 1, size - 1);
		return 0;
	}
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	(void) pt_json_has_nul(text);
	(void) pt_form_has_nul(text);
	read_fields(data[0], text);
	free(text);
	return 0;
}
