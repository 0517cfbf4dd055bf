/* A sample is as good as the time it took: of several, the quickest is kept. */
#include "tickcapd/clocksample.h"

enum { TRIES = 16, SLOW_TRIES = 4 };

#define SLOW_NS UINT64_C(20000) /* a reading that goes through a device, or the kernel */

bool tc_counter_tsc(const struct tc_port_time_ops *ops, uint16_t port, uint64_t *ticks)
{
    (void)port;
    *ticks = ops->tsc(ops->context);
    return true;
}

bool tc_counter_port_clock(const struct tc_port_time_ops *ops, uint16_t port, uint64_t *ticks)
{
    return ops->read_clock(ops->context, port, ticks) == 0;
}

bool tc_counter_port_time(const struct tc_port_time_ops *ops, uint16_t port, uint64_t *ticks)
{
    return ops->read_time(ops->context, port, ticks) == 0;
}

bool tc_clock_sample(const struct tc_port_time_ops *ops, tc_counter *counter, uint16_t port,
                     struct tc_clock_sample *best)
{
    *best = (struct tc_clock_sample){.error_ns = UINT64_MAX};
    /* one that is slow may have been interrupted; where all are, they are worth few tries */
    for (int i = 0; i < TRIES && (i < SLOW_TRIES || best->error_ns <= SLOW_NS / 2); i++) {
        uint64_t before = ops->utc_ns(ops->context);
        uint64_t ticks;
        bool read = counter(ops, port, &ticks);
        uint64_t after = ops->utc_ns(ops->context);
        uint64_t half = (after - before + 1) / 2;

        if (!read)
            return false;
        if (after >= before && half < best->error_ns)
            *best = (struct tc_clock_sample){ticks, before + (after - before) / 2, half};
    }
    return best->error_ns != UINT64_MAX;
}
