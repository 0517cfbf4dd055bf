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
