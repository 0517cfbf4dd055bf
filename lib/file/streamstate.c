/* Placing, writing and reading the state of a stream. */
#include "file/streamstate.h"

enum { SYMBOL_ENTRY_BYTES = 2 + TC_SYMBOL_BYTES };

static bool has_locates(const struct tc_catalog *catalog, uint16_t channel)
{
    return (catalog->channels[channel].feed->flags & TC_FEED_LOCATES) != 0;
}

static size_t place(struct tc_stream_state *state, struct tc_placer *placer,
                    const struct tc_catalog *catalog)
{
    state->lines = tc_place(placer, catalog->line_count * sizeof state->lines[0]);
    state->channels = tc_place(placer, catalog->channel_count * sizeof state->channels[0]);
    state->symbols = tc_place(placer, catalog->channel_count * sizeof state->symbols[0]);
    for (uint16_t i = 0; i < catalog->channel_count; i++) {
        void *names;

        if (!has_locates(catalog, i))
            continue;
        names = tc_place(placer, tc_symbols_footprint(0));
        if (placer->memory != NULL)
            tc_symbols_init(&state->symbols[i], names, 0);
    }
    return placer->used;
}

size_t tc_stream_state_footprint(const struct tc_catalog *catalog)
{
    struct tc_placer placer = {0};
    struct tc_stream_state measured;

    return place(&measured, &placer, catalog);
}

void tc_stream_state_init(struct tc_stream_state *state, void *memory,
                          const struct tc_catalog *catalog)
{
    struct tc_placer placer = {.memory = memory};

    *state = (struct tc_stream_state){.catalog = catalog};
    place(state, &placer, catalog);
}

size_t tc_stream_state_bytes_max(const struct tc_catalog *catalog)
{
    size_t bytes = 6 * (TC_BOX_HEAD_BYTES + 8) + TC_LEDGER_BYTES_MAX + TC_CLOCK_BYTES +
                   TC_NIC_BYTES + catalog->line_count * (size_t)(TC_LINE_STATE_BYTES_MAX + 8) +
                   catalog->channel_count * (size_t)(TC_MERGED_BYTES + 8);

    for (uint16_t i = 0; i < catalog->channel_count; i++)
        if (has_locates(catalog, i))
            bytes += 8 + TC_LOCATES * (size_t)SYMBOL_ENTRY_BYTES;
    return bytes;
}

/* For each channel with names: u32 channel, u32 count, then u16 locate and eight characters. */
static void write_symbols(struct tc_scribe *out, const struct tc_stream_state *state)
{
    size_t begin = tc_box_begin(out, TC_BOX_SYMBOLS);

    for (uint16_t channel = 0; channel < state->catalog->channel_count; channel++) {
        const struct tc_symbols *symbols = &state->symbols[channel];

        if (symbols->names == NULL || symbols->known == 0)
            continue;
        tc_scribe_uint(out, channel, 4);
        tc_scribe_uint(out, symbols->known, 4);
        for (uint32_t locate = 0; locate < TC_LOCATES; locate++) {
            const uint8_t *name = tc_symbols_name(symbols, (uint16_t)locate);

            if (name == NULL)
                continue;
            tc_scribe_uint(out, locate, 2);
            tc_scribe_bytes(out, name, TC_SYMBOL_BYTES);
        }
    }
    tc_box_end(out, begin);
}

static bool is_known(const struct tc_line_state *line)
{
    return line->session_count > 0 || line->figures.malformed > 0;
}

/* Merged figures of the channels that have any. */
static void write_channels(struct tc_scribe *out, const struct tc_stream_state *state)
{
    size_t begin = tc_box_begin(out, TC_BOX_CHANNEL_STATES);

    for (uint16_t i = 0; i < state->catalog->channel_count; i++)
        if (state->channels[i].messages + state->channels[i].missing > 0) {
            tc_scribe_uint(out, i, 8);
            tc_merged_write(out, &state->channels[i]);
        }
    tc_box_end(out, begin);
}

void tc_stream_state_write(struct tc_scribe *out, const struct tc_stream_state *state,
                           bool with_symbols)
{
    size_t begin = tc_box_begin(out, TC_BOX_LEDGER);

    tc_ledger_write(out, &state->ledger);
    tc_box_end(out, begin);
    begin = tc_box_begin(out, TC_BOX_CLOCK);
    tc_clock_write(out, &state->clock);
    tc_box_end(out, begin);
    begin = tc_box_begin(out, TC_BOX_LINE_STATES);
    for (uint16_t i = 0; i < state->catalog->line_count; i++)
        if (is_known(&state->lines[i])) {
            tc_scribe_uint(out, i, 8);
            tc_line_state_write(out, &state->lines[i]);
        }
    tc_box_end(out, begin);
    write_channels(out, state);
    begin = tc_box_begin(out, TC_BOX_NIC);
    tc_nic_write(out, &state->nic);
    tc_box_end(out, begin);
    if (with_symbols)
        write_symbols(out, state);
}

