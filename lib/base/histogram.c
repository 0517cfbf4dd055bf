/* Walking, joining and storing histograms; adding is in the header. */
#include "base/histogram.h"

void tc_histogram_clear(struct tc_histogram *histogram)
{
    __atomic_store_n(&histogram->total, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&histogram->lowest, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&histogram->highest, 0, __ATOMIC_RELAXED);
    for (int below = 0; below < 2; below++)
        for (uint32_t i = 0; i < TC_HISTOGRAM_BUCKETS; i++)
            __atomic_store_n(&histogram->counts[below][i], 0, __ATOMIC_RELAXED);
}

void tc_histogram_add_all(struct tc_histogram *histogram, const int64_t *values, size_t count)
{
    int64_t lowest = histogram->total > 0 ? histogram->lowest : INT64_MAX;
    int64_t highest = histogram->total > 0 ? histogram->highest : INT64_MIN;

    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        uint64_t *at = tc_histogram_count_of(histogram, values[i]);

        __atomic_store_n(at, *at + 1, __ATOMIC_RELAXED);
        lowest = values[i] < lowest ? values[i] : lowest;
        highest = values[i] > highest ? values[i] : highest;
    }
    __atomic_store_n(&histogram->lowest, lowest, __ATOMIC_RELAXED);
    __atomic_store_n(&histogram->highest, highest, __ATOMIC_RELAXED);
    __atomic_store_n(&histogram->total, histogram->total + count, __ATOMIC_RELAXED);
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

/*
 * Buckets by place: those of negative values from far below zero up, then those of the others, so
 * that places rise with the values.
 */
static uint32_t place_of(int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint32_t bucket = tc_histogram_bucket(magnitude);

    return value < 0 ? TC_HISTOGRAM_BUCKETS - 1 - bucket : TC_HISTOGRAM_BUCKETS + bucket;
}

static uint64_t *count_at(struct tc_histogram *histogram, uint32_t place)
{
    return place < TC_HISTOGRAM_BUCKETS ? &histogram->counts[1][TC_HISTOGRAM_BUCKETS - 1 - place]
                                        : &histogram->counts[0][place - TC_HISTOGRAM_BUCKETS];
}

static uint64_t count_of(const struct tc_histogram *histogram, uint32_t place)
{
    return place < TC_HISTOGRAM_BUCKETS ? histogram->counts[1][TC_HISTOGRAM_BUCKETS - 1 - place]
                                        : histogram->counts[0][place - TC_HISTOGRAM_BUCKETS];
}

void tc_histogram_write(struct tc_scribe *out, const struct tc_histogram *histogram)
{
    uint64_t entries = 0;
    uint32_t last = 0;

    for (uint32_t place = 0; place < TC_HISTOGRAM_PLACES; place++)
        entries += count_of(histogram, place) != 0;
    tc_varint_write(out, entries);
    if (entries == 0)
        return;
    tc_scribe_uint(out, (uint64_t)histogram->lowest, 8);
    tc_scribe_uint(out, (uint64_t)histogram->highest, 8);
    for (uint32_t place = 0; place < TC_HISTOGRAM_PLACES; place++) {
        if (count_of(histogram, place) == 0)
            continue;
        tc_varint_write(out, place - last);
        tc_varint_write(out, count_of(histogram, place));
        last = place;
    }
}

/* One entry; answers its place. */
static uint32_t read_entry(struct tc_cursor *in, struct tc_histogram *histogram, uint32_t last,
                           bool first, uint64_t *total)
{
    uint64_t step = tc_varint_read(in);
    uint64_t count = tc_varint_read(in);

    in->failed |= step >= TC_HISTOGRAM_PLACES - last || (step == 0 && !first) || count == 0 ||
                  count > UINT64_MAX - *total;
    if (in->failed)
        return last;
    *total += count;
    *count_at(histogram, last + (uint32_t)step) += count;
    return last + (uint32_t)step;
}

void tc_histogram_read(struct tc_cursor *in, struct tc_histogram *histogram)
{
    uint64_t entries = tc_varint_read(in);
    uint64_t total = 0;
    int64_t lowest, highest;
    uint32_t first = 0, last = 0;

    if (entries == 0)
        return;
    lowest = (int64_t)tc_cursor_u64(in);
    highest = (int64_t)tc_cursor_u64(in);
    in->failed |= entries > TC_HISTOGRAM_PLACES;
    for (uint64_t i = 0; i < entries && !in->failed; i++) {
        last = read_entry(in, histogram, last, i == 0, &total);
        first = i == 0 ? last : first;
    }
    in->failed |= lowest > highest || place_of(lowest) != first || place_of(highest) != last;
    if (!in->failed)
        widen(histogram, total, lowest, highest);
}
