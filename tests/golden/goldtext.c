/* Frames, events and states as lines of text. */
#include "goldtext.h"

static void put_bytes(FILE *out, const uint8_t *bytes, size_t length)
{
    fputc(' ', out);
    for (size_t i = 0; i < length; i++)
        fprintf(out, "%02x", bytes[i]);
    if (length == 0)
        fputc('-', out);
}

static void put_figures(FILE *out, const uint64_t *figures, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%c%lu", i == 0 ? ' ' : ',', figures[i]);
}

void gold_frame(FILE *out, uint32_t stream, uint64_t number, const struct tc_frame *frame)
{
    fprintf(out, "frame %u %lu %lu %lu ", stream, number, frame->rx_ns, frame->proc_ns);
    if (frame->line == TC_LINE_NONE)
        fputc('-', out);
    else
        fprintf(out, "%u", frame->line);
    fprintf(out, " %04x %u", frame->flags, frame->wire_bytes);
    put_bytes(out, frame->bytes, frame->captured_bytes);
    for (uint32_t i = 0; i < frame->messages; i++)
        fprintf(out, "%c%u.%u.%u", i == 0 ? ' ' : ',',
                frame->payload_offset + (uint32_t)frame->marks[i].offset, frame->marks[i].class,
                frame->marks[i].flags);
    fputs(frame->messages == 0 ? " -\n" : "\n", out);
}

void gold_event(FILE *out, uint32_t stream, uint64_t number, const struct tc_event *event)
{
    fprintf(out, "event %u %lu %u %u %lu", stream, number, event->kind, event->about,
            event->time_ns);
    put_bytes(out, event->payload, event->payload_bytes);
    fputc('\n', out);
}

void gold_ledger(FILE *out, uint32_t stream, const struct tc_ledger *ledger)
{
    fprintf(out, "ledger %u", stream);
    put_figures(out, (const uint64_t *)ledger, TC_LEDGER_ROWS);
    fputc('\n', out);
}

void gold_line(FILE *out, uint32_t stream, uint16_t line, const struct tc_line_state *state)
{
    if (state->session_count == 0 && state->figures.malformed == 0)
        return;
    fprintf(out, "line %u %u", stream, line);
    put_figures(out, (const uint64_t *)&state->figures, TC_FIGURE_ROWS);
    for (uint8_t i = 0; i < state->session_count; i++) {
        const struct tc_session *session = &state->sessions[i];

        put_bytes(out, (const uint8_t *)&session->id, sizeof session->id);
        fprintf(out, ".%lu.%lu.%u.%u", session->first, session->next, session->ordinal,
                session->end_seen);
    }
    fputs(state->session_count == 0 ? " -\n" : "\n", out);
}

void gold_channel(FILE *out, uint32_t stream, uint16_t channel, const struct tc_merged *merged)
{
    if (merged->messages + merged->missing == 0)
        return;
    fprintf(out, "channel %u %u", stream, channel);
    put_figures(out, (const uint64_t *)merged, TC_MERGED_ROWS);
    fputc('\n', out);
}

void gold_nic(FILE *out, uint32_t stream, const struct tc_nic *nic)
{
    fprintf(out, "nic %u %lu", stream, nic->sampled_ns);
    put_figures(out, (const uint64_t *)nic, TC_NIC_ROWS);
    fputc('\n', out);
}

void gold_clock(FILE *out, uint32_t stream, const struct tc_clock *clock)
{
    fprintf(out, "clock %u %u %u %u %u %u,%lu,%lu,%lu,%lu,%lu,%ld,%lu,%u,%u\n", stream,
            clock->source, clock->unit, clock->epoch, clock->in_sync, clock->corrections,
            clock->base_ticks, clock->base_ns, clock->slope, clock->error_ns, clock->host_error_ns,
            clock->residual_ns, clock->compared_ns, clock->ahead_s, clock->spare_bits);
}

/* How many values are in the bucket at a place, as FORMAT.md counts places. */
static uint64_t bucket_at(const struct tc_histogram *histogram, uint32_t place)
{
    return place >= TC_HISTOGRAM_BUCKETS ? histogram->counts[0][place - TC_HISTOGRAM_BUCKETS]
                                         : histogram->counts[1][TC_HISTOGRAM_BUCKETS - 1 - place];
}

void gold_latency(FILE *out, uint32_t stream, uint16_t line, const struct tc_latency *latency)
{
    for (size_t row = 0; row < TC_LATENCY_ROWS; row++) {
        const struct tc_histogram *histogram = tc_latency_get(latency, row);
        char before = ' ';

        if (histogram->total == 0)
            continue;
        fprintf(out, "latency %u %u %zu %ld %ld", stream, line, row, histogram->lowest,
                histogram->highest);
        for (uint32_t place = 0; place < TC_HISTOGRAM_PLACES; place++) {
            if (bucket_at(histogram, place) == 0)
                continue;
            fprintf(out, "%c%u.%lu", before, place, bucket_at(histogram, place));
            before = ',';
        }
        fputc('\n', out);
    }
}
