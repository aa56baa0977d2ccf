/*
 * sound_mp3.c
 *	  Looks at the headers of an mp3 file: a tag (ID3v2) or none, then frames of
 *	  MPEG audio layer III (ISO/IEC 11172-3 2.4.1.3, 13818-3).
 *
 * It is a check against mistakes (a WAV file, a page of HTML, an empty upload): what
 * is within the frames is the engine's to decode.
 */
#include "telephony/sound_mp3.h"

#include <stdbool.h>
#include <string.h>

#define TAG_HEADER 10
#define TAG_FOOTER 0x10			/* flag: another ten octets follow */
#define FRAME_HEADER 4

/* Kilobits a second by index 1 to 14: of MPEG 1, and of MPEG 2 and 2.5. */
static const int rates[2][15] = {
	{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
	{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}
};

/* Samples a second of MPEG 1; MPEG 2 has half of them, 2.5 a quarter. */
static const int frequencies[3] = {44100, 48000, 32000};

/* The length of a tag with its header at the beginning; 0: there is none. */
static size_t
tag_length(const uint8_t *data, size_t len)
{
	size_t		size = 0;

	if (len < TAG_HEADER || memcmp(data, "ID3", 3) != 0 || data[3] == 0xFF || data[4] == 0xFF)
		return 0;
	for (int i = 6; i < TAG_HEADER; i++)
	{
		if (data[i] > 0x7F)
			return 0;
		size = size << 7 | data[i];
	}
	return size + TAG_HEADER + ((data[5] & TAG_FOOTER) != 0 ? TAG_HEADER : 0);
}

/* The length of a frame by its header; 0: it is none. */
static size_t
frame_length(const uint8_t *header)
{
	int			version = header[1] >> 3 & 3;	/* 0: 2.5, 1: none, 2: 2, 3: 1 */
	int			rate = header[2] >> 4;
	int			frequency = header[2] >> 2 & 3;
	bool		first = version == 3;
	int			hertz;

	if (header[0] != 0xFF || (header[1] & 0xE0) != 0xE0 || version == 1 || (header[1] >> 1 & 3) != 1)
		return 0;
	if (rate == 0 || rate == 15 || frequency == 3)
		return 0;
	hertz = frequencies[frequency] >> (first ? 0 : version == 2 ? 1 : 2);
	return (size_t) (first ? 144 : 72) * (size_t) rates[first ? 0 : 1][rate] * 1000 / (size_t) hertz + (header[2] >> 1 & 1);
}

/* The first frame, and the second where the first one ends, if there is so much. */
const char *
pt_mp3_problem(const uint8_t *data, size_t len)
{
	size_t		at = tag_length(data, len);
	size_t		frame;

	while (at < len && data[at] == 0)	/* padding */
		at++;
	if (at >= len)
		return "it has no sound in it";
	frame = len - at >= FRAME_HEADER ? frame_length(data + at) : 0;
	if (frame == 0)
		return "it does not begin with a frame of MPEG audio layer III";
	if (len - at < frame)
		return "its first frame is cut off";
	at += frame;
	if (len - at >= FRAME_HEADER && frame_length(data + at) == 0 && memcmp(data + at, "TAG", 3) != 0)
		return "its second frame does not follow the first";
	return NULL;
}
