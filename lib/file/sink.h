/*
 * Sinks: where the bytes of a segment go.
 *
 * A segment is only ever appended to, made durable now and then, and closed under its final name.
 * How that is done (plain writes, direct I/O through io_uring, or a disk that fails on purpose in a
 * test) is behind these calls.
 */
#ifndef TC_FILE_SINK_H
#define TC_FILE_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct tc_sink;

struct tc_sink_ops {
    /* Creates `path`; a file of that name is never overwritten. */
    enum tc_status (*open)(struct tc_sink *sink, const char *path, struct tc_error *error);
    /* Appends; the bytes may be reused afterwards. */
    enum tc_status (*append)(struct tc_sink *sink, const void *bytes, size_t length,
                             struct tc_error *error);
    /* Begins to make everything appended so far durable; may return before it is. */
    enum tc_status (*sync)(struct tc_sink *sink, struct tc_error *error);
    /* Makes everything durable and gives the file its final name. NULL: it keeps its name. */
    enum tc_status (*close)(struct tc_sink *sink, const char *path, struct tc_error *error);
    /* After a failure: how much of the file, from its beginning, was written all the same. */
    uint64_t (*written)(struct tc_sink *sink);
};

struct tc_sink {
    const struct tc_sink_ops *ops;
};

/* A sink of plain buffered writes. */
struct tc_sink *tc_file_sink_new(void);
void tc_file_sink_free(struct tc_sink *sink);

#endif
