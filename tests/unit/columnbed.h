/*
 * Columns to test with: values of several patterns, stored and read back in memory that ends where
 * they end. Shared by the tests of kinds, of damage, of policies and of streams.
 */
#ifndef TC_UNIT_COLUMNBED_H
#define TC_UNIT_COLUMNBED_H

#include "codec/policy.h"

struct test_random;

enum { COLUMN_VALUES_MAX = 70000 };

enum pattern { RANDOM, CONSTANT, RAMP, SPARSE, EXTREME, FEW, PATTERNS };

/* For test suites: a press for the longest columns, and its end. */
extern struct tc_press *column_press;
void columns_set_up(void);
void columns_tear_down(void);

/* Another press, for streams of at most so many bytes. */
void columns_press_set_up(size_t stream_bytes);

/* Values that the caller frees with test_exact_free. */
struct tc_column column_make(struct test_random *random, enum pattern pattern, uint32_t count,
                             uint8_t width);

/* A desk with scratch for so many values; the caller frees that. */
struct tc_desk column_desk(uint32_t count);

/* Encodes in memory of exactly the bound. Answers the length; 0 when the kind does not take it. */
size_t column_encode(const struct tc_kind *kind, const struct tc_column *column,
                     enum tc_effort effort, uint8_t *bytes);

/* Decodes into memory of exactly the column's size; answers it, or NULL when that failed. */
uint8_t *column_decode(const struct tc_kind *kind, const uint8_t *bytes, size_t length,
                       const struct tc_column *like, uint8_t before, size_t *left);

/* There and back; answers whether the kind takes such a column. */
bool column_round_trip(const struct tc_kind *kind, const struct tc_column *column,
                       enum pattern pattern, enum tc_effort effort);

#endif
