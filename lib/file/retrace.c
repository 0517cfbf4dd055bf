/* From frames and events back to packets, in the order in which the intake saw them. */
#include "file/retrace.h"

#include <stdlib.h>

/* Bits of a frame that follow from its packet. */
enum {
    PACKET_FLAGS = TC_FRAME_GAP_BEFORE | TC_FRAME_OLD_MESSAGES | TC_FRAME_HEARTBEAT |
                   TC_FRAME_END_OF_SESSION | TC_FRAME_NEW_SESSION | TC_FRAME_STALE,
};

static enum tc_status no_memory(const struct tc_source *source, struct tc_error *error)
{
    return tc_fail(error, TC_MEMORY, "no memory for the trackers of stream %u", source->stream);
}

/* ---- begin and end ---- */

static enum tc_status open_line(struct tc_retrace *retrace, uint16_t number, struct tc_error *error)
{
    const struct tc_catalog *catalog = &retrace->source->capture->catalog;
    const struct tc_line_state *start = &retrace->source->start->lines[number];
    struct tc_retrace_line *line = &retrace->lines[number];

    line->memory = malloc(tc_sequence_footprint(TC_MISSING_RANGES));
    if (line->memory == NULL)
        return no_memory(retrace->source, error);
    tc_sequence_init(&line->sequence, line->memory, TC_MISSING_RANGES,
                     tc_line_rules(catalog, number));
    line->sequence.figures = start->figures;
    tc_sequence_resume(&line->sequence, start->sessions, start->session_count);
    return TC_OK;
}

static enum tc_status open_arbiter(struct tc_retrace *retrace, uint16_t number,
                                   struct tc_error *error)
{
    const struct tc_catalog *catalog = &retrace->source->capture->catalog;
    const struct tc_channel *channel = &catalog->channels[number];
    struct tc_arbiter *arbiter;

    if (channel->line_count < 2 || channel->arbitration != TC_ARBITRATE_HERE)
        return TC_OK;
    retrace->arbiters[number] = arbiter = calloc(1, sizeof *arbiter);
    retrace->arbiter_memory[number] = aligned_alloc(TC_CACHE_LINE_BYTES,
                                                    tc_arbiter_footprint(channel->line_count));
    if (arbiter == NULL || retrace->arbiter_memory[number] == NULL)
        return no_memory(retrace->source, error);
    tc_arbiter_init(arbiter, retrace->arbiter_memory[number], channel->line_count,
                    tc_line_rules(catalog, channel->first_line), UINT64_MAX / 2);
    for (uint16_t i = 0; i < channel->line_count; i++) {
        struct tc_retrace_line *line = &retrace->lines[channel->first_line + i];

        arbiter->lines[i].sequence = &line->sequence;
        line->arbiter = arbiter;
        line->index = i;
    }
    return TC_OK;
}

enum tc_status tc_retrace_init(struct tc_retrace *retrace, const struct tc_source *source,
                               bool from_begin, struct tc_error *error)
{
    const struct tc_catalog *catalog = &source->capture->catalog;
    enum tc_status status = TC_OK;

    *retrace = (struct tc_retrace){
        .source = source, .ledger = source->start->ledger, .from_begin = from_begin, .exact = true};
    retrace->lines = calloc(catalog->line_count + 1u, sizeof retrace->lines[0]);
    retrace->arbiters = calloc(catalog->channel_count + 1u, sizeof(struct tc_arbiter *));
    retrace->arbiter_memory = calloc(catalog->channel_count + 1u, sizeof(void *));
    retrace->left_out = calloc(catalog->channel_count + 1u, sizeof retrace->left_out[0]);
    if (retrace->lines == NULL || retrace->arbiters == NULL || retrace->arbiter_memory == NULL ||
        retrace->left_out == NULL)
        status = no_memory(source, error);
    for (uint16_t i = 0; status == TC_OK && i < catalog->line_count; i++)
        status = open_line(retrace, i, error);
    for (uint16_t i = 0; status == TC_OK && i < catalog->channel_count; i++)
        status = open_arbiter(retrace, i, error);
    return status;
}

