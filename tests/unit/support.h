/*
 * What several unit tests share: random numbers that are the same in every run, and copies of
 * bytes whose end is the end of their allocation, so that a sanitizer sees one byte too many.
 */
#ifndef TC_UNIT_SUPPORT_H
#define TC_UNIT_SUPPORT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* SplitMix64: any seed is a good one. */
struct test_random {
    uint64_t state;
};

static inline uint64_t test_random(struct test_random *random)
{
    uint64_t mixed = random->state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

/* 0 <= number < bound */
static inline uint64_t test_below(struct test_random *random, uint64_t bound)
{
    return test_random(random) % bound;
}

/* lowest <= number <= highest */
static inline int64_t test_between(struct test_random *random, int64_t lowest, int64_t highest)
{
    return lowest + (int64_t)test_below(random, (uint64_t)(highest - lowest) + 1);
}

static inline void test_fill(struct test_random *random, void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)test_random(random);
}

/* Room for `length` bytes and nothing behind them, at an odd address; 0 bytes are good too. */
static inline uint8_t *test_exact(size_t length)
{
    uint8_t *block = malloc(length + 1);

    if (block == NULL)
        abort();
    return block + 1;
}

static inline uint8_t *test_exact_copy(const void *bytes, size_t length)
{
    uint8_t *copy = test_exact(length);

    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

static inline void test_exact_free(uint8_t *exact)
{
    free(exact - 1);
}

#endif
