/* Column after column into the block, their directory at its end, its header in front. */
#include "block/pack.h"

#include <assert.h>

#include "base/placer.h"

/* Columns a block can have: those of frames and packets, and those of every group. */
static size_t columns_max(const struct tc_catalog *catalog)
{
    size_t columns = TC_BLOCK_COLUMNS;

    for (uint16_t i = 0; i < catalog->group_count; i++)
        for (size_t class = 0; class < catalog->group_feeds[i]->type_count; class ++)
            columns += catalog->group_feeds[i]->types[class].field_count;
    return columns + 4u * catalog->group_count;
}

static size_t boxes_bytes_max(const struct tc_catalog *catalog)
{
    return catalog->line_count * (size_t)(TC_LINE_STATE_BYTES_MAX + 8) +
           catalog->channel_count * (size_t)(TC_MERGED_BYTES + 8) + TC_NIC_BYTES +
           TC_RANGES_MAX * (size_t)TC_RANGE_BYTES +
           TC_TEMPLATES_MAX * (size_t)(TC_TEMPLATE_PADDED + TC_TEMPLATE_HEAD_BYTES) +
           TC_LEDGER_BYTES_MAX + TC_CLOCK_BYTES;
}

/* No column is longer than all bytes of the block widened, eight bytes a frame, or the boxes. */
static size_t column_bytes_max(const struct tc_catalog *catalog,
                               const struct tc_block_limits *limits)
{
    size_t values = (size_t)limits->bytes * 2 +
                    catalog->line_count * (size_t)TC_LATENCY_EVENT_BYTES;
    size_t frames = (size_t)limits->frames * 8;
    size_t boxes = boxes_bytes_max(catalog);
    size_t most = values > frames ? values : frames;

    return most > boxes ? most : boxes;
}

static size_t block_bytes_max(const struct tc_catalog *catalog,
                              const struct tc_block_limits *limits)
{
    size_t per_column = TC_DIRECTORY_ENTRY_BYTES + tc_column_bound(0, 0);

    /* a value may grow by two bytes; a byte of a frame is in one value and may be one alone */
    return TC_BLOCK_HEADER_BYTES + columns_max(catalog) * per_column + (size_t)limits->bytes * 4 +
           (size_t)limits->frames * 128 + (size_t)limits->messages * 8 +
           boxes_bytes_max(catalog) * 3 + catalog->line_count * (size_t)TC_LATENCY_EVENT_BYTES;
}

static void place(struct tc_pack *pack, struct tc_placer *placer, const struct tc_catalog *catalog,
                  const struct tc_block_limits *limits)
{
    uint32_t values = limits->frames > limits->messages ? limits->frames : limits->messages;
    size_t column_bytes = column_bytes_max(catalog, limits);
    void *press = tc_place(placer, tc_press_footprint(column_bytes));

    pack->desk.scratch_bytes = tc_desk_scratch_bytes(values);
    pack->desk.scratch = tc_place(placer, pack->desk.scratch_bytes);
    pack->gathered_bytes = column_bytes;
    pack->gathered = tc_place(placer, column_bytes);
    pack->directory = tc_place(placer, columns_max(catalog) * TC_DIRECTORY_ENTRY_BYTES);
    pack->directory_bytes = columns_max(catalog) * TC_DIRECTORY_ENTRY_BYTES;
    pack->capacity = block_bytes_max(catalog, limits);
    pack->bytes = tc_place(placer, pack->capacity);
    if (placer->memory != NULL)
        pack->desk.press = tc_press_init(press, column_bytes);
}

size_t tc_pack_footprint(const struct tc_catalog *catalog, const struct tc_block_limits *limits)
{
    struct tc_placer placer = {0};
    struct tc_pack measured;

    place(&measured, &placer, catalog, limits);
    return placer.used;
}

