/* Records of blocks and sets of symbols. */
#include "file/index.h"

#include <assert.h>

#include "base/placer.h"

enum { HASH_SLOTS = 4 * TC_SET_NAMES_MAX, SET_HEAD_LOCATES = 4 };

static size_t record_bytes_max(const struct tc_catalog *catalog)
{
    size_t set = TC_INDEX_SET_BYTES + TC_SET_NAMES_MAX * sizeof(uint64_t);

    return TC_INDEX_RECORD_BYTES + TC_RANGES_MAX * (size_t)TC_INDEX_RANGE_BYTES +
           catalog->group_count * set;
}

static void place(struct tc_index *index, struct tc_placer *placer,
                  const struct tc_catalog *catalog, const struct tc_block_limits *limits)
{
    uint8_t *records = tc_place(placer, TC_INDEX_BYTES);
    uint8_t *symbols = tc_place(placer, TC_SYMBOL_LOG_ENTRIES * TC_SYMBOL_LOG_BYTES);

    index->present = tc_place(placer, TC_LOCATES);
    index->hashed = tc_place(placer, HASH_SLOTS * sizeof(uint64_t));
    index->gathered = tc_place(placer, limits->messages * sizeof(uint64_t));
    index->record_bytes_max = record_bytes_max(catalog);
    index->records = tc_scribe_of(records, TC_INDEX_BYTES);
    index->symbols = tc_scribe_of(symbols, TC_SYMBOL_LOG_ENTRIES * TC_SYMBOL_LOG_BYTES);
}

size_t tc_index_footprint(const struct tc_catalog *catalog, const struct tc_block_limits *limits)
{
    struct tc_placer placer = {0};
    struct tc_index measured;

    place(&measured, &placer, catalog, limits);
    return placer.used;
}

void tc_index_init(struct tc_index *index, void *memory, const struct tc_catalog *catalog,
                   const struct tc_block_limits *limits)
{
    struct tc_placer placer = {.memory = memory};

    *index = (struct tc_index){0};
    place(index, &placer, catalog, limits);
    assert(index->record_bytes_max <= TC_INDEX_BYTES);
}

void tc_index_reset(struct tc_index *index)
{
    index->records.length = 0;
    index->symbols.length = 0;
    index->blocks = 0;
}

bool tc_index_has_room(const struct tc_index *index)
{
    /* a block names at most as many symbols as it has messages, and those told before it */
    size_t names = (size_t)TC_SYMBOL_LOG_BYTES * 2 * TC_LOCATES;

    return index->blocks < TC_SEGMENT_BLOCKS_MAX &&
           index->records.capacity - index->records.length >= index->record_bytes_max &&
           index->symbols.capacity - index->symbols.length >= names;
}

void tc_index_symbol(struct tc_index *index, uint16_t channel, const uint8_t *payload)
{
    if (index->symbols.capacity - index->symbols.length < TC_SYMBOL_LOG_BYTES)
        return; /* the events in the blocks remain */
    tc_scribe_uint(&index->symbols, index->blocks, 4);
    tc_scribe_uint(&index->symbols, channel, 2);
    tc_scribe_bytes(&index->symbols, payload, 2 + TC_SYMBOL_BYTES);
}

/* ---- sets ---- */

static void begin_set(struct tc_scribe *out, uint16_t group, enum tc_symbol_set form, size_t bytes)
{
    tc_scribe_uint(out, group, 2);
    tc_scribe_uint(out, form, 2);
    tc_scribe_uint(out, bytes, 4);
}

