/* Names of segments, and renaming that survives a power cut. */
#ifndef TC_FILE_PATHS_H
#define TC_FILE_PATHS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum { TC_PATH_BYTES = 4096 };

#define TC_SEGMENT_SUFFIX ".tick"
#define TC_OPEN_SUFFIX    ".tick.open"

struct tc_segment_name {
    uint64_t start_ns; /* UTC */
    const char *name;  /* of the capture */
    uint32_t stream;
    uint32_t writer;
    uint32_t number;
};

/*
 * The path of a segment, 20261122T143000.000000000Z_NAME_s0_w0_000001.tick, with .open behind it
 * while it is being written. False when it would not fit.
 */
bool tc_segment_path(char path[TC_PATH_BYTES], const char *directory,
                     const struct tc_segment_name *name, bool open);

/* Whether a file name ends like a segment's, finished or open; and like an open one's. */
bool tc_is_segment_name(const char *name);
bool tc_is_open_name(const char *name);

/* Renames and makes the new name durable. An existing `to` is refused. */
TC_MUST_USE enum tc_status tc_rename_durably(const char *from, const char *to,
                                             struct tc_error *error);

/* Makes the names in a directory durable. */
TC_MUST_USE enum tc_status tc_sync_directory_of(const char *path, struct tc_error *error);

#endif