enum tc_status tc_stream_state_lines(struct tc_stream_state *state, struct tc_cursor lines,
                                     struct tc_error *error)
{
    while (tc_cursor_left(&lines) > 0) {
        uint64_t line = tc_cursor_u64(&lines);

        if (line >= state->catalog->line_count)
            return tc_fail(error, TC_DAMAGED, "state of line %lu, but there are %u lines", line,
                           state->catalog->line_count);
        tc_line_state_read(&lines, &state->lines[line]);
        if (lines.failed)
            return tc_fail(error, TC_DAMAGED, "the state of line %lu is cut short", line);
    }
    return TC_OK;
}

enum tc_status tc_stream_state_channels(struct tc_stream_state *state, struct tc_cursor channels,
                                        struct tc_error *error)
{
    while (tc_cursor_left(&channels) > 0) {
        uint64_t channel = tc_cursor_u64(&channels);

        if (channel >= state->catalog->channel_count)
            return tc_fail(error, TC_DAMAGED, "figures of channel %lu, but there are %u channels",
                           channel, state->catalog->channel_count);
        tc_merged_read(&channels, &state->channels[channel]);
        if (channels.failed)
            return tc_fail(error, TC_DAMAGED, "the figures of channel %lu are cut short", channel);
    }
    return TC_OK;
}

/* Ledger, clock or counters: nothing else stands beside them. */
static enum tc_status read_fixed(struct tc_stream_state *state, enum tc_box_kind kind,
                                 struct tc_cursor in, struct tc_error *error)
{
    const char *what = "the ledger";

    if (kind == TC_BOX_LEDGER) {
        tc_ledger_read(&in, &state->ledger);
    } else if (kind == TC_BOX_CLOCK) {
        what = "the clock";
        tc_clock_read(&in, &state->clock);
    } else {
        what = "the port's counters";
        tc_nic_read(&in, &state->nic);
    }
    if (in.failed)
        return tc_fail(error, TC_DAMAGED, "%s: cut short, or with values that there are not", what);
    if (tc_cursor_left(&in) > 0)
        return tc_fail(error, TC_DAMAGED, "%s: %zu bytes too long", what, tc_cursor_left(&in));
    return TC_OK;
}

enum tc_status tc_stream_state_block(struct tc_stream_state *state, const struct tc_join *join,
                                     struct tc_error *error)
{
    static const struct {
        enum tc_block_column column;
        enum tc_box_kind kind;
    } rows[] = {
        {TC_COL_LEDGER, TC_BOX_LEDGER}, {TC_COL_CLOCK, TC_BOX_CLOCK}, {TC_COL_NIC, TC_BOX_NIC}};
    enum tc_status status = TC_OK;

    for (size_t i = 0; status == TC_OK && i < sizeof rows / sizeof rows[0]; i++) {
        struct tc_cursor column = tc_join_box(join, rows[i].column);

        if (tc_cursor_left(&column) > 0)
            status = read_fixed(state, rows[i].kind, column, error);
    }
    if (status != TC_OK)
        return status;
    status = tc_stream_state_channels(state, tc_join_box(join, TC_COL_CHANNELS), error);
    if (status != TC_OK)
        return status;
    return tc_stream_state_lines(state, tc_join_box(join, TC_COL_LINES), error);
}

enum tc_status tc_stream_state_symbol(struct tc_stream_state *state, uint16_t channel,
                                      const uint8_t *payload, size_t bytes, struct tc_error *error)
{
    if (channel >= state->catalog->channel_count || state->symbols[channel].names == NULL ||
        bytes != SYMBOL_ENTRY_BYTES)
        return tc_fail(error, TC_DAMAGED, "a name of %zu bytes for channel %u", bytes, channel);
    tc_symbols_set(&state->symbols[channel], tc_load_le16(payload), payload + 2);
    return TC_OK;
}

static enum tc_status read_symbols(struct tc_stream_state *state, struct tc_cursor box,
                                   struct tc_error *error)
{
    while (tc_cursor_left(&box) > 0) {
        uint32_t channel = tc_cursor_u32(&box);
        uint32_t count = tc_cursor_u32(&box);

        if (box.failed)
            return tc_fail(error, TC_DAMAGED, "the names of a channel are cut short");
        for (uint32_t i = 0; i < count; i++) {
            const uint8_t *entry = tc_cursor_take(&box, SYMBOL_ENTRY_BYTES);
            enum tc_status status;

            if (entry == NULL || channel >= TC_CHANNELS_MAX)
                return tc_fail(error, TC_DAMAGED, "the names of channel %u are cut short", channel);
            status = tc_stream_state_symbol(state, (uint16_t)channel, entry, SYMBOL_ENTRY_BYTES,
                                            error);
            if (status != TC_OK)
                return status;
        }
    }
    return TC_OK;
}

enum tc_status tc_stream_state_read(struct tc_stream_state *state, uint32_t kind,
                                    struct tc_cursor box, struct tc_error *error)
{
    switch ((enum tc_box_kind)kind) {
    case TC_BOX_LEDGER:
    case TC_BOX_CLOCK:
    case TC_BOX_NIC: return read_fixed(state, (enum tc_box_kind)kind, box, error);
    case TC_BOX_CHANNEL_STATES: return tc_stream_state_channels(state, box, error);
    case TC_BOX_LINE_STATES: return tc_stream_state_lines(state, box, error);
    case TC_BOX_SYMBOLS: return read_symbols(state, box, error);
    default: return TC_OK;
    }
}
