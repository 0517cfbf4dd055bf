/*
 * Rows in another order than they come in, however many there are.
 *
 * Rows are collected in memory; when that is full they are sorted and spilled to a temporary file,
 * and the files are merged in the end.
 */
#ifndef TC_APP_ROWSORTER_H
#define TC_APP_ROWSORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct row_sorter;

/* Rows are ordered by time, then by the place of their message; equal ones as they were added. */
struct row_key {
    uint64_t time_ns;
    uint64_t frame;
    uint32_t stream;
    uint32_t index;
};

/* Called for each row in order; false stops. */
typedef bool row_taken(void *context, const char *row, size_t length);

/* NULL when memory is short. `memory_bytes` are used before rows are spilled. */
struct row_sorter *row_sorter_new(size_t memory_bytes);
void row_sorter_free(struct row_sorter *sorter);

TC_MUST_USE enum tc_status row_sorter_add(struct row_sorter *sorter, const struct row_key *key,
                                          const char *row, size_t length, struct tc_error *error);

/* Gives all rows in order of their keys. */
TC_MUST_USE enum tc_status row_sorter_give(struct row_sorter *sorter, row_taken *taken,
                                           void *context, struct tc_error *error);

#endif
