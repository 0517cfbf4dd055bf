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
    latencies->total = tc_place(placer, messages * sizeof latencies->total[0]);
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

static uint64_t max(uint64_t one, uint64_t other)
{
    return one > other ? one : other;
}

/* The first message beyond the bound among those of a frame that were logged last. */
static struct tc_latency_breach first_breach(const struct tc_latencies *latencies,
                                             const struct tc_latency_frame *frame, uint32_t timed)
{
    const int64_t *network = latencies->network + latencies->timed_count - timed;

    while (distance(*network) <= latencies->bound_ns)
        network++;
    return (struct tc_latency_breach){frame->rx_ns - (uint64_t)*network, frame->rx_ns};
}

bool tc_latencies_take(struct tc_latencies *latencies, const struct tc_latency_frame *frame,
                       struct tc_latency_breach *breach)
{
    const struct tc_line *of = &latencies->catalog->lines[frame->line];
    const struct tc_framer *framer = &latencies->catalog->channels[of->channel].framer;
    const int64_t processing = (int64_t)(frame->proc_ns - frame->rx_ns);
    int64_t *network = latencies->network + latencies->timed_count;
    int64_t *total = latencies->total + latencies->timed_count;
    struct tc_exch_message message = {
        .session = frame->payload + framer->session.offset,
        .sequence = tc_slot_load(framer, frame->payload, framer->sequence),
        .rx_ns = frame->rx_ns,
        .line = frame->line,
    };
    uint64_t farthest = 0, exch_ns;
    uint32_t timed = 0;

    for (uint32_t i = 0; i < frame->messages; i++, message.sequence++) {
        message.bytes = frame->payload + frame->marks[i].offset;
        message.class = frame->marks[i].class;
        if (!tc_exchange_time(&latencies->exchange, &message, &exch_ns))
            continue;
        network[timed] = (int64_t)(frame->rx_ns - exch_ns);
        total[timed] = network[timed] + processing;
        farthest = max(farthest, distance(network[timed++]));
    }
    if ((frame->flags & TC_FRAME_BAD_TIME) != 0)
        return false;
    latencies->log[latencies->log_count++] = (struct tc_latency_entry){processing, frame->messages,
                                                                       timed, frame->line};
    latencies->timed_count += timed;
    if (farthest <= latencies->bound_ns || latencies->beyond[frame->line])
        return false;
    latencies->beyond[frame->line] = true;
    *breach = first_breach(latencies, frame, timed);
    return true;
}

/* Frames of one line that follow each other. */
void tc_latencies_commit(struct tc_latencies *latencies)
{
    const int64_t *network = latencies->network;
    const int64_t *total = latencies->total;

    for (uint32_t i = 0; i < latencies->log_count;) {
        const uint16_t of = latencies->log[i].line;
        struct tc_latency *line = &latencies->lines[of];
        size_t timed = 0;

        for (; i < latencies->log_count && latencies->log[i].line == of; i++) {
            const struct tc_latency_entry *entry = &latencies->log[i];

            tc_histogram_add_many(&line->processing, entry->processing, entry->messages);
            timed += entry->timed;
        }
        tc_histogram_add_all(&line->network, network, timed);
        tc_histogram_add_all(&line->total, total, timed);
        network += timed;
        total += timed;
    }
    latencies->log_count = 0;
    latencies->timed_count = 0;
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