void tc_retrace_free(struct tc_retrace *retrace)
{
    const struct tc_catalog *catalog;

    if (retrace->source == NULL)
        return;
    catalog = &retrace->source->capture->catalog;
    for (uint16_t i = 0; retrace->lines != NULL && i < catalog->line_count; i++)
        free(retrace->lines[i].memory);
    for (uint16_t i = 0; i < catalog->channel_count; i++) {
        if (retrace->arbiters != NULL)
            free(retrace->arbiters[i]);
        if (retrace->arbiter_memory != NULL)
            free(retrace->arbiter_memory[i]);
    }
    free(retrace->lines);
    free(retrace->arbiters);
    free(retrace->arbiter_memory);
    free(retrace->left_out);
    *retrace = (struct tc_retrace){0};
}

/* ---- packets ---- */

/* Old messages of a frame: late or duplicates by the tracker, compared with what it says. */
static void take_old(struct tc_retrace *retrace, struct tc_retraced *retraced)
{
    struct tc_sequence *sequence = &retrace->lines[retraced->line].sequence;
    const struct tc_frame *frame = retraced->item->frame;

    for (uint64_t i = 0; i < retraced->verdict.old; i++) {
        bool flagged_late = frame->marks[i].flags == TC_MESSAGE_LATE;
        bool late = tc_sequence_old(sequence, &retraced->verdict, retraced->run.first + i) ==
                    TC_OLD_LATE;

        if (!late && flagged_late && !retrace->from_begin) {
            /* it had been missing before what is read began */
            sequence->figures.duplicates--;
            sequence->figures.late++;
            sequence->figures.missing--;
            late = true;
        }
        retraced->late += late;
        retraced->flags_differ |= late != flagged_late;
    }
}

/* What follows once the line's tracker has taken it. */
static enum tc_status pass_on(struct tc_retrace *retrace, struct tc_retraced *retraced,
                              tc_retraced_told *told, void *context, struct tc_error *error)
{
    struct tc_retrace_line *line = &retrace->lines[retraced->line];
    const struct tc_arbiter_time time = {retraced->time_ns, retraced->time_ns};
    bool *left_out =
        &retrace->left_out[retrace->source->capture->catalog.lines[retraced->line].channel];

    if (line->arbiter != NULL)
        tc_arbiter_take(line->arbiter, line->index, &retraced->run, &retraced->verdict, time,
                        &retraced->ruling);
    retraced->before_ns = line->heard_ns;
    retraced->before_exact = !line->left_out && (retrace->from_begin || line->heard_ns > 0);
    line->heard_ns = retraced->time_ns;
    line->left_out = !retraced->recorded;
    *left_out |= !retraced->recorded;
    retraced->ruling_exact = line->arbiter == NULL || (retrace->from_begin && !*left_out);
    return told(context, retraced, error);
}

static enum tc_status take_frame(struct tc_retrace *retrace, const struct tc_item *item,
                                 tc_retraced_told *told, void *context, struct tc_error *error)
{
    const struct tc_frame *frame = item->frame;
    const struct tc_catalog *catalog = &retrace->source->capture->catalog;
    struct tc_retraced retraced = {.item = item, .recorded = true, .time_ns = frame->rx_ns};
    struct tc_ledger *ledger = &retrace->ledger;
    struct tc_packet packet;

    ledger->received++;
    ledger->recorded++;
    ledger->messages += frame->messages;
    ledger->wire_bytes += frame->wire_bytes;
    if (frame->line == TC_LINE_NONE) {
        ledger->unmatched++;
        return TC_OK;
    }
    retrace->lines[frame->line].sequence.figures.wire_bytes += frame->wire_bytes;
    if ((frame->flags & TC_FRAME_MALFORMED) != 0) {
        ledger->malformed++;
        retrace->lines[frame->line].sequence.figures.malformed++;
        return TC_OK;
    }
    if (!tc_framer_open(
            &catalog->channels[catalog->lines[frame->line].channel].framer,
            frame->bytes + frame->payload_offset,
            tc_load_be16(frame->bytes + frame->payload_offset - 4) - (size_t)TC_UDP_BYTES, &packet))
        return tc_fail(error, TC_DAMAGED, "frame %lu of stream %u is no packet of its line",
                       item->number, retrace->source->stream);
    retraced.line = frame->line;
    retraced.run = tc_run_of(&packet, false);
    tc_sequence_packet(&retrace->lines[frame->line].sequence, &packet, &retraced.verdict);
    retraced.flags_differ = (frame->flags & PACKET_FLAGS) !=
                            tc_frame_flags_of(&packet, &retraced.verdict);
    take_old(retrace, &retraced);
    return pass_on(retrace, &retraced, told, context, error);
}

