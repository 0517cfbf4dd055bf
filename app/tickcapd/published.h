/*
 * Counters that one lcore writes and others read: plain numbers to the writer, relaxed atomics in
 * between. Copied out of the hot structures once in a while, never counted here.
 */
#ifndef TC_TICKCAPD_PUBLISHED_H
#define TC_TICKCAPD_PUBLISHED_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "track/ledger.h"

typedef _Atomic uint64_t tc_published;

static inline void tc_publish(tc_published *to, uint64_t value)
{
    atomic_store_explicit(to, value, memory_order_relaxed);
}

static inline uint64_t tc_published_get(const tc_published *from)
{
    return atomic_load_explicit(from, memory_order_relaxed);
}

static inline void tc_publish_rows(tc_published *to, const void *rows, size_t count)
{
    const uint64_t *values = rows;

    for (size_t i = 0; i < count; i++)
        tc_publish(&to[i], values[i]);
}

static inline void tc_published_rows(const tc_published *from, void *rows, size_t count)
{
    uint64_t *values = rows;

    for (size_t i = 0; i < count; i++)
        values[i] = tc_published_get(&from[i]);
}

#endif
