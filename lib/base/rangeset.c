/* Growing by doubling; the ring underneath does the rest. */
#include "base/rangeset.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 16 };

static enum tc_status grow(struct tc_rangeset *set)
{
    uint32_t capacity = set->capacity > 0 ? 2 * set->capacity : FIRST_CAPACITY;
    void *memory = capacity > set->capacity ? malloc(tc_ranges_footprint(capacity)) : NULL;
    struct tc_ranges old = set->ranges;

    if (memory == NULL)
        return TC_MEMORY;
    tc_ranges_init(&set->ranges, memory, capacity);
    for (uint32_t i = 0; i < old.count; i++)
        tc_ranges_append(&set->ranges, tc_ranges_at(&old, i).first, tc_ranges_at(&old, i).end);
    free(set->memory);
    set->memory = memory;
    set->capacity = capacity;
    return TC_OK;
}

enum tc_status tc_rangeset_add(struct tc_rangeset *set, uint64_t first, uint64_t end)
{
    if (first >= end)
        return TC_OK;
    if (set->capacity == 0 || tc_ranges_full(&set->ranges)) {
        enum tc_status status = grow(set);

        if (status != TC_OK)
            return status;
    }
    tc_ranges_add(&set->ranges, first, end);
    return TC_OK;
}

enum tc_status tc_rangeset_join(struct tc_rangeset *set, const struct tc_rangeset *other)
{
    enum tc_status status = TC_OK;

    for (uint32_t i = 0; status == TC_OK && i < other->ranges.count; i++)
        status = tc_rangeset_add(set, tc_ranges_at(&other->ranges, i).first,
                                 tc_ranges_at(&other->ranges, i).end);
    return status;
}

enum tc_status tc_rangeset_add_gaps(struct tc_rangeset *set, const struct tc_rangeset *other,
                                    uint64_t first, uint64_t end)
{
    enum tc_status status = TC_OK;

    for (uint32_t i = 0; status == TC_OK && i < other->ranges.count && first < end; i++) {
        struct tc_range range = tc_ranges_at(&other->ranges, i);

        if (range.first > first)
            status = tc_rangeset_add(set, first, range.first < end ? range.first : end);
        first = range.end > first ? range.end : first;
    }
    return status == TC_OK ? tc_rangeset_add(set, first, end) : status;
}

uint64_t tc_rangeset_common(const struct tc_rangeset *a, const struct tc_rangeset *b)
{
    uint64_t common = 0;

    for (uint32_t i = 0; i < a->ranges.count && b->capacity > 0; i++)
        common += tc_ranges_overlap(&b->ranges, tc_ranges_at(&a->ranges, i).first,
                                    tc_ranges_at(&a->ranges, i).end);
    return common;
}

void tc_rangeset_free(struct tc_rangeset *set)
{
    free(set->memory);
    *set = (struct tc_rangeset){0};
}
