/*
 * sound_mp3.h
 *	  Is it an mp3 file (TEL-10)?
 *
 * Core: no PostgreSQL header.
 */
#ifndef PORTATEXT_SOUND_MP3_H
#define PORTATEXT_SOUND_MP3_H

#include <stddef.h>
#include <stdint.h>

/* NULL, or why these bytes are no sound in MPEG audio layer III, as an error message ends. */
extern const char *pt_mp3_problem(const uint8_t *data, size_t len);

#endif							/* PORTATEXT_SOUND_MP3_H */