void tc_pack_init(struct tc_pack *pack, void *memory, const struct tc_catalog *catalog,
                  const struct tc_block_limits *limits, bool compress)
{
    struct tc_placer placer = {.memory = memory};

    place(pack, &placer, catalog, limits);
    tc_press_set(pack->desk.press, compress);
}

/* Where the directory and the columns of the block being packed have got to. */
struct packing {
    struct tc_pack *pack;
    struct tc_scribe directory;
    struct tc_scribe body;
    uint32_t columns;
};

/* The name of a column: the first bytes of its directory entry. */
struct column_name {
    uint8_t scope; /* enum tc_scope */
    uint16_t group;
    uint8_t class;
    uint8_t field;
};

static void put(struct packing *packing, struct column_name name, uint8_t meaning,
                const struct tc_column *column)
{
    size_t before = packing->body.length;
    struct tc_scribe *entry = &packing->directory;
    uint8_t kind;

    if (column->count == 0)
        return;
    kind = tc_column_encode(&packing->pack->desk, column, meaning, &packing->body);
    tc_scribe_uint(entry, name.scope, 1);
    tc_scribe_uint(entry, kind, 1);
    tc_scribe_uint(entry, name.group, 2);
    tc_scribe_uint(entry, name.class, 1);
    tc_scribe_uint(entry, name.field, 1);
    tc_scribe_uint(entry, column->width, 1);
    tc_scribe_uint(entry, 0, 1);
    tc_scribe_uint(entry, column->count, 4);
    tc_scribe_uint(entry, packing->body.length - before, 4);
    packing->columns++;
}

static void put_lane(struct packing *packing, const struct tc_lane_pool *pool,
                     struct column_name name, uint8_t meaning, const struct tc_lane *lane)
{
    struct tc_column column = {packing->pack->gathered, lane->count, lane->width};

    tc_lane_gather(pool, lane, column.values);
    put(packing, name, meaning, &column);
}

static bool all_zero(const void *values, size_t bytes)
{
    const uint8_t *at = values;

    return bytes == 0 || (at[0] == 0 && memcmp(at, at + 1, bytes - 1) == 0);
}

struct block_column {
    uint8_t width;
    uint8_t meaning;
};

static const struct block_column block_columns[TC_BLOCK_COLUMNS] = {
#define TC_BLOCK_COLUMN_ROW(id, code, name, width, meaning, what) [id] = {width, meaning},
    TC_BLOCK_COLUMN_TABLE(TC_BLOCK_COLUMN_ROW)
#undef TC_BLOCK_COLUMN_ROW
};

/* A column of the block itself; one that is all zero is left out. */
static void put_values(struct packing *packing, enum tc_block_column id, const void *values,
                       uint32_t count)
{
    struct tc_column column = {(uint8_t *)(uintptr_t)values, count, block_columns[id].width};

    if (!all_zero(values, tc_column_bytes(&column)))
        put(packing, (struct column_name){.scope = TC_SCOPE_BLOCK, .field = (uint8_t)id},
            block_columns[id].meaning, &column);
}

static void put_block_lane(struct packing *packing, const struct tc_lane_pool *pool,
                           enum tc_block_column id, const struct tc_lane *lane)
{
    put_lane(packing, pool, (struct column_name){.scope = TC_SCOPE_BLOCK, .field = (uint8_t)id},
             block_columns[id].meaning, lane);
}

