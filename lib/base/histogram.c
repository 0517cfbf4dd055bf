/* Walking, joining and storing histograms; adding is in the header. */
#include "base/histogram.h"

void tc_histogram_clear(struct tc_histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

void tc_histogram_peek(const struct tc_histogram *histogram, struct tc_histogram *copy)
{
    copy->lowest = __atomic_load_n(&histogram->lowest, __ATOMIC_RELAXED);
    copy->highest = __atomic_load_n(&histogram->highest, __ATOMIC_RELAXED);
    copy->total = 0;
    for (int below = 0; below < 2; below++)
        for (uint32_t i = 0; i < TC_HISTOGRAM_BUCKETS; i++) {
            copy->counts[below][i] = __atomic_load_n(&histogram->counts[below][i],
                                                     __ATOMIC_RELAXED);
            copy->total += copy->counts[below][i];
        }
}

static void widen(struct tc_histogram *sum, uint64_t total, int64_t lowest, int64_t highest)
{
    if (total == 0)
        return;
    if (sum->total == 0 || lowest < sum->lowest)
        sum->lowest = lowest;
    if (sum->total == 0 || highest > sum->highest)
        sum->highest = highest;
    sum->total += total;
}

void tc_histogram_join(struct tc_histogram *sum, const struct tc_histogram *more)
{
    widen(sum, more->total, more->lowest, more->highest);
    for (int below = 0; below < 2; below++)
        for (uint32_t i = 0; more->total > 0 && i < TC_HISTOGRAM_BUCKETS; i++)
            sum->counts[below][i] += more->counts[below][i];
}

uint64_t tc_histogram_floor(uint32_t bucket)
{
    const uint32_t steps = 1u << TC_HISTOGRAM_STEPS_LOG2;
    uint32_t octave = bucket >> TC_HISTOGRAM_STEPS_LOG2;

    return octave == 0 ? bucket : (uint64_t)(bucket % steps + steps) << (octave - 1);
}

int64_t tc_histogram_middle(uint32_t bucket, bool below)
{
    uint32_t octave = bucket >> TC_HISTOGRAM_STEPS_LOG2;
    uint64_t half = octave > 1 ? UINT64_C(1) << (octave - 2) : 0;
    int64_t middle = (int64_t)(tc_histogram_floor(bucket) + half);

    return below ? -middle : middle;
}

static int64_t within(const struct tc_histogram *histogram, int64_t value)
{
    if (value < histogram->lowest)
        return histogram->lowest;
    return value > histogram->highest ? histogram->highest : value;
}

int64_t tc_histogram_quantile(const struct tc_histogram *histogram, double share)
{
    double exact = share * (double)histogram->total;
    uint64_t rank = (uint64_t)exact + ((double)(uint64_t)exact < exact);
    uint64_t seen = 0;

    if (histogram->total == 0)
        return 0;
    if (rank >= histogram->total)
        return histogram->highest;
    if (rank == 0)
        return histogram->lowest;
    for (uint32_t i = TC_HISTOGRAM_BUCKETS; i-- > 0;) {
        seen += histogram->counts[1][i];
        if (seen >= rank)
            return within(histogram, tc_histogram_middle(i, true));
    }
    for (uint32_t i = 0; i < TC_HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[0][i];
        if (seen >= rank)
            return within(histogram, tc_histogram_middle(i, false));
    }
    return histogram->highest;
}

static uint64_t entries_of(const struct tc_histogram *histogram)
{
    uint64_t entries = 0;

    for (int below = 0; below < 2; below++)
        for (uint32_t i = 0; i < TC_HISTOGRAM_BUCKETS; i++)
            entries += histogram->counts[below][i] != 0;
    return entries;
}

void tc_histogram_write(struct tc_scribe *out, const struct tc_histogram *histogram)
{
    tc_scribe_uint(out, histogram->total, 8);
    tc_scribe_uint(out, (uint64_t)histogram->lowest, 8);
    tc_scribe_uint(out, (uint64_t)histogram->highest, 8);
    tc_scribe_uint(out, entries_of(histogram), 8);
    for (uint32_t below = 0; below < 2; below++)
        for (uint32_t i = 0; i < TC_HISTOGRAM_BUCKETS; i++) {
            if (histogram->counts[below][i] == 0)
                continue;
            tc_scribe_uint(out, i, 4);
            tc_scribe_uint(out, below, 4);
            tc_scribe_uint(out, histogram->counts[below][i], 8);
        }
}

void tc_histogram_read(struct tc_cursor *in, struct tc_histogram *histogram)
{
    uint64_t total = tc_cursor_u64(in);
    int64_t lowest = (int64_t)tc_cursor_u64(in);
    int64_t highest = (int64_t)tc_cursor_u64(in);
    uint64_t entries = tc_cursor_u64(in);
    uint64_t counted = 0;

    in->failed |= entries > 2 * TC_HISTOGRAM_BUCKETS || lowest > highest;
    for (uint64_t i = 0; i < entries && !in->failed; i++) {
        uint32_t bucket = tc_cursor_u32(in);
        uint32_t below = tc_cursor_u32(in);
        uint64_t count = tc_cursor_u64(in);

        if (bucket >= TC_HISTOGRAM_BUCKETS || below > 1) {
            in->failed = true;
            return;
        }
        histogram->counts[below][bucket] += count;
        counted += count;
    }
    in->failed |= counted != total;
    if (!in->failed)
        widen(histogram, total, lowest, highest);
}
