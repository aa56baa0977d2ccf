/*
 * sound.c
 *	  The check of mp3 files by their headers (TEL-10).
 */
#include "tap.h"

#include <string.h>

#include "telephony/sound_mp3.h"

static uint8_t file[8192];

/* Writes a header and says whether a file of that one frame, len octets, is a sound. */
static bool
is_sound(uint32_t header, size_t len)
{
	memset(file, 0, sizeof(file));
	for (int i = 0; i < 4; i++)
		file[i] = (uint8_t) (header >> (24 - 8 * i));
	return pt_mp3_problem(file, len) == NULL;
}

/* The length of a frame is what it must be: one octet less is too short. */
static void
frame(const char *what, uint32_t header, size_t len)
{
	ok(is_sound(header, len) && !is_sound(header, len - 1), "%s: %lu octets", what, (unsigned long) len);
}

/* Headers that are none of layer III. */
static void
not_frame(const char *what, uint32_t header)
{
	ok(!is_sound(header, 4000), "%s is none", what);
}

/* Behind a tag of this header: is a frame at this place found? */
static bool
is_tagged(const char *tag, size_t place)
{
	memset(file, 0, sizeof(file));
	memcpy(file, tag, 10);
	memcpy(file + place, "\xFF\xFB\x90\x00", 4);
	return pt_mp3_problem(file, place + 417) == NULL;
}

int
main(void)
{
	/* ISO/IEC 11172-3 2.4.3.1: 144 * bit rate / frequency, 72 for the lower frequencies, and the padding. */
	frame("MPEG 1, 128 kbit/s, 44.1 kHz", 0xFFFB9000, 417);
	frame("the same with padding", 0xFFFB9200, 418);
	frame("MPEG 1, 320 kbit/s, 32 kHz", 0xFFFBE800, 1440);
	frame("MPEG 1, 32 kbit/s, 48 kHz, with a checksum", 0xFFFA1400, 96);
	frame("MPEG 2, 64 kbit/s, 22.05 kHz", 0xFFF38000, 208);
	frame("MPEG 2.5, 8 kbit/s, 8 kHz", 0xFFE31800, 72);
	not_frame("layer II", 0xFFFD9000);
	not_frame("layer I", 0xFFFF9000);
	not_frame("a version that is reserved", 0xFFEB9000);
	not_frame("a bit rate that is reserved", 0xFFFBF000);
	not_frame("a free bit rate", 0xFFFB0000);
	not_frame("a frequency that is reserved", 0xFFFB9C00);
	not_frame("AAC (ADTS)", 0xFFF15080);
	not_frame("a WAV file", 0x52494646);

	ok(is_tagged("ID3\x04\x00\x00\x00\x00\x01\x00", 138), "a tag of 128 octets before it");
	ok(is_tagged("ID3\x03\x00\x00\x00\x00\x00\x00", 10), "an empty tag");
	ok(is_tagged("ID3\x04\x00\x10\x00\x00\x00\x05", 25), "a tag with a footer");
	ok(is_tagged("ID3\x04\x00\x00\x00\x00\x00\x00", 400), "zeros behind the tag");
	ok(!is_tagged("ID3\x04\x00\x00\x00\x00\x80\x00", 138), "a tag whose length is none");
	memcpy(file, "ID3\x04\x00\x00\x00\x00\x7F\x7F", 10);
	ok(strcmp(pt_mp3_problem(file, 500), "it has no sound in it") == 0, "a tag alone is no sound");
	ok(pt_mp3_problem(file, 0) != NULL && pt_mp3_problem(file, 3) != NULL, "nothing is no sound");

	(void) is_sound(0xFFFB9000, 417);
	memcpy(file + 417, "\xFF\xFB\x90\x00", 4);
	ok(pt_mp3_problem(file, 834) == NULL, "two frames");
	memcpy(file + 417, "TAG", 3);
	ok(pt_mp3_problem(file, 545) == NULL, "an ID3v1 tag at the end");
	memcpy(file + 417, "data", 4);
	ok(pt_mp3_problem(file, 545) != NULL, "something else where the second frame should be");
	return tap_done();
}
