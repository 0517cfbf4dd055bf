/* A set of ranges that grows: for readers, who have no bound to keep. */
#ifndef TC_BASE_RANGESET_H
#define TC_BASE_RANGESET_H

#include "base/ranges.h"
#include "base/status.h"

struct tc_rangeset {
    struct tc_ranges ranges;
    void *memory;
    uint32_t capacity; /* 0: empty, nothing taken */
};

/* Adds first <= n < end; an empty range changes nothing. TC_MEMORY when memory is short. */
TC_MUST_USE enum tc_status tc_rangeset_add(struct tc_rangeset *set, uint64_t first, uint64_t end);

/* Adds all numbers of another set. */
TC_MUST_USE enum tc_status tc_rangeset_join(struct tc_rangeset *set,
                                            const struct tc_rangeset *other);

/* Adds the numbers of first <= n < end that `other` does not have. */
TC_MUST_USE enum tc_status tc_rangeset_add_gaps(struct tc_rangeset *set,
                                                const struct tc_rangeset *other, uint64_t first,
                                                uint64_t end);

/* How many numbers both have. */
uint64_t tc_rangeset_common(const struct tc_rangeset *a, const struct tc_rangeset *b);

void tc_rangeset_free(struct tc_rangeset *set);

#endif
