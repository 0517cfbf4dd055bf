/* One loop for each width, so that the width is no question inside it. */
#include "codec/zigzag.h"

static inline __attribute__((always_inline)) uint64_t code(const uint8_t *values, uint32_t count,
                                                           uint8_t width, uint64_t *coded)
{
    uint64_t any = 0;

    for (uint32_t i = 1; i < count; i++) {
        uint64_t one = tc_zigzag(tc_difference(tc_number_at(values, i, width),
                                               tc_number_at(values, i - 1, width), width));

        coded[i - 1] = one;
        any |= one;
    }
    return any;
}

uint64_t tc_zigzag_code(const uint8_t *values, uint32_t count, uint8_t width, uint64_t *coded)
{
    switch (width) {
    case 1: return code(values, count, 1, coded);
    case 2: return code(values, count, 2, coded);
    case 4: return code(values, count, 4, coded);
    default: return code(values, count, 8, coded);
    }
}

static inline __attribute__((always_inline)) void decode(const uint64_t *coded, uint32_t count,
                                                         uint8_t width, uint8_t *values)
{
    uint64_t value = count > 0 ? tc_number_at(values, 0, width) : 0;

    for (uint32_t i = 1; i < count; i++) {
        value += (uint64_t)tc_unzigzag(coded[i - 1]);
        memcpy(values + (size_t)i * width, &value, width);
    }
}

void tc_zigzag_decode(const uint64_t *coded, uint32_t count, uint8_t width, uint8_t *values)
{
    switch (width) {
    case 1: decode(coded, count, 1, values); break;
    case 2: decode(coded, count, 2, values); break;
    case 4: decode(coded, count, 4, values); break;
    default: decode(coded, count, 8, values); break;
    }
}
