/*
 * Which symbol the next message is about.
 *
 * Activity falls with rank like Zipf's law, flattened at the top (Mandelbrot) and fading in the
 * tail: 1 / ((r + 10) (1 + x sqrt(x))), x = r / (3/8 of all symbols). For 8,000 symbols it gives
 * what a quiet day shows: 5,200 of them in 65,536 messages, the median one in 65 % of such blocks.
 * Drawing is Walker's alias method: one number, one comparison, whatever the count.
 */
#ifndef TC_GEN_ACTIVITY_H
#define TC_GEN_ACTIVITY_H

#include "base/status.h"
#include "tickcap/gen/random.h"

struct tc_activity_slot {
    uint32_t keep; /* the slot's own symbol below this, of 2^32 */
    uint32_t other;
};

struct tc_activity {
    struct tc_activity_slot *slots;
    uint32_t count;
};

/* `symbol_of_rank[0]` is the busiest of `count` symbols. Freed with tc_activity_free. */
TC_MUST_USE enum tc_status tc_activity_init(struct tc_activity *activity,
                                            const uint32_t *symbol_of_rank, uint32_t count);

void tc_activity_free(struct tc_activity *activity);

static inline uint32_t tc_activity_draw(const struct tc_activity *activity,
                                        struct tc_random *random)
{
    uint64_t bits = tc_random_bits(random);
    uint32_t index = (uint32_t)((bits >> 32) * activity->count >> 32);
    const struct tc_activity_slot *slot = activity->slots + index;

    return (uint32_t)bits < slot->keep ? index : slot->other;
}

#endif
