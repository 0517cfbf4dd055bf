/*
 * Dictionary: the distinct values in order of appearance, then one byte a value.
 *
 * At most 256 distinct values; a small hash table finds them. Streams: the values, the bytes.
 */
#include "codec/kind.h"
#include "codec/zigzag.h"

enum {
    DICTIONARY_MAX = 256,
    HASH_SLOTS = 1024,
    EMPTY = 0xffff,
};

static inline uint32_t slot_of(uint64_t word)
{
    return (uint32_t)(word * UINT64_C(0x9e3779b97f4a7c15) >> 54);
}

/* Fills `indexes`; answers the number of distinct values, or 0 when there are too many. */
static inline __attribute__((always_inline)) uint32_t
index_numbers(const struct tc_column *column, uint8_t width, uint8_t *distinct, uint8_t *indexes)
{
    uint64_t numbers[DICTIONARY_MAX];
    uint16_t slots[HASH_SLOTS];
    uint32_t count = 0;

    memset(slots, 0xff, sizeof slots);
    for (uint32_t i = 0; i < column->count; i++) {
        uint64_t number = tc_number_at(column->values, i, width);
        uint32_t slot = slot_of(number);

        while (slots[slot] != EMPTY && numbers[slots[slot]] != number)
            slot = (slot + 1) % HASH_SLOTS;
        if (__builtin_expect(slots[slot] == EMPTY, 0)) {
            if (count == DICTIONARY_MAX)
                return 0;
            slots[slot] = (uint16_t)count;
            numbers[count] = number;
            memcpy(distinct + (size_t)count * width, &number, width);
            count++;
        }
        indexes[i] = (uint8_t)slots[slot];
    }
    return count;
}

/* The same for values of other widths, which are rare. */
static uint32_t index_bytes(const struct tc_column *column, uint8_t *distinct, uint8_t *indexes)
{
    uint8_t width = column->width;
    uint32_t count = 0;

    for (uint32_t i = 0; i < column->count; i++) {
        const uint8_t *value = column->values + (size_t)i * width;
        uint32_t j = 0;

        while (j < count && memcmp(distinct + (size_t)j * width, value, width) != 0)
            j++;
        if (j == count) {
            if (count == DICTIONARY_MAX)
                return 0;
            memcpy(distinct + (size_t)count++ * width, value, width);
        }
        indexes[i] = (uint8_t)j;
    }
    return count;
}

static uint32_t index_values(const struct tc_column *column, uint8_t *distinct, uint8_t *indexes)
{
    switch (column->width) {
    case 2: return index_numbers(column, 2, distinct, indexes);
    case 4: return index_numbers(column, 4, distinct, indexes);
    case 8: return index_numbers(column, 8, distinct, indexes);
    default: return index_bytes(column, distinct, indexes);
    }
}

static bool encode(struct tc_desk *desk, const struct tc_column *column, enum tc_effort effort,
                   struct tc_scribe *out)
{
    uint8_t distinct[DICTIONARY_MAX * TC_VALUE_BYTES_MAX];
    uint8_t *indexes = desk->scratch;
    uint32_t count;

    if (column->width < 2 || !tc_desk_fits(desk, column))
        return false;
    count = index_values(column, distinct, indexes);
    if (count == 0)
        return false;
    tc_varint_write(out, count);
    tc_stream_write(desk->press, out, distinct, (size_t)count * column->width, TC_EFFORT_MATCH);
    tc_stream_write(desk->press, out, indexes, column->count, effort);
    return true;
}

static void decode(struct tc_desk *desk, struct tc_cursor *in, struct tc_column *column)
{
    uint8_t distinct[DICTIONARY_MAX * TC_VALUE_BYTES_MAX];
    uint8_t *indexes = desk->scratch;
    uint64_t count = tc_varint_read(in);

    if (count == 0 || count > DICTIONARY_MAX || !tc_desk_fits(desk, column)) {
        in->failed = true;
        return;
    }
    tc_stream_read(desk->press, in, distinct, count * column->width);
    tc_stream_read(desk->press, in, indexes, column->count);
    for (uint32_t i = 0; i < column->count && !in->failed; i++) {
        in->failed = indexes[i] >= count;
        memcpy(column->values + (size_t)i * column->width,
               distinct + (size_t)indexes[i] * column->width, column->width);
    }
}

const struct tc_kind tc_kind_dictionary = {
    .id = 4,
    .name = "dictionary",
    .help = "at most 256 distinct values, then one byte for each value",
    .encode = encode,
    .decode = decode,
};
