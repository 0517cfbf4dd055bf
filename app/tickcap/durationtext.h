/*
 * Signed nanoseconds for people: four digits and the unit that fits, as in "178.9 us" or "-12 ns".
 */
#ifndef TC_TICKCAP_DURATIONTEXT_H
#define TC_TICKCAP_DURATIONTEXT_H

#include <stdint.h>

enum { DURATION_BYTES = 24 };

/* Answers `text`. */
const char *duration_text(char text[DURATION_BYTES], int64_t duration_ns);

#endif
