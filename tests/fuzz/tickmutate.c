/*
 * Changing one part of a file: a box of its head or index, a column or the directory of a block,
 * a header; and putting lengths around it right.
 */
#include "file/layout.h"
#include "framesmith.h"
#include "tickparts.h"

enum { PARTS_MAX = 512, GROWTH_MAX = 64 };

/* Some bytes of a file. */
struct part {
    size_t at;
    size_t length;
};

static struct part choose(struct smith_random *random, const struct part *parts, size_t count)
{
    return parts[smith_below(random, (uint32_t)count)];
}

/*
 * Changes a part in place, and moves what is behind it so that it keeps its distance modulo
 * `unit`. *length is that of the whole; answers the new length of the part.
 */
static size_t change(uint8_t *bytes, size_t *length, size_t most, struct part part, size_t unit)
{
    size_t rest = part.at + tc_align_up(part.length, unit);
    size_t room = tc_align_up(part.length, unit) + (most - *length) / unit * unit;
    size_t growth = part.length + GROWTH_MAX;
    size_t now;
    uint8_t *copy;

    if (room > growth)
        room = growth;
    if (rest > *length || room == 0)
        return part.length;
    copy = malloc(room);
    FUZZ_MUST(copy != NULL, "no memory to change a part");
    memcpy(copy, bytes + part.at, part.length < room ? part.length : room);
    now = LLVMFuzzerMutate(copy, part.length < room ? part.length : room, room);
    memmove(bytes + part.at + tc_align_up(now, unit), bytes + rest, *length - rest);
    memcpy(bytes + part.at, copy, now);
    memset(bytes + part.at + now, 0, tc_align_up(now, unit) - now);
    *length = *length - rest + part.at + tc_align_up(now, unit);
    free(copy);
    return now;
}

/* ---- blocks ---- */

/* The columns of a block, by its directory. */
static size_t list_columns(const uint8_t *block, size_t stored, struct part *parts)
{
    uint32_t columns = tc_load_le32(block + TC_BLOCK_AT_columns);
    size_t at = TC_BLOCK_HEADER_BYTES;
    const uint8_t *entry;

    if (columns > PARTS_MAX ||
        columns * (size_t)TC_DIRECTORY_ENTRY_BYTES > stored - TC_BLOCK_HEADER_BYTES)
        return 0;
    entry = block + stored - columns * (size_t)TC_DIRECTORY_ENTRY_BYTES;
    for (uint32_t i = 0; i < columns; i++, entry += TC_DIRECTORY_ENTRY_BYTES) {
        parts[i] = (struct part){at, tc_load_le32(entry + 12)};
        at += parts[i].length;
        if (at > stored)
            return 0;
    }
    return columns;
}

/* Changes a column, and says so in the directory. */
static size_t change_column(uint8_t *block, size_t stored, size_t most, struct smith_random *random)
{
    struct part parts[PARTS_MAX];
    size_t columns = list_columns(block, stored, parts);
    size_t chosen, length = stored;
    uint8_t *entry;
    size_t now;

    if (columns == 0)
        return stored;
    chosen = smith_below(random, (uint32_t)columns);
    now = change(block, &length, most, parts[chosen], 1);
    entry = block + length - (columns - chosen) * TC_DIRECTORY_ENTRY_BYTES;
    tc_store_le32(entry + 12, (uint32_t)now);
    return length;
}

/* A column more, which names one again or anew; or one that is left out. */
static size_t change_count(uint8_t *block, size_t stored, size_t most, struct smith_random *random)
{
    uint32_t columns = tc_load_le32(block + TC_BLOCK_AT_columns);
    size_t entry = stored - TC_DIRECTORY_ENTRY_BYTES;

    if (columns == 0 || stored < TC_BLOCK_HEADER_BYTES + TC_DIRECTORY_ENTRY_BYTES)
        return stored;
    if (smith_once_in(random, 2)) {
        tc_store_le32(block + TC_BLOCK_AT_columns, columns - 1);
        return entry;
    }
    if (stored + TC_DIRECTORY_ENTRY_BYTES > most)
        return stored;
    memcpy(block + stored, block + entry, TC_DIRECTORY_ENTRY_BYTES);
    tc_store_le32(block + stored + 12, 0);
    tc_store_le32(block + TC_BLOCK_AT_columns, columns + 1);
    return stored + TC_DIRECTORY_ENTRY_BYTES;
}

