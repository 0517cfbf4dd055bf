/* One walk over the messages of a frame: an exchange time and three histograms each. */
#include "block/latency.h"

#include "base/placer.h"

const struct tc_latency_row tc_latency_rows[TC_LATENCY_ROWS] = {
#define TC_LATENCY_ROW(name, column, what) {#name, column, what},
    TC_LATENCY_TABLE(TC_LATENCY_ROW)
#undef TC_LATENCY_ROW
};

static size_t place(struct tc_latencies *latencies, struct tc_placer *placer, uint32_t frames,
                    uint32_t messages)
{
    const struct tc_catalog *catalog = latencies->catalog;
    void *exchange = tc_place(placer, tc_exchange_footprint(catalog));

    latencies->lines = tc_place(placer, catalog->line_count * sizeof latencies->lines[0]);
    latencies->beyond = tc_place(placer, catalog->line_count * sizeof latencies->beyond[0]);
    latencies->log = tc_place(placer, frames * sizeof latencies->log[0]);
    latencies->network = tc_place(placer, messages * sizeof latencies->network[0]);
    if (placer->memory != NULL)
        tc_exchange_init(&latencies->exchange, exchange, catalog);
    return placer->used;
}

size_t tc_latencies_footprint(const struct tc_catalog *catalog, uint32_t frames, uint32_t messages)
{
    struct tc_latencies measured = {.catalog = catalog};
    struct tc_placer placer = {0};

    return place(&measured, &placer, frames, messages);
}

void tc_latencies_init(struct tc_latencies *latencies, void *memory,
                       const struct tc_catalog *catalog, uint32_t frames, uint32_t messages,
                       uint64_t bound_ns)
{
    struct tc_placer placer = {.memory = memory};

    *latencies = (struct tc_latencies){.catalog = catalog, .bound_ns = bound_ns};
    place(latencies, &placer, frames, messages);
}

static bool is_empty(const struct tc_latency *line)
{
    return line->network.total == 0 && line->processing.total == 0;
}

void tc_latencies_clear(struct tc_latencies *latencies)
{
    for (uint16_t i = 0; i < latencies->catalog->line_count; i++) {
        struct tc_latency *line = &latencies->lines[i];

        if (is_empty(line))
            continue;
        tc_histogram_clear(&line->network);
        tc_histogram_clear(&line->processing);
        tc_histogram_clear(&line->total);
        latencies->beyond[i] = false;
    }
}

static uint64_t distance(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

bool tc_latencies_take(struct tc_latencies *latencies, const struct tc_latency_frame *frame,
                       struct tc_latency_breach *breach)
{
    const struct tc_line *of = &latencies->catalog->lines[frame->line];
    const struct tc_framer *framer = &latencies->catalog->channels[of->channel].framer;
    int64_t *network = latencies->network + latencies->network_count;
    struct tc_exch_message message = {
        .session = frame->payload + framer->session.offset,
        .sequence = tc_slot_load(framer, frame->payload, framer->sequence),
        .rx_ns = frame->rx_ns,
        .line = frame->line,
    };
    bool beyond = false;

    for (uint32_t i = 0; i < frame->messages; i++, message.sequence++) {
        uint64_t exch_ns;

        message.bytes = frame->payload + frame->marks[i].offset;
        message.class = frame->marks[i].class;
        network[i] = TC_NO_LATENCY;
        if (!tc_exchange_time(&latencies->exchange, &message, &exch_ns))
            continue;
        network[i] = (int64_t)(frame->rx_ns - exch_ns);
        if (distance(network[i]) > latencies->bound_ns && !latencies->beyond[frame->line] &&
            (frame->flags & TC_FRAME_BAD_TIME) == 0) {
            latencies->beyond[frame->line] = beyond = true;
            *breach = (struct tc_latency_breach){exch_ns, frame->rx_ns};
        }
    }
    if ((frame->flags & TC_FRAME_BAD_TIME) != 0)
        return false;
    latencies->log[latencies->log_count++] = (struct tc_latency_entry){
        (int64_t)(frame->proc_ns - frame->rx_ns), frame->messages, frame->line};
    latencies->network_count += frame->messages;
    return beyond;
}

void tc_latencies_commit(struct tc_latencies *latencies)
{
    const int64_t *network = latencies->network;

    for (uint32_t i = 0; i < latencies->log_count; i++) {
        const struct tc_latency_entry *entry = &latencies->log[i];
        struct tc_latency *line = &latencies->lines[entry->line];

        tc_histogram_add_many(&line->processing, entry->processing, entry->messages);
        for (uint32_t j = 0; j < entry->messages; j++, network++) {
            if (*network == TC_NO_LATENCY)
                continue;
            tc_histogram_add(&line->network, *network);
            tc_histogram_add(&line->total, *network + entry->processing);
        }
    }
    latencies->log_count = 0;
    latencies->network_count = 0;
}

void tc_latencies_write(struct tc_scribe *out, const struct tc_latencies *latencies, size_t most)
{
    size_t begin = out->length;
    uint8_t *left_out_at = tc_scribe_room(out, 8);
    uint64_t left_out = 0;

    for (uint16_t i = 0; i < latencies->catalog->line_count; i++) {
        const struct tc_latency *line = &latencies->lines[i];

        if (is_empty(line))
            continue;
        if (out->length - begin + TC_LATENCY_BYTES_MAX > most) {
            left_out++;
            continue;
        }
        tc_scribe_uint(out, i, 8);
        for (size_t row = 0; row < TC_LATENCY_ROWS; row++)
            tc_histogram_write(out, tc_latency_get(line, row));
    }
    if (left_out_at != NULL)
        tc_store_le64(left_out_at, left_out);
}

void tc_latencies_read(struct tc_cursor *in, struct tc_latency *lines, uint16_t line_count,
                       uint64_t *left_out)
{
    uint64_t lowest = 0;

    *left_out += tc_cursor_u64(in);
    while (!in->failed && tc_cursor_left(in) > 0) {
        uint64_t line = tc_cursor_u64(in);

        if (line < lowest || line >= line_count) {
            in->failed = true;
            return;
        }
        lowest = line + 1;
        for (size_t row = 0; row < TC_LATENCY_ROWS; row++)
            tc_histogram_read(in, (struct tc_histogram *)&lines[line] + row);
    }
}
