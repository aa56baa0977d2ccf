/*
 * utf8.h
 *	  Reading and writing single characters of UTF-8 (RFC 3629), without
 *	  allocation; part of the core.
 */
#ifndef PORTATEXT_UTF8_H
#define PORTATEXT_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Octets of the sequence that starts with this one; 0 if none does. */
static inline size_t
pt_utf8_width(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xC2)
		return 0;				/* a continuation octet or an overlong form */
	if (lead < 0xE0)
		return 2;
	if (lead < 0xF0)
		return 3;
	return lead < 0xF5 ? 4 : 0;
}

/*
 * Reads the character at text, of which left octets remain; returns its
 * octets, or 0 when there is no well-formed character (overlong forms,
 * surrogates and code points above U+10FFFF are not).
 */
static inline size_t
pt_utf8_next(const unsigned char *text, size_t left, uint32_t *code_point)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t		width = left > 0 ? pt_utf8_width(text[0]) : 0;
	uint32_t	value;

	if (width == 0 || width > left)
		return 0;
	if (width == 1)
	{
		*code_point = text[0];
		return 1;
	}
	value = text[0] & (0x7Fu >> width);
	for (size_t i = 1; i < width; i++)
	{
		if ((text[i] & 0xC0) != 0x80)
			return 0;
		value = value << 6 | (text[i] & 0x3Fu);
	}
	if (value < lowest[width] || value > 0x10FFFF || (value & 0xFFFFF800) == 0xD800)
		return 0;
	*code_point = value;
	return width;
}

/* Writes a valid code point to out, at most 4 octets; returns their number. */
static inline size_t
pt_utf8_put(char *out, uint32_t code_point)
{
	if (code_point < 0x80)
	{
		out[0] = (char) code_point;
		return 1;
	}
	if (code_point < 0x800)
	{
		out[0] = (char) (0xC0 | code_point >> 6);
		out[1] = (char) (0x80 | (code_point & 0x3F));
		return 2;
	}
	if (code_point < 0x10000)
	{
		out[0] = (char) (0xE0 | code_point >> 12);
		out[1] = (char) (0x80 | (code_point >> 6 & 0x3F));
		out[2] = (char) (0x80 | (code_point & 0x3F));
		return 3;
	}
	out[0] = (char) (0xF0 | code_point >> 18);
	out[1] = (char) (0x80 | (code_point >> 12 & 0x3F));
	out[2] = (char) (0x80 | (code_point >> 6 & 0x3F));
	out[3] = (char) (0x80 | (code_point & 0x3F));
	return 4;
}

#endif							/* PORTATEXT_UTF8_H */