/* A number of the header: a little more or less, or anything. */
static void change_number(uint8_t *bytes, struct smith_random *random)
{
    static const uint8_t places[] = {
        TC_BLOCK_AT_columns,     TC_BLOCK_AT_number,     TC_BLOCK_AT_stream,
        TC_BLOCK_AT_frames,      TC_BLOCK_AT_messages,   TC_BLOCK_AT_events,
        TC_BLOCK_AT_first_rx_ns, TC_BLOCK_AT_last_rx_ns, TC_BLOCK_AT_frame_bytes,
        TC_BLOCK_AT_flags,       TC_BLOCK_AT_chain,
    };
    uint8_t *at = bytes + places[smith_below(random, sizeof places)];

    if (smith_once_in(random, 2))
        tc_store_le32(at, tc_load_le32(at) + smith_below(random, 5) - 2);
    else
        tc_store_le32(at, (uint32_t)(smith_number(random) >> smith_below(random, 64)));
}

size_t tick_mutate_block(uint8_t *block, size_t length, size_t most, unsigned seed)
{
    struct smith_random random = {seed};
    uint32_t columns;

    if (length < TC_BLOCK_HEADER_BYTES || smith_once_in(&random, 12))
        return LLVMFuzzerMutate(block, length, most);
    columns = tc_load_le32(block + TC_BLOCK_AT_columns);
    switch (smith_below(&random, 10)) {
    case 0: change_number(block, &random); return length;
    case 1: length = change_count(block, length, most, &random); break;
    case 2:
        if (columns > 0 &&
            columns * (size_t)TC_DIRECTORY_ENTRY_BYTES <= length - TC_BLOCK_HEADER_BYTES) {
            size_t at = length - columns * (size_t)TC_DIRECTORY_ENTRY_BYTES;

            LLVMFuzzerMutate(block + at, length - at, length - at);
        }
        break;
    default: length = change_column(block, length, most, &random);
    }
    tc_store_le32(block + TC_BLOCK_AT_stored_bytes, (uint32_t)length);
    return length;
}

/* ---- boxes ---- */

/* Boxes between two places; the parts are their contents. */
static size_t list_boxes(const uint8_t *file, size_t at, size_t end, struct part *parts)
{
    size_t count = 0;

    while (count < PARTS_MAX && at + TC_BOX_HEAD_BYTES <= end && tc_load_le32(file + at) != 0) {
        uint64_t length = tc_load_le64(file + at + 8);

        at += TC_BOX_HEAD_BYTES;
        if (length > end - at)
            break;
        parts[count++] = (struct part){at, (size_t)length};
        at += tc_align_up((size_t)length, 8);
    }
    return count;
}

/* Changes a box between two places; answers the file's new length. */
static size_t change_box(uint8_t *file, size_t length, size_t most, struct part boxes,
                         struct smith_random *random)
{
    struct part parts[PARTS_MAX];
    size_t count = list_boxes(file, boxes.at, boxes.at + boxes.length, parts);
    struct part box;
    size_t now;

    if (count == 0)
        return length;
    box = choose(random, parts, count);
    if (smith_once_in(random, 16)) { /* it stands there again */
        size_t whole = TC_BOX_HEAD_BYTES + tc_align_up(box.length, 8);
        size_t from = box.at - TC_BOX_HEAD_BYTES;

        if (length + whole > most || from + whole > length)
            return length;
        memmove(file + from + whole, file + from, length - from);
        return length + whole;
    }
    now = change(file, &length, most, box, 8);
    tc_store_le64(file + box.at - TC_BOX_HEAD_BYTES + 8, now);
    return length;
}

/* ---- files ---- */

static size_t list_blocks(const uint8_t *file, size_t length, size_t at, struct part *parts)
{
    size_t count = 0;

    while (count < PARTS_MAX && at + TC_BLOCK_HEADER_BYTES <= length &&
           memcmp(file + at, TC_BLOCK_MAGIC, TC_MAGIC_BYTES) == 0) {
        size_t stored = tc_load_le32(file + at + TC_BLOCK_AT_stored_bytes);

        if (stored < TC_BLOCK_HEADER_BYTES || stored > length - at)
            break;
        parts[count++] = (struct part){at, stored};
        at += tc_align_up(stored, TC_BLOCK_ALIGN);
    }
    return count;
}

