/*
 * Kernels between messages and columns: one field of many messages at a time.
 *
 * The plan decides once per field how its bytes move; the loop then only moves. Walking the table
 * for every message instead costs several times as much.
 */
#ifndef TC_BLOCK_GATHER_H
#define TC_BLOCK_GATHER_H

#include "block/plan.h"

/* values[i] = the field of messages[i], for i < count; `stored` is the column's width. */
void tc_gather(const struct tc_plan_field *field, uint8_t stored, const uint8_t *const *messages,
               uint32_t count, uint8_t *values);

/* The field of messages[i] = values[i]. */
void tc_scatter(const struct tc_plan_field *field, uint8_t stored, const uint8_t *values,
                uint32_t count, uint8_t *const *messages);

#endif