static void add_locates(struct tc_index *index, uint16_t group, uint32_t count)
{
    uint32_t first = TC_LOCATES;
    uint32_t last = 0;
    uint8_t *bits;

    memset(index->present, 0, TC_LOCATES);
    for (uint32_t i = 0; i < count; i++)
        index->present[tc_load_le16(index->gathered + (size_t)i * 2)] = 1;
    for (uint32_t i = 0; i < TC_LOCATES; i++)
        if (index->present[i] != 0) {
            first = i < first ? i : first;
            last = i;
        }
    first -= first % 8;
    begin_set(&index->records, group, TC_SET_LOCATES, SET_HEAD_LOCATES + (last - first) / 8 + 1);
    tc_scribe_uint(&index->records, first, 2);
    tc_scribe_uint(&index->records, 0, 2);
    bits = tc_scribe_room(&index->records, (last - first) / 8 + 1);
    memset(bits, 0, (last - first) / 8 + 1);
    for (uint32_t i = first; i <= last; i++)
        bits[(i - first) / 8] |= (uint8_t)(index->present[i] << (i % 8));
}

/* Distinct names; answers false when there are too many to list. */
static bool add_names(struct tc_index *index, uint16_t group, uint32_t count)
{
    struct tc_scribe *out = &index->records;
    size_t begin = out->length;
    uint32_t distinct = 0;

    begin_set(out, group, TC_SET_NAMES, 0);
    memset(index->hashed, 0, HASH_SLOTS * sizeof(uint64_t));
    for (uint32_t i = 0; i < count; i++) {
        uint64_t name = tc_load_le64(index->gathered + (size_t)i * 8);
        uint64_t slot = name * UINT64_C(0x9e3779b97f4a7c15) >> 48;

        slot %= HASH_SLOTS;
        while (index->hashed[slot] != 0 && index->hashed[slot] != name)
            slot = (slot + 1) % HASH_SLOTS;
        if (index->hashed[slot] == name)
            continue; /* also the name of all zeros, which is none */
        if (distinct++ == TC_SET_NAMES_MAX) {
            out->length = begin;
            return false;
        }
        index->hashed[slot] = name;
        tc_scribe_uint(out, name, 8);
    }
    tc_store_le32(out->bytes + begin + 4, distinct * 8);
    return true;
}

/* The set of a group, where its columns can tell; answers whether there is one. */
static bool add_set(struct tc_index *index, const struct tc_split *split, uint16_t number)
{
    const struct tc_group *group = &split->groups[number];

    for (uint16_t i = 0; i < group->plan.shared_count; i++) {
        const struct tc_plan_column *column = &group->plan.columns[i];
        const struct tc_lane *lane = &group->lanes[i];

        if (lane->count == 0 ||
            (column->meaning != TC_MEAN_LOCATE && column->meaning != TC_MEAN_SYMBOL))
            continue;
        if (column->meaning == TC_MEAN_LOCATE && lane->width == 2) {
            tc_lane_gather(&split->pool, lane, index->gathered);
            add_locates(index, number, lane->count);
            return true;
        }
        if (column->meaning == TC_MEAN_SYMBOL && lane->width == TC_SYMBOL_BYTES) {
            tc_lane_gather(&split->pool, lane, index->gathered);
            return add_names(index, number, lane->count);
        }
    }
    return false;
}

void tc_index_add(struct tc_index *index, const struct tc_block_header *header,
                  const struct tc_split *split)
{
    struct tc_scribe *out = &index->records;
    size_t begin = out->length;
    uint16_t sets = 0;

    tc_scribe_uint(out, header->offset, 8);
    tc_scribe_uint(out, header->stored_bytes, 4);
    tc_scribe_uint(out, header->frames, 4);
    tc_scribe_uint(out, header->messages, 4);
    tc_scribe_uint(out, header->flags, 4);
    tc_scribe_uint(out, header->number, 8);
    tc_scribe_uint(out, header->first_rx_ns, 8);
    tc_scribe_uint(out, header->last_rx_ns, 8);
    tc_scribe_uint(out, split->range_count, 4);
    tc_scribe_uint(out, 0, 2); /* sets, see below */
    tc_scribe_uint(out, 0, 2);
    tc_scribe_uint(out, 0, 4); /* bytes of the whole record, see below */
    tc_scribe_uint(out, 0, 4);
    for (uint32_t i = 0; i < split->range_count; i++) {
        const struct tc_number_range *range = &split->ranges[i];

        tc_scribe_uint(out, range->line, 8);
        tc_scribe_bytes(out, &range->session, sizeof range->session);
        tc_scribe_uint(out, range->first, 8);
        tc_scribe_uint(out, range->end, 8);
    }
    /* messages of packets that were stored raw are in no column; then nothing is claimed */
    for (uint16_t i = 0; split->raw_packets == 0 && i < split->catalog->group_count; i++)
        sets += add_set(index, split, i);
    tc_scribe_align(out, 8);
    tc_store_le16(out->bytes + begin + 52, sets);
    tc_store_le32(out->bytes + begin + 56, (uint32_t)(out->length - begin));
    index->blocks++;
    assert(!out->failed);
}

