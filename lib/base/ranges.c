/* The ring of sorted ranges: binary search for a place, moves towards the nearer end. */
#include "base/ranges.h"

#include <assert.h>

size_t tc_ranges_footprint(uint32_t capacity)
{
    return capacity * sizeof(struct tc_range);
}

void tc_ranges_init(struct tc_ranges *ranges, void *memory, uint32_t capacity)
{
    assert(capacity > 0 && (capacity & (capacity - 1)) == 0);
    *ranges = (struct tc_ranges){.slots = memory, .mask = capacity - 1};
}

void tc_ranges_clear(struct tc_ranges *ranges)
{
    ranges->start = 0;
    ranges->count = 0;
    ranges->numbers = 0;
}

static struct tc_range *slot(const struct tc_ranges *ranges, uint32_t index)
{
    return &ranges->slots[(ranges->start + index) & ranges->mask];
}

/* Index of the first range that ends above `number`; count where there is none. */
static uint32_t find(const struct tc_ranges *ranges, uint64_t number)
{
    uint32_t low = 0;
    uint32_t high = ranges->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (slot(ranges, middle)->end > number)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Makes room for one range at `index`; answers where it is after the lowest one had to go. */
static uint32_t open_slot(struct tc_ranges *ranges, uint32_t index)
{
    if (tc_ranges_full(ranges)) {
        struct tc_range *lowest = slot(ranges, 0);

        ranges->pushed_out += lowest->end - lowest->first;
        ranges->numbers -= lowest->end - lowest->first;
        ranges->start = (ranges->start + 1) & ranges->mask;
        ranges->count--;
        if (index > 0)
            index--;
    }
    ranges->count++;
    if (index < ranges->count / 2) {
        ranges->start = (ranges->start - 1) & ranges->mask;
        for (uint32_t i = 0; i < index; i++)
            *slot(ranges, i) = *slot(ranges, i + 1);
    } else {
        for (uint32_t i = ranges->count - 1; i > index; i--)
            *slot(ranges, i) = *slot(ranges, i - 1);
    }
    return index;
}

static void close_slots(struct tc_ranges *ranges, uint32_t index, uint32_t closed)
{
    uint32_t above = ranges->count - index - closed;

    if (index < above) {
        for (uint32_t i = index; i > 0; i--)
            *slot(ranges, i - 1 + closed) = *slot(ranges, i - 1);
        ranges->start = (ranges->start + closed) & ranges->mask;
    } else {
        for (uint32_t i = index; i < index + above; i++)
            *slot(ranges, i) = *slot(ranges, i + closed);
    }
    ranges->count -= closed;
}

void tc_ranges_append(struct tc_ranges *ranges, uint64_t first, uint64_t end)
{
    assert(first < end);
    if (ranges->count > 0) {
        struct tc_range *last = slot(ranges, ranges->count - 1);

        assert(last->end <= first);
        if (last->end == first) {
            last->end = end;
            ranges->numbers += end - first;
            return;
        }
    }
    *slot(ranges, open_slot(ranges, ranges->count)) = (struct tc_range){first, end};
    ranges->numbers += end - first;
}

void tc_ranges_add(struct tc_ranges *ranges, uint64_t first, uint64_t end)
{
    /* A range that ends exactly at `first` is joined too, so look from the number below. */
    uint32_t index = find(ranges, first > 0 ? first - 1 : 0);
    uint32_t swallowed = 0;

    assert(first < end);
    while (index + swallowed < ranges->count) {
        const struct tc_range *next = slot(ranges, index + swallowed);

        if (next->first > end)
            break;
        first = next->first < first ? next->first : first;
        end = next->end > end ? next->end : end;
        ranges->numbers -= next->end - next->first;
        swallowed++;
    }
    if (swallowed == 0)
        index = open_slot(ranges, index);
    else
        close_slots(ranges, index + 1, swallowed - 1);
    *slot(ranges, index) = (struct tc_range){first, end};
    ranges->numbers += end - first;
}

uint64_t tc_ranges_cut(struct tc_ranges *ranges, uint64_t first, uint64_t end)
{
    uint32_t index = find(ranges, first); /* of those that go whole */
    uint32_t whole = 0;
    uint64_t before = ranges->numbers;

    for (uint32_t i = index; i < ranges->count; i++) {
        struct tc_range *range = slot(ranges, i);
        struct tc_range old = *range;
        uint64_t low = old.first > first ? old.first : first;
        uint64_t high = old.end < end ? old.end : end;

        if (low >= high)
            break;
        ranges->numbers -= high - low;
        if (old.first < low && high < old.end) {
            range->end = low;
            i = open_slot(ranges, i + 1);
            *slot(ranges, i) = (struct tc_range){high, old.end};
            return high - low;
        }
        if (old.first < low) {
            range->end = low;
            index = i + 1;
        } else if (high < old.end) {
            range->first = high;
        } else {
            whole++;
        }
    }
    if (whole > 0)
        close_slots(ranges, index, whole);
    return before - ranges->numbers;
}

bool tc_ranges_first(const struct tc_ranges *ranges, uint64_t first, uint64_t end,
                     struct tc_range *part)
{
    uint32_t index = find(ranges, first);

    if (first >= end || index == ranges->count || slot(ranges, index)->first >= end)
        return false;
    *part = *slot(ranges, index);
    part->first = part->first > first ? part->first : first;
    part->end = part->end < end ? part->end : end;
    return true;
}

bool tc_ranges_has(const struct tc_ranges *ranges, uint64_t number)
{
    uint32_t index = find(ranges, number);

    return index < ranges->count && slot(ranges, index)->first <= number;
}

uint64_t tc_ranges_overlap(const struct tc_ranges *ranges, uint64_t first, uint64_t end)
{
    uint64_t numbers = 0;

    for (uint32_t i = find(ranges, first); i < ranges->count; i++) {
        struct tc_range range = tc_ranges_at(ranges, i);
        uint64_t low = range.first > first ? range.first : first;
        uint64_t high = range.end < end ? range.end : end;

        if (low >= high)
            break;
        numbers += high - low;
    }
    return numbers;
}
