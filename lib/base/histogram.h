/*
 * Log-linear histograms of signed nanoseconds.
 *
 * Each octave has 64 buckets of equal width, so the middle of a bucket is within 0.8 % of every
 * value in it, from single nanoseconds to more than 100 s, in 32 KiB. Adding costs a bit scan and
 * an increment. Clocks differ, so latencies may be negative; both signs have buckets of their own.
 *
 * One thread adds, others may look at any time (tc_histogram_peek): every member is stored whole.
 */
#ifndef TC_BASE_HISTOGRAM_H
#define TC_BASE_HISTOGRAM_H

#include "base/varint.h"

enum {
    TC_HISTOGRAM_STEPS_LOG2 = 6,
    TC_HISTOGRAM_OCTAVES = 37, /* values of 2^37 ns (137 s) and more share the last bucket */
    TC_HISTOGRAM_BUCKETS = (TC_HISTOGRAM_OCTAVES - TC_HISTOGRAM_STEPS_LOG2 + 1)
                           << TC_HISTOGRAM_STEPS_LOG2,
    TC_HISTOGRAM_PLACES = 2 * TC_HISTOGRAM_BUCKETS, /* of both signs */
    TC_HISTOGRAM_BYTES_MAX = 2 + 16 + TC_HISTOGRAM_PLACES * (1 + TC_VARINT_BYTES_MAX),
};

struct tc_histogram {
    uint64_t total;
    int64_t lowest; /* exact; of nothing yet when total is 0 */
    int64_t highest;
    uint64_t counts[2][TC_HISTOGRAM_BUCKETS]; /* [0]: zero and above; [1]: below zero */
};

static inline uint32_t tc_histogram_bucket(uint64_t magnitude)
{
    const uint64_t steps = UINT64_C(1) << TC_HISTOGRAM_STEPS_LOG2;
    unsigned octave;

    if (magnitude < steps)
        return (uint32_t)magnitude;
    if (magnitude >> TC_HISTOGRAM_OCTAVES != 0)
        return TC_HISTOGRAM_BUCKETS - 1;
    octave = 63u - (unsigned)__builtin_clzll(magnitude);
    return (uint32_t)(((octave - TC_HISTOGRAM_STEPS_LOG2 + 1) << TC_HISTOGRAM_STEPS_LOG2) +
                      (magnitude >> (octave - TC_HISTOGRAM_STEPS_LOG2)) - steps);
}

static inline uint64_t *tc_histogram_count_of(struct tc_histogram *histogram, int64_t value)
{
    bool below = value < 0;
    uint64_t magnitude = below ? 0 - (uint64_t)value : (uint64_t)value;

    return &histogram->counts[below][tc_histogram_bucket(magnitude)];
}

/* Adds a value that was seen `times` times, which may be 0. */
static inline void tc_histogram_add_many(struct tc_histogram *histogram, int64_t value,
                                         uint64_t times)
{
    uint64_t *count = tc_histogram_count_of(histogram, value);

    if (times == 0)
        return;
    __atomic_store_n(count, *count + times, __ATOMIC_RELAXED);
    if (histogram->total == 0 || value < histogram->lowest)
        __atomic_store_n(&histogram->lowest, value, __ATOMIC_RELAXED);
    if (histogram->total == 0 || value > histogram->highest)
        __atomic_store_n(&histogram->highest, value, __ATOMIC_RELAXED);
    __atomic_store_n(&histogram->total, histogram->total + times, __ATOMIC_RELAXED);
}

static inline void tc_histogram_add(struct tc_histogram *histogram, int64_t value)
{
    tc_histogram_add_many(histogram, value, 1);
}

/* Adds each of `count` values once. */
void tc_histogram_add_all(struct tc_histogram *histogram, const int64_t *values, size_t count);

/* A copy of a histogram that another thread may be adding to; off by what it adds meanwhile. */
void tc_histogram_peek(const struct tc_histogram *histogram, struct tc_histogram *copy);

/* Nothing counted any more; others may be looking. */
void tc_histogram_clear(struct tc_histogram *histogram);

/* Adds all of `more`. */
void tc_histogram_join(struct tc_histogram *sum, const struct tc_histogram *more);

/* The middle of a bucket, and the lowest value in it; `below`: of negative values. */
int64_t tc_histogram_middle(uint32_t bucket, bool below);
uint64_t tc_histogram_floor(uint32_t bucket);

/*
 * The value below or at which `share` (0 to 1) of all values are, as the middle of its bucket but
 * never beyond what was seen; 0 where nothing was.
 */
int64_t tc_histogram_quantile(const struct tc_histogram *histogram, double share);

/* Sparse layout in recorded files (docs/FORMAT.md, "Histograms"). */
void tc_histogram_write(struct tc_scribe *out, const struct tc_histogram *histogram);

/* Adds what was written to `histogram`. Fails the cursor when the bytes are no histogram. */
void tc_histogram_read(struct tc_cursor *in, struct tc_histogram *histogram);

#endif