/* ---- reading ---- */

bool tc_index_next(struct tc_cursor *in, struct tc_index_record *record)
{
    struct tc_cursor fields;
    const uint8_t *bytes;
    uint32_t ranges, length;

    if (in->failed || tc_cursor_left(in) == 0)
        return false;
    bytes = tc_cursor_take(in, TC_INDEX_RECORD_BYTES);
    if (bytes == NULL)
        return false;
    fields = tc_cursor_of(bytes, TC_INDEX_RECORD_BYTES);
    record->offset = tc_cursor_u64(&fields);
    record->stored_bytes = tc_cursor_u32(&fields);
    record->frames = tc_cursor_u32(&fields);
    record->messages = tc_cursor_u32(&fields);
    record->flags = tc_cursor_u32(&fields);
    record->number = tc_cursor_u64(&fields);
    record->first_rx_ns = tc_cursor_u64(&fields);
    record->last_rx_ns = tc_cursor_u64(&fields);
    ranges = tc_cursor_u32(&fields);
    record->set_count = tc_cursor_u16(&fields);
    tc_cursor_zero(&fields, 2);
    length = tc_cursor_u32(&fields);
    tc_cursor_zero(&fields, 4);
    if (fields.failed || length < TC_INDEX_RECORD_BYTES + (uint64_t)ranges * TC_INDEX_RANGE_BYTES ||
        length - TC_INDEX_RECORD_BYTES > tc_cursor_left(in)) {
        in->failed = true;
        return false;
    }
    record->ranges = tc_cursor_of(in->at, ranges * (size_t)TC_INDEX_RANGE_BYTES);
    record->sets = tc_cursor_of(record->ranges.end,
                                length - TC_INDEX_RECORD_BYTES - tc_cursor_left(&record->ranges));
    tc_cursor_take(in, length - TC_INDEX_RECORD_BYTES);
    return true;
}

static bool set_holds(const uint8_t *set, uint32_t bytes, enum tc_symbol_set form, uint16_t locate,
                      const uint8_t *name)
{
    if (form == TC_SET_LOCATES && bytes >= SET_HEAD_LOCATES) {
        uint32_t first = tc_load_le16(set);
        uint32_t bit = (uint32_t)locate - first;

        return locate >= first && bit / 8 < bytes - SET_HEAD_LOCATES &&
               (set[SET_HEAD_LOCATES + bit / 8] >> (bit % 8) & 1) != 0;
    }
    for (uint32_t i = 0; form == TC_SET_NAMES && i + 8 <= bytes; i += 8)
        if (memcmp(set + i, name, TC_SYMBOL_BYTES) == 0)
            return true;
    return false;
}

bool tc_index_may_hold(const struct tc_index_record *record, uint16_t group, uint16_t locate,
                       const uint8_t *name)
{
    struct tc_cursor sets = record->sets;

    for (uint16_t i = 0; i < record->set_count; i++) {
        uint16_t of = tc_cursor_u16(&sets);
        uint16_t form = tc_cursor_u16(&sets);
        uint32_t bytes = tc_cursor_u32(&sets);
        const uint8_t *set = tc_cursor_take(&sets, bytes);

        if (set == NULL)
            return true; /* a damaged index loses nobody a message */
        if (of == group)
            return set_holds(set, bytes, form, locate, name);
    }
    return true;
}
