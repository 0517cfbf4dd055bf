/* The loops. Widths are compile-time constants wherever a feed has them. */
#include "block/gather.h"

#include "base/bytes.h"

#define GATHER(i_load, type)                                             \
    for (uint32_t i = 0; i < count; i++) {                               \
        type value = i_load(messages[i] + offset);                       \
        memcpy(values + (size_t)i * sizeof value, &value, sizeof value); \
    }

static inline uint8_t load_byte(const uint8_t *at)
{
    return *at;
}

static void gather_bytes(size_t offset, uint8_t width, const uint8_t *const *messages,
                         uint32_t count, uint8_t *values)
{
    switch (width) {
    case 1: GATHER(load_byte, uint8_t) break;
    case 2: GATHER(tc_load_le16, uint16_t) break;
    case 4: GATHER(tc_load_le32, uint32_t) break;
    case 8: GATHER(tc_load_le64, uint64_t) break;
    default:
        for (uint32_t i = 0; i < count; i++)
            memcpy(values + (size_t)i * width, messages[i] + offset, width);
    }
}

void tc_gather(const struct tc_plan_field *field, uint8_t stored, const uint8_t *const *messages,
               uint32_t count, uint8_t *values)
{
    size_t offset = field->offset;

    switch ((enum tc_move)field->move) {
    case TC_MOVE_BYTES: gather_bytes(offset, field->width, messages, count, values); break;
    case TC_MOVE_BE16: GATHER(tc_load_be16, uint16_t) break;
    case TC_MOVE_BE32: GATHER(tc_load_be32, uint32_t) break;
    case TC_MOVE_BE64: GATHER(tc_load_be64, uint64_t) break;
    case TC_MOVE_BE:
        if (field->width == 6) {
            for (uint32_t i = 0; i < count; i++)
                tc_store_le64(values + (size_t)i * 8, (uint64_t)tc_load_be16(messages[i] + offset)
                                                              << 32 |
                                                          tc_load_be32(messages[i] + offset + 2));
            break;
        }
        /* fall through */
    case TC_MOVE_LE:
        for (uint32_t i = 0; i < count; i++)
            tc_store_uint(
                values + (size_t)i * stored,
                tc_load_uint(messages[i] + offset, field->width, field->move == TC_MOVE_BE), stored,
                false);
        break;
    }
}

#define SCATTER(load, store)             \
    for (uint32_t i = 0; i < count; i++) \
        store(messages[i] + offset, load(values + (size_t)i * stored));

void tc_scatter(const struct tc_plan_field *field, uint8_t stored, const uint8_t *values,
                uint32_t count, uint8_t *const *messages)
{
    size_t offset = field->offset;

    switch ((enum tc_move)field->move) {
    case TC_MOVE_BYTES:
        for (uint32_t i = 0; i < count; i++)
            memcpy(messages[i] + offset, values + (size_t)i * stored, field->width);
        break;
    case TC_MOVE_BE16: SCATTER(tc_load_le16, tc_store_be16) break;
    case TC_MOVE_BE32: SCATTER(tc_load_le32, tc_store_be32) break;
    case TC_MOVE_BE64: SCATTER(tc_load_le64, tc_store_be64) break;
    case TC_MOVE_BE:
    case TC_MOVE_LE:
        for (uint32_t i = 0; i < count; i++)
            tc_store_uint(messages[i] + offset,
                          tc_load_uint(values + (size_t)i * stored, stored, false), field->width,
                          field->move == TC_MOVE_BE);
        break;
    }
}
