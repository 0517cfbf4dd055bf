/*
 * A sorted set of numbers, kept as half-open ranges in memory that the caller brings.
 *
 * Sequence trackers keep what is missing in it: a gap appends a range at the high end, a late
 * packet cuts numbers out, most often near that end, or from the low end up where what was lost is
 * sent again, so both cost a few moves. The memory is bounded: where one range more is needed than
 * there is room for, the lowest one is pushed out and counted, since a gap from long ago is the
 * least likely to be filled.
 */
#ifndef TC_BASE_RANGES_H
#define TC_BASE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers first <= n < end. */
struct tc_range {
    uint64_t first;
    uint64_t end;
};

struct tc_ranges {
    struct tc_range *slots; /* a ring; slot of range i: (start + i) & mask */
    uint32_t mask;
    uint32_t start;
    uint32_t count;
    uint64_t numbers;    /* in all ranges */
    uint64_t pushed_out; /* numbers lost to the bound */
};

/* Bytes for `capacity` ranges; `capacity` is a power of two. */
size_t tc_ranges_footprint(uint32_t capacity);

/* An empty set in `memory`, which stays the caller's and must outlive the set. */
void tc_ranges_init(struct tc_ranges *ranges, void *memory, uint32_t capacity);

void tc_ranges_clear(struct tc_ranges *ranges);

/* The `index`-th range from the low end; index < ranges->count. */
static inline struct tc_range tc_ranges_at(const struct tc_ranges *ranges, uint32_t index)
{
    return ranges->slots[(ranges->start + index) & ranges->mask];
}

/* Adds numbers above all that are present; first < end. */
void tc_ranges_append(struct tc_ranges *ranges, uint64_t first, uint64_t end);

/* Adds any numbers, present or not; first < end. */
void tc_ranges_add(struct tc_ranges *ranges, uint64_t first, uint64_t end);

/* Takes numbers out; answers how many of them were present. */
uint64_t tc_ranges_cut(struct tc_ranges *ranges, uint64_t first, uint64_t end);

/* The lowest part of first <= n < end that is present; false where there is none. */
bool tc_ranges_first(const struct tc_ranges *ranges, uint64_t first, uint64_t end,
                     struct tc_range *part);

bool tc_ranges_has(const struct tc_ranges *ranges, uint64_t number);

/* How many numbers of first <= n < end are present. */
uint64_t tc_ranges_overlap(const struct tc_ranges *ranges, uint64_t first, uint64_t end);

static inline bool tc_ranges_full(const struct tc_ranges *ranges)
{
    return ranges->count > ranges->mask;
}

#endif
