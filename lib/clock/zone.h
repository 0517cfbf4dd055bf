/*
 * Time zones: how far local time is ahead of UTC, and when a local day begins.
 *
 * Feeds count from midnight of the exchange's zone. The C library only knows one zone at a time,
 * through a global variable, so the zone's rules are read here from the system's TZif files
 * (RFC 9636) into a plain list of offsets: transitions first, then the years up to 2100 from the
 * rule in the file's footer. The same short list stands in recorded files, which therefore need no
 * time zone database to be read.
 */
#ifndef TC_CLOCK_ZONE_H
#define TC_CLOCK_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
    TC_ZONE_NAME_BYTES = 64,
    TC_ZONE_SPANS_MAX = 640,
};

/* From that moment on, local time is `offset_s` seconds ahead of UTC. */
struct tc_zone_span {
    int64_t from_s; /* seconds since 1970, UTC */
    int32_t offset_s;
};

struct tc_zone {
    char name[TC_ZONE_NAME_BYTES];
    uint32_t count; /* at least one span; the first one also holds before its `from_s` */
    struct tc_zone_span spans[TC_ZONE_SPANS_MAX];
};

/* UTC itself. */
void tc_zone_utc(struct tc_zone *zone);

/*
 * Reads zone `name` ("America/New_York") below `directory` (NULL: the system's). TC_USAGE for a
 * name that is no zone, TC_DAMAGED for a file that is no TZif file.
 */
TC_MUST_USE enum tc_status tc_zone_load(struct tc_zone *zone, const char *name,
                                        const char *directory, struct tc_error *error);

/* Reads the bytes of a TZif file. */
TC_MUST_USE enum tc_status tc_zone_parse(struct tc_zone *zone, const uint8_t *bytes, size_t length,
                                         struct tc_error *error);

/* Seconds that local time is ahead of UTC at that moment. */
int32_t tc_zone_offset(const struct tc_zone *zone, int64_t utc_s);

/* The moment of a local wall-clock reading; of two candidates, the earlier. */
int64_t tc_zone_utc_of_local(const struct tc_zone *zone, int64_t local_s);

/* Removes the spans that do not matter between two moments; used for what a file keeps. */
void tc_zone_narrow(struct tc_zone *zone, int64_t from_s, int64_t to_s);

#endif