static void put_frames(struct packing *packing, const struct tc_split *split)
{
    const struct tc_frame_columns *columns = &split->columns;
    const struct {
        enum tc_block_column id;
        const void *values;
        uint32_t count;
    } rows[] = {
        {TC_COL_RX_TIME, columns->rx_ns, split->frames},
        {TC_COL_PROC_TIME, columns->proc_ns, split->proc_differs ? split->frames : 0},
        {TC_COL_FLAGS, columns->flags, split->frames},
        {TC_COL_WIRE, columns->wire, split->frames},
        {TC_COL_TEMPLATE, columns->template, split->frames},
        {TC_COL_RAW_LINE, columns->raw_line, split->raw_frames},
        {TC_COL_RAW_LENGTH, columns->raw_length, split->raw_frames},
        {TC_COL_COUNT, columns->count, split->packets},
        {TC_COL_SEQUENCE, columns->sequence, split->packets},
        {TC_COL_STREAM_OFFSET, columns->stream_offset, split->packets},
        {TC_COL_SEND_TIME, columns->send_time, split->packets},
        {TC_COL_IP_ID, columns->ip_id, split->packets},
        {TC_COL_CHECKSUMS, columns->checksums, split->packets},
        {TC_COL_IP_CHECKSUM, columns->ip_checksum, split->stored_ip_checksums},
        {TC_COL_UDP_CHECKSUM, columns->udp_checksum, split->stored_udp_checksums},
        {TC_COL_TWIN, columns->twin, split->packets},
        {TC_COL_EXTRA, columns->extra, split->packets},
        {TC_COL_PAD, columns->pad, split->packets},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        put_values(packing, rows[i].id, rows[i].values, rows[i].count);
    put_block_lane(packing, &split->pool, TC_COL_RAW_BYTES, &split->raw_bytes);
    put_block_lane(packing, &split->pool, TC_COL_TAIL, &split->tail);
    put_block_lane(packing, &split->pool, TC_COL_MESSAGE_FLAGS, &split->message_flags);
    put_block_lane(packing, &split->pool, TC_COL_EVENTS, &split->events);
}

static void put_box(struct packing *packing, enum tc_block_column id, const struct tc_scribe *box)
{
    struct tc_column column = {box->bytes, (uint32_t)box->length, 1};

    assert(!box->failed);
    put(packing, (struct column_name){.scope = TC_SCOPE_BLOCK, .field = (uint8_t)id},
        block_columns[id].meaning, &column);
}

static void put_templates(struct packing *packing, const struct tc_split *split,
                          struct tc_scribe box)
{
    for (uint32_t i = 0; i < split->template_count; i++) {
        const struct tc_template *from = &split->templates[i];

        tc_scribe_uint(&box, from->line, 2);
        tc_scribe_uint(&box, from->header_bytes, 2);
        tc_scribe_uint(&box, 0, 4);
        tc_scribe_bytes(&box, from->bytes, from->header_bytes);
    }
    put_box(packing, TC_COL_TEMPLATES, &box);
}

static void put_ranges(struct packing *packing, const struct tc_split *split, struct tc_scribe box)
{
    for (uint32_t i = 0; i < split->range_count; i++) {
        const struct tc_number_range *range = &split->ranges[i];

        tc_scribe_uint(&box, range->line, 8);
        tc_scribe_bytes(&box, &range->session, sizeof range->session);
        tc_scribe_uint(&box, range->first, 8);
        tc_scribe_uint(&box, range->end, 8);
        tc_scribe_uint(&box, 0, 8);
    }
    put_box(packing, TC_COL_RANGES, &box);
}

static void put_lines(struct packing *packing, const struct tc_split *split, struct tc_scribe box)
{
    for (uint16_t i = 0; i < split->catalog->line_count; i++) {
        if (!split->line_known[i])
            continue;
        tc_scribe_uint(&box, i, 8);
        tc_line_state_write(&box, &split->line_states[i]);
    }
    put_box(packing, TC_COL_LINES, &box);
}

static void put_channels(struct packing *packing, const struct tc_split *split,
                         struct tc_scribe box)
{
    for (uint16_t i = 0; i < split->catalog->channel_count; i++) {
        if (!split->channel_known[i])
            continue;
        tc_scribe_uint(&box, i, 8);
        tc_merged_write(&box, &split->channel_states[i]);
    }
    put_box(packing, TC_COL_CHANNELS, &box);
}

/* Small boxes are written to the buffer that lanes are gathered in, one at a time. */
static void put_boxes(struct packing *packing, const struct tc_split *split)
{
    struct tc_pack *pack = packing->pack;
    struct tc_scribe box = tc_scribe_of(pack->gathered, pack->gathered_bytes);
    struct tc_scribe ledger = box;
    struct tc_scribe clock = box;
    struct tc_scribe nic = box;

    put_templates(packing, split, box);
    put_lines(packing, split, box);
    put_channels(packing, split, box);
    put_ranges(packing, split, box);
    tc_ledger_write(&ledger, &split->ledger);
    put_box(packing, TC_COL_LEDGER, &ledger);
    tc_clock_write(&clock, &split->clock);
    put_box(packing, TC_COL_CLOCK, &clock);
    tc_nic_write(&nic, &split->nic);
    put_box(packing, TC_COL_NIC, &nic);
}

static void put_group(struct packing *packing, const struct tc_split *split, uint16_t number)
{
    const struct tc_group *group = &split->groups[number];
    struct column_name name = {.scope = TC_SCOPE_MESSAGES, .group = number};

    name.class = TC_CLASS_SHARED;
    name.field = TC_FIELD_CLASS;
    put_lane(packing, &split->pool, name, TC_MEAN_CLASS, &group->class);
    for (uint16_t i = 0; i < group->plan.column_count; i++) {
        const struct tc_plan_column *column = &group->plan.columns[i];

        name.class = column->class;
        name.field = column->field;
        put_lane(packing, &split->pool, name, column->meaning, &group->lanes[i]);
    }
    name.class = TC_CLASS_OTHER;
    name.field = TC_FIELD_OTHER_LENGTH;
    put_lane(packing, &split->pool, name, TC_MEAN_LENGTH, &group->other_length);
    name.field = TC_FIELD_OTHER_BYTES;
    put_lane(packing, &split->pool, name, TC_MEAN_OPAQUE, &group->other_bytes);
}

size_t tc_pack_body(struct tc_pack *pack, struct tc_split *split)
{
    struct packing packing = {
        .pack = pack,
        .directory = tc_scribe_of(pack->directory, pack->directory_bytes),
        .body = tc_scribe_of(pack->bytes, pack->capacity),
    };

    tc_split_ranges(split);
    tc_scribe_room(&packing.body, TC_BLOCK_HEADER_BYTES);
    put_frames(&packing, split);
    put_boxes(&packing, split);
    for (uint16_t i = 0; i < split->catalog->group_count; i++)
        put_group(&packing, split, i);
    tc_scribe_bytes(&packing.body, pack->directory, packing.directory.length);
    pack->stored_bytes = packing.body.length;
    pack->columns = packing.columns;
    tc_scribe_align(&packing.body, TC_BLOCK_ALIGN);
    assert(!packing.body.failed && !packing.directory.failed);
    return packing.body.length;
}

void tc_pack_header(struct tc_pack *pack, const struct tc_split *split,
                    const struct tc_block_place *at, struct tc_block_header *header)
{
    *header = (struct tc_block_header){
        .offset = at->offset,
        .stored_bytes = (uint32_t)pack->stored_bytes,
        .columns = pack->columns,
        .number = split->number,
        .stream = split->stream,
        .frames = split->frames,
        .messages = split->messages,
        .events = split->event_count,
        .first_rx_ns = split->frames > 0 ? split->first_rx_ns : 0,
        .last_rx_ns = split->last_rx_ns,
        .frame_bytes = split->frame_bytes,
        .frames_digest = tc_split_digest(split),
        .flags = (split->ranges_incomplete ? TC_BLOCK_RANGES_INCOMPLETE : 0u) |
                 (split->states_old ? TC_BLOCK_STATES_OLD : 0u),
    };
    memcpy(header->segment_id, at->segment_id, TC_ID_BYTES);
    tc_block_header_write(pack->bytes, header);
}
