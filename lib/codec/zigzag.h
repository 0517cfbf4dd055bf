/* Differences of neighbours, small ones near zero whatever their sign: kernels of both deltas. */
#ifndef TC_CODEC_ZIGZAG_H
#define TC_CODEC_ZIGZAG_H

#include "base/bytes.h"

static inline uint64_t tc_zigzag(int64_t difference)
{
    return ((uint64_t)difference << 1) ^ (uint64_t)(difference >> 63);
}

static inline int64_t tc_unzigzag(uint64_t coded)
{
    return (int64_t)(coded >> 1) ^ -(int64_t)(coded & 1);
}

/* Value `index` of a number column. */
static inline uint64_t tc_number_at(const uint8_t *values, uint32_t index, uint8_t width)
{
    switch (width) {
    case 1: return values[index];
    case 2: return tc_load_le16(values + (size_t)index * 2);
    case 4: return tc_load_le32(values + (size_t)index * 4);
    default: return tc_load_le64(values + (size_t)index * 8);
    }
}

/* A difference of `width`-byte numbers, sign extended: the shorter way around. */
static inline int64_t tc_difference(uint64_t to, uint64_t from, uint8_t width)
{
    unsigned spare = 64 - 8u * width;

    return (int64_t)((to - from) << spare) >> spare;
}

/*
 * coded[i] = zigzag(values[i + 1] - values[i]) for the count - 1 values after the first.
 * Answers all of them ORed together.
 */
uint64_t tc_zigzag_code(const uint8_t *values, uint32_t count, uint8_t width, uint64_t *coded);

/* The way back; values[0] is in place. */
void tc_zigzag_decode(const uint64_t *coded, uint32_t count, uint8_t width, uint8_t *values);

#endif
