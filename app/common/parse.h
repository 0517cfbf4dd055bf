/*
 * Words that people type, as values: numbers, sizes, durations, times, addresses.
 *
 * Each answers TC_OK or refuses the word with a sentence that quotes it and says what was expected.
 */
#ifndef TC_APP_PARSE_H
#define TC_APP_PARSE_H

#include <stdint.h>

#include "base/status.h"

/* A whole number, decimal, without sign. */
TC_MUST_USE enum tc_status tc_parse_uint(const char *word, uint64_t lowest, uint64_t highest,
                                         uint64_t *value, struct tc_error *error);

/* A number of bytes: digits and an optional KiB, MiB, GiB or TiB. */
TC_MUST_USE enum tc_status tc_parse_bytes(const char *word, uint64_t *bytes,
                                          struct tc_error *error);

/* A time that passes: digits and ns, us, ms, s, min, h or d. */
TC_MUST_USE enum tc_status tc_parse_duration(const char *word, uint64_t *duration_ns,
                                             struct tc_error *error);

/* A finite decimal number between two bounds. */
TC_MUST_USE enum tc_status tc_parse_real(const char *word, double lowest, double highest,
                                         double *value, struct tc_error *error);

/*
 * A moment: nanoseconds since 1970, or ISO 8601 (2026-11-22T14:30:00.5) with Z or an offset.
 * `zone_offset` is called for a moment without an offset and may be NULL: then it is refused.
 * It answers how many seconds local time is ahead of UTC at that local time.
 */
typedef int64_t tc_parse_zone(const void *zone, int64_t local_seconds);

TC_MUST_USE enum tc_status tc_parse_time(const char *word, tc_parse_zone *zone_offset,
                                         const void *zone, uint64_t *time_ns,
                                         struct tc_error *error);

/* An IPv4 address in dotted decimal, host byte order. */
TC_MUST_USE enum tc_status tc_parse_address(const char *word, uint32_t *address,
                                            struct tc_error *error);

#endif