/* ---- what was left out ---- */

static void count_drop(struct tc_ledger *ledger, const struct tc_drop *drop)
{
    ledger->received += drop->frames + drop->filtered_frames;
    if (drop->frames > 0)
        *tc_ledger_drop(ledger, drop->cause) += drop->frames;
    ledger->filtered += drop->filtered_frames;
    ledger->messages_dropped += drop->messages;
    ledger->messages_filtered += drop->filtered_messages;
}

static enum tc_status take_run(struct tc_retrace *retrace, struct tc_retraced *retraced,
                               tc_retraced_told *told, void *context, struct tc_error *error)
{
    struct tc_sequence *sequence = &retrace->lines[retraced->line].sequence;
    uint64_t first = retraced->run.first;

    sequence->figures.not_recorded += retraced->run.end - first;
    tc_sequence_run(sequence, &retraced->run, &retraced->verdict);
    /* which of them had been missing before what is read began, nobody can say */
    retrace->exact &= retrace->from_begin || retraced->verdict.old == 0;
    if (retraced->verdict.old > 0)
        retraced->late = tc_sequence_old_range(sequence, &retraced->verdict, first,
                                               first + retraced->verdict.old);
    return pass_on(retrace, retraced, told, context, error);
}

static enum tc_status take_drop(struct tc_retrace *retrace, const struct tc_item *item,
                                tc_retraced_told *told, void *context, struct tc_error *error)
{
    struct tc_cursor in = tc_cursor_of(item->event->payload, item->event->payload_bytes);
    uint16_t lines = retrace->source->capture->catalog.line_count;
    enum tc_status status = TC_OK;
    struct tc_drop drop;

    tc_drop_read(&in, &drop);
    if (in.failed)
        return tc_fail(error, TC_DAMAGED, "what a loss event of stream %u tells contradicts itself",
                       retrace->source->stream);
    count_drop(&retrace->ledger, &drop);
    retrace->exact &= drop.exact;
    for (uint32_t i = 0; status == TC_OK && i < drop.run_count; i++) {
        struct tc_retraced retraced = {.item = item,
                                       .line = drop.runs[i].line,
                                       .fate = drop.runs[i].fate,
                                       .run = drop.runs[i].run,
                                       .time_ns = drop.last_ns};

        if (retraced.line >= lines)
            return tc_fail(error, TC_DAMAGED, "a loss event of stream %u names line %u of %u",
                           retrace->source->stream, retraced.line, lines);
        retrace->lines[retraced.line].sequence.figures.malformed += drop.runs[i].malformed;
        if (retraced.run.packets > 0)
            status = take_run(retrace, &retraced, told, context, error);
    }
    return status;
}

enum tc_status tc_retrace_take(struct tc_retrace *retrace, const struct tc_item *item,
                               tc_retraced_told *told, void *context, struct tc_error *error)
{
    if (item->kind == TC_ITEM_FRAME)
        return take_frame(retrace, item, told, context, error);
    if (item->event->kind == TC_EVENT_DROPPED || item->event->kind == TC_EVENT_FILTERED)
        return take_drop(retrace, item, told, context, error);
    return TC_OK;
}
