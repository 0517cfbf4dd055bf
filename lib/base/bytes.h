/*
 * Numbers in byte strings: loads and stores of both byte orders at any alignment, and a cursor
 * that never reads past its end.
 *
 * memcpy of a fixed size compiles to one move, so these are free and defined for every alignment.
 * x86-64 is little endian; the static assert below is the only place that relies on it.
 */
#ifndef TC_BASE_BYTES_H
#define TC_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "written for little-endian machines");

static inline uint16_t tc_load_le16(const void *at)
{
    uint16_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint32_t tc_load_le32(const void *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t tc_load_le64(const void *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint16_t tc_load_be16(const void *at)
{
    return __builtin_bswap16(tc_load_le16(at));
}

static inline uint32_t tc_load_be32(const void *at)
{
    return __builtin_bswap32(tc_load_le32(at));
}

static inline uint64_t tc_load_be64(const void *at)
{
    return __builtin_bswap64(tc_load_le64(at));
}

static inline void tc_store_le16(void *at, uint16_t value)
{
    memcpy(at, &value, sizeof value);
}

static inline void tc_store_le32(void *at, uint32_t value)
{
    memcpy(at, &value, sizeof value);
}

static inline void tc_store_le64(void *at, uint64_t value)
{
    memcpy(at, &value, sizeof value);
}

static inline void tc_store_be16(void *at, uint16_t value)
{
    tc_store_le16(at, __builtin_bswap16(value));
}

static inline void tc_store_be32(void *at, uint32_t value)
{
    tc_store_le32(at, __builtin_bswap32(value));
}

static inline void tc_store_be64(void *at, uint64_t value)
{
    tc_store_le64(at, __builtin_bswap64(value));
}

/* `width` bytes (1 to 8) as an unsigned number; nothing beyond them is touched. */
static inline uint64_t tc_load_uint(const void *at, unsigned width, bool big_endian)
{
    const uint8_t *bytes = at;
    unsigned ends = width >= 4 ? width - 4 : width / 2;

    /* first and last bytes, which may overlap: no loop, whose end would be mispredicted */
    if (width >= 4 && big_endian)
        return (uint64_t)tc_load_be32(bytes) << (8 * ends) | tc_load_be32(bytes + ends);
    if (width >= 4)
        return tc_load_le32(bytes) | (uint64_t)tc_load_le32(bytes + ends) << (8 * ends);
    if (width == 0)
        return 0;
    if (big_endian)
        return (uint32_t)bytes[0] << (8 * (width - 1)) |
               (uint32_t)bytes[ends] << (8 * (width - 1 - ends)) | bytes[width - 1];
    return bytes[0] | (uint32_t)bytes[ends] << (8 * ends) |
           (uint32_t)bytes[width - 1] << (8 * (width - 1));
}

/* The lowest `width` bytes (1 to 8) of `value`. */
static inline void tc_store_uint(void *at, uint64_t value, unsigned width, bool big_endian)
{
    uint8_t *bytes = at;

    for (unsigned i = 0; i < width; i++)
        bytes[big_endian ? width - 1 - i : i] = (uint8_t)(value >> (8 * i));
}

static inline size_t tc_align_up(size_t value, size_t power_of_two)
{
    return (value + power_of_two - 1) & ~(power_of_two - 1);
}

/*
 * Reads bytes that may be wrong. A read past the end gives zeros and sets `failed`; callers read a
 * whole structure and look at `failed` once.
 */
struct tc_cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

static inline struct tc_cursor tc_cursor_of(const void *bytes, size_t length)
{
    const uint8_t *at = bytes; /* may be NULL where there is nothing */

    return (struct tc_cursor){.at = at, .end = length > 0 ? at + length : at};
}

static inline size_t tc_cursor_left(const struct tc_cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

/* The next `length` bytes, or NULL (and `failed`) when there are fewer. */
static inline const uint8_t *tc_cursor_take(struct tc_cursor *cursor, size_t length)
{
    const uint8_t *taken = cursor->at;

    if (cursor->failed || length > tc_cursor_left(cursor)) {
        cursor->failed = true;
        return NULL;
    }
    cursor->at += length;
    return taken;
}

static inline uint64_t tc_cursor_uint(struct tc_cursor *cursor, unsigned width)
{
    const uint8_t *taken = tc_cursor_take(cursor, width);

    return taken != NULL ? tc_load_uint(taken, width, false) : 0;
}

static inline uint8_t tc_cursor_u8(struct tc_cursor *cursor)
{
    return (uint8_t)tc_cursor_uint(cursor, 1);
}

static inline uint16_t tc_cursor_u16(struct tc_cursor *cursor)
{
    return (uint16_t)tc_cursor_uint(cursor, 2);
}

static inline uint32_t tc_cursor_u32(struct tc_cursor *cursor)
{
    return (uint32_t)tc_cursor_uint(cursor, 4);
}

static inline uint64_t tc_cursor_u64(struct tc_cursor *cursor)
{
    return tc_cursor_uint(cursor, 8);
}

/* Reserved bytes: up to eight that must be zero. */
static inline void tc_cursor_zero(struct tc_cursor *cursor, unsigned width)
{
    if (tc_cursor_uint(cursor, width) != 0)
        cursor->failed = true;
}

/*
 * Writes little-endian numbers into memory of a known size. A write past the end changes nothing
 * and sets `failed`; `length` goes on counting, so that a caller can learn the size it needed.
 */
struct tc_scribe {
    uint8_t *bytes;
    size_t length;
    size_t capacity;
    bool failed;
};

static inline struct tc_scribe tc_scribe_of(void *bytes, size_t capacity)
{
    return (struct tc_scribe){.bytes = bytes, .capacity = capacity};
}

/* Room for `length` bytes, or NULL (and `failed`) when there is not as much. */
static inline uint8_t *tc_scribe_room(struct tc_scribe *scribe, size_t length)
{
    uint8_t *room = NULL;

    if (scribe->failed || length > scribe->capacity - scribe->length)
        scribe->failed = true;
    else
        room = scribe->bytes + scribe->length;
    scribe->length += length;
    return room;
}

static inline void tc_scribe_uint(struct tc_scribe *scribe, uint64_t value, unsigned width)
{
    uint8_t *room = tc_scribe_room(scribe, width);

    if (room != NULL)
        tc_store_uint(room, value, width, false);
}

static inline void tc_scribe_bytes(struct tc_scribe *scribe, const void *bytes, size_t length)
{
    uint8_t *room = tc_scribe_room(scribe, length);

    if (room != NULL && length > 0)
        memcpy(room, bytes, length);
}

/* Zeros up to the next multiple of `power_of_two`. */
static inline void tc_scribe_align(struct tc_scribe *scribe, size_t power_of_two)
{
    size_t length = tc_align_up(scribe->length, power_of_two) - scribe->length;
    uint8_t *room = tc_scribe_room(scribe, length);

    if (room != NULL)
        memset(room, 0, length);
}

#endif