/* Makes what ends at `end` end at a multiple of 64, by zeros in front of `end` or fewer of them. */
static size_t settle(uint8_t *file, size_t length, size_t most, size_t end)
{
    size_t pad = tc_align_up(end, TC_BLOCK_ALIGN) - end;

    if (length + pad > most || end > length)
        return length;
    memmove(file + end + pad, file + end, length - end);
    memset(file + end, 0, pad);
    return length + pad;
}

static size_t mutate_head(uint8_t *file, size_t length, size_t most, size_t head_bytes,
                          struct smith_random *random)
{
    size_t before = length;

    if (smith_once_in(random, 5)) {
        LLVMFuzzerMutate(file + TC_HEAD_AT_run_id, TC_HEAD_AT_body_checksum - TC_HEAD_AT_run_id,
                         TC_HEAD_AT_body_checksum - TC_HEAD_AT_run_id);
        return length;
    }
    length = change_box(file, length, most,
                        (struct part){TC_HEAD_BYTES, head_bytes - TC_HEAD_BYTES}, random);
    head_bytes += length - before;
    length = settle(file, length, most, head_bytes);
    tc_store_le32(file + TC_HEAD_AT_head_bytes, (uint32_t)tc_align_up(head_bytes, TC_BLOCK_ALIGN));
    return length;
}

static size_t mutate_block(uint8_t *file, size_t length, size_t most, struct part block,
                           unsigned seed)
{
    size_t rest = block.at + tc_align_up(block.length, TC_BLOCK_ALIGN);
    size_t room = block.length + (most - length) / TC_BLOCK_ALIGN * TC_BLOCK_ALIGN;
    uint8_t *copy;
    size_t now;

    if (rest > length)
        return length;
    copy = malloc(room);
    FUZZ_MUST(copy != NULL, "no memory to change a block");
    memcpy(copy, file + block.at, block.length);
    now = tick_mutate_block(copy, block.length, room, seed);
    memmove(file + block.at + tc_align_up(now, TC_BLOCK_ALIGN), file + rest, length - rest);
    memcpy(file + block.at, copy, now);
    memset(file + block.at + now, 0, tc_align_up(now, TC_BLOCK_ALIGN) - now);
    free(copy);
    return length - rest + block.at + tc_align_up(now, TC_BLOCK_ALIGN);
}

static size_t mutate_end(uint8_t *file, size_t length, size_t most, size_t at,
                         struct smith_random *random)
{
    if (at + TC_INDEX_HEAD_BYTES + TC_TAIL_BYTES > length)
        return length;
    if (smith_once_in(random, 4)) {
        uint8_t *tail = file + length - TC_TAIL_BYTES;

        LLVMFuzzerMutate(tail, TC_TAIL_AT_tail_checksum, TC_TAIL_AT_tail_checksum);
        return length;
    }
    at += TC_INDEX_HEAD_BYTES;
    return change_box(file, length, most, (struct part){at, length - TC_TAIL_BYTES - at}, random);
}

size_t tick_mutate(uint8_t *file, size_t length, size_t most, unsigned seed)
{
    struct smith_random random = {seed};
    struct part blocks[PARTS_MAX];
    size_t head_bytes = length >= TC_HEAD_BYTES ? tc_load_le32(file + TC_HEAD_AT_head_bytes) : 0;
    size_t count;

    if (head_bytes < TC_HEAD_BYTES || head_bytes > length || smith_once_in(&random, 12))
        return LLVMFuzzerMutate(file, length, most);
    count = list_blocks(file, length, head_bytes, blocks);
    switch (smith_below(&random, 8)) {
    case 0:
    case 1: return mutate_head(file, length, most, head_bytes, &random);
    case 2:
        return mutate_end(file, length, most,
                          count > 0 ? blocks[count - 1].at +
                                          tc_align_up(blocks[count - 1].length, TC_BLOCK_ALIGN)
                                    : head_bytes,
                          &random);
    default:
        if (count == 0)
            return mutate_head(file, length, most, head_bytes, &random);
        return mutate_block(file, length, most, choose(&random, blocks, count),
                            (unsigned)smith_number(&random));
    }
}
