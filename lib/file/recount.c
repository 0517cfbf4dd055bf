/* A copy of what each block claims, compared when its last item has been taken. */
#include "file/recount.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/placer.h"
#include "block/chorus.h"
#include "file/timecheck.h"
#include "file/toldevents.h"

enum { PATH_BYTES = 1024 };

/* What a block says of its end. */
struct claim {
    char path[PATH_BYTES]; /* of its segment, which may be closed by then */
    struct tc_ledger ledger;
    struct tc_nic nic;
    struct tc_line_state *lines;
    struct tc_merged *channels;
    struct tc_block_header header;
};

struct counted_source {
    const struct tc_source *source;
    struct tc_retrace retrace;
    struct tc_time_check times;
    struct claim claim;
    struct tc_ledger last; /* as claimed by the block before */
    struct tc_nic last_nic;
    struct tc_told_events told; /* of the frame that comes next */
    bool told_differ;           /* has been said; one such difference brings others */
    struct tc_nic nic;          /* as events tell it */
    uint64_t first_rx_ns, last_rx_ns;
    uint32_t frames; /* of the block, so far */
    uint32_t messages;
    bool in_block;
    size_t run; /* index of its run */
};

/* What the streams of one run have in common. */
struct counted_run {
    const struct tc_capture *capture;
    struct tc_chorus chorus;
    void *memory; /* NULL where every channel is compared in its stream */
    bool exact;   /* everything that came has been heard */
};

struct tc_recount {
    struct counted_source *sources;
    size_t source_count;
    struct counted_run *runs;
    size_t run_count;
    tc_fault_told *told;
    void *context;
    bool given_up;
    struct counted_source *taking;
};

static void TC_PRINTF(3, 4)
    differ(struct tc_recount *recount, const struct counted_source *source, const char *format, ...)
{
    char sentence[TC_ERROR_BYTES / 2];
    struct tc_error fault;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    tc_fail(&fault, TC_DAMAGED, "%.240s: block %lu of stream %u: %s", source->claim.path,
            source->claim.header.number, source->source->stream, sentence);
    recount->told(recount->context, &fault);
}

/* ---- begin and end ---- */

/* The run of a source, which is begun if it is new. */
static enum tc_status open_run(struct tc_recount *recount, const struct tc_source *source,
                               size_t *index, struct tc_error *error)
{
    const struct tc_catalog *catalog = &source->capture->catalog;
    size_t bytes = tc_align_up(tc_chorus_footprint(catalog), TC_CACHE_LINE_BYTES);
    struct counted_run *run;

    for (*index = 0; *index < recount->run_count; (*index)++)
        if (memcmp(recount->runs[*index].capture->run_id, source->capture->run_id, TC_ID_BYTES) ==
            0)
            return TC_OK;
    run = &recount->runs[recount->run_count++];
    *run = (struct counted_run){.capture = source->capture, .exact = true};
    if (!tc_chorus_needed(catalog))
        return TC_OK;
    run->memory = aligned_alloc(TC_CACHE_LINE_BYTES, bytes);
    if (run->memory == NULL)
        return tc_fail(error, TC_MEMORY, "no memory to count the lines of several streams again");
    memset(run->memory, 0, bytes);
    tc_chorus_init(&run->chorus, run->memory, catalog, UINT64_MAX / 2);
    return TC_OK;
}

static enum tc_status open_source(struct tc_recount *recount, struct counted_source *counted,
                                  const struct tc_source *source, struct tc_error *error)
{
    const struct tc_catalog *catalog = &source->capture->catalog;
    enum tc_status status = open_run(recount, source, &counted->run, error);

    if (status != TC_OK)
        return status;
    recount->runs[counted->run].exact &= source->from_begin;
    counted->source = source;
    counted->last = source->start->ledger;
    counted->last_nic = source->start->nic;
    snprintf(counted->claim.path, PATH_BYTES, "%s", source->path);
    counted->nic = source->start->nic;
    counted->claim.lines = calloc(catalog->line_count + 1u, sizeof counted->claim.lines[0]);
    counted->claim.channels = calloc(catalog->channel_count + 1u,
                                     sizeof counted->claim.channels[0]);
    if (counted->claim.lines == NULL || counted->claim.channels == NULL)
        return tc_fail(error, TC_MEMORY, "no memory to count stream %u again", source->stream);
    return tc_retrace_init(&counted->retrace, source, source->from_begin, error);
}

enum tc_status tc_recount_open(struct tc_recount **opened, const struct tc_reader *reader,
                               tc_fault_told *told, void *context, struct tc_error *error)
{
    struct tc_recount *recount = calloc(1, sizeof *recount);
    enum tc_status status = TC_OK;

    if (recount != NULL) {
        recount->sources = calloc(tc_reader_source_count(reader), sizeof recount->sources[0]);
        recount->runs = calloc(tc_reader_source_count(reader), sizeof recount->runs[0]);
    }
    if (recount == NULL || recount->sources == NULL || recount->runs == NULL) {
        tc_recount_close(recount);
        return tc_fail(error, TC_MEMORY, "no memory to count again");
    }
    recount->told = told;
    recount->context = context;
    for (size_t i = 0; status == TC_OK && i < tc_reader_source_count(reader); i++)
        status = open_source(recount, &recount->sources[recount->source_count++],
                             tc_reader_source(reader, i), error);
    if (status != TC_OK) {
        tc_recount_close(recount);
        return status;
    }
    *opened = recount;
    return TC_OK;
}

void tc_recount_close(struct tc_recount *recount)
{
    if (recount == NULL)
        return;
    for (size_t i = 0; i < recount->run_count; i++)
        free(recount->runs[i].memory);
    free(recount->runs);
    for (size_t i = 0; i < recount->source_count; i++) {
        tc_retrace_free(&recount->sources[i].retrace);
        free(recount->sources[i].claim.lines);
        free(recount->sources[i].claim.channels);
    }
    free(recount->sources);
    free(recount);
}

void tc_recount_give_up(struct tc_recount *recount)
{
    recount->given_up = true;
}

/* ---- comparing ---- */

/* Rows of a table, claimed and counted; the first that differs is told. */
static bool same_rows(struct tc_recount *recount, const struct counted_source *source,
                      const char *whose, const struct tc_counter_row *rows, size_t count,
                      const void *claimed, const void *counted)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t claim = ((const uint64_t *)claimed)[i];
        uint64_t found = ((const uint64_t *)counted)[i];

        if (claim == found)
            continue;
        differ(recount, source, "%s: %s is %lu in the capture, but %lu by its frames and events",
               whose, rows[i].name, claim, found);
        return false;
    }
    return true;
}

/* Figures that frames alone cannot give where what was left out is not told in full. */
static bool compares_figures(const struct counted_source *source)
{
    return source->retrace.exact && (source->claim.header.flags & TC_BLOCK_STATES_OLD) == 0;
}

static void compare_lines(struct tc_recount *recount, const struct counted_source *source,
                          const struct tc_line_state *lines)
{
    const struct tc_catalog *catalog = &source->source->capture->catalog;

    for (uint16_t i = 0; i < catalog->line_count; i++) {
        const struct tc_line *line = &catalog->lines[i];
        char whose[TC_NAME_BYTES + TC_LINE_NAME_BYTES + 16];

        snprintf(whose, sizeof whose, "line %s of %s", line->name,
                 catalog->channels[line->channel].name);
        if (!same_rows(recount, source, whose, tc_figure_rows, TC_FIGURE_ROWS, &lines[i].figures,
                       &source->retrace.lines[i].sequence.figures))
            return;
    }
}

/* `arbiters`: by channel; NULL where the channel is compared elsewhere. */
static void compare_channels(struct tc_recount *recount, const struct counted_source *source,
                             struct tc_arbiter *const *arbiters, const struct tc_merged *channels)
{
    const struct tc_catalog *catalog = &source->source->capture->catalog;

    for (uint16_t i = 0; source->retrace.from_begin && i < catalog->channel_count; i++) {
        const struct tc_arbiter *arbiter = arbiters[i];
        struct tc_merged counted;

        if (arbiter == NULL)
            continue;
        counted = tc_arbiter_figures(arbiter);
        if (!same_rows(recount, source, catalog->channels[i].name, tc_merged_rows, TC_MERGED_ROWS,
                       &channels[i], &counted))
            return;
    }
}

static void compare_block(struct tc_recount *recount, struct counted_source *source)
{
    const struct claim *claim = &source->claim;

    if (source->frames != claim->header.frames || source->messages != claim->header.messages)
        differ(recount, source, "the header's counts are not those of its frames");
    if (source->frames > 0 && (source->first_rx_ns != claim->header.first_rx_ns ||
                               source->last_rx_ns != claim->header.last_rx_ns))
        differ(recount, source, "the header's receive times are not those of its frames");
    if (source->told.count > 0 && source->retrace.exact)
        differ(recount, source, "a %s event stands before no frame",
               tc_event_type(source->told.events[0].kind)->name);
    source->told.count = 0;
    if (!tc_ledger_closes(&claim->ledger))
        differ(recount, source,
               "the ledger does not close: %lu received, but %lu recorded, %lu "
               "dropped and %lu filtered",
               claim->ledger.received, claim->ledger.recorded, tc_ledger_dropped(&claim->ledger),
               claim->ledger.filtered);
    for (size_t row = 0; row < TC_LEDGER_ROWS; row++)
        if (tc_ledger_get(&claim->ledger, row) < tc_ledger_get(&source->last, row))
            differ(recount, source, "the ledger counts %s backwards", tc_ledger_rows[row].name);
    for (size_t row = 0; row < TC_NIC_ROWS; row++)
        if (((const uint64_t *)&claim->nic)[row] < ((const uint64_t *)&source->last_nic)[row])
            differ(recount, source, "the port counts %s backwards", tc_nic_rows[row].name);
    source->last = claim->ledger;
    source->last_nic = claim->nic;
    if (!same_rows(recount, source, "the port", tc_nic_rows, TC_NIC_ROWS, &claim->nic,
                   &source->nic) ||
        !same_rows(recount, source, "the ledger", tc_ledger_rows, TC_LEDGER_ROWS, &claim->ledger,
                   &source->retrace.ledger) ||
        !compares_figures(source))
        return;
    compare_lines(recount, source, claim->lines);
    compare_channels(recount, source, source->retrace.arbiters, claim->channels);
}

/* ---- taking ---- */

static void begin_block(struct counted_source *source)
{
    const struct tc_stream_state *state = source->source->state;

    snprintf(source->claim.path, PATH_BYTES, "%s", source->source->path);
    source->claim.ledger = state->ledger;
    source->claim.nic = state->nic;
    source->claim.header = *source->source->block;
    memcpy(source->claim.lines, state->lines, state->catalog->line_count * sizeof state->lines[0]);
    memcpy(source->claim.channels, state->channels,
           state->catalog->channel_count * sizeof state->channels[0]);
    source->frames = source->messages = 0;
    source->first_rx_ns = UINT64_MAX;
    source->last_rx_ns = 0;
    source->in_block = true;
}

/* Only then do events tell of packets whose frames are elsewhere. */
static bool is_of_no_port(const struct tc_source *source)
{
    for (uint16_t i = 0; i < source->capture->stream_count; i++)
        if (source->capture->streams[i].number == source->stream)
            return source->capture->streams[i].port == TC_PORT_NONE;
    return false;
}

/* What an event says of the port's own counters. */
static void note_nic(struct counted_source *source, const struct tc_event *event)
{
    struct tc_cursor in = tc_cursor_of(event->payload, event->payload_bytes);

    if (event->kind != TC_EVENT_NIC)
        return;
    source->nic.missed = tc_cursor_u64(&in);
    source->nic.errors = tc_cursor_u64(&in);
    source->nic.nombuf = tc_cursor_u64(&in);
}

/* Channels that several streams bring are counted over all of them. */
static void hear(struct tc_recount *recount, const struct tc_retraced *packet)
{
    struct counted_run *run = &recount->runs[recount->taking->run];
    const struct tc_line_report report = {packet->run, packet->time_ns, packet->line};
    struct tc_ruling ruling;

    if (run->memory != NULL)
        tc_chorus_take(&run->chorus, &report, packet->time_ns, &ruling);
}

/* What stands before a frame; NULL: the frame is no packet. */
static void check_told(struct tc_recount *recount, struct counted_source *source,
                       const struct tc_retraced *packet, uint64_t frame)
{
    const struct tc_sequence *line = packet != NULL ? &source->retrace.lines[packet->line].sequence
                                                    : NULL;
    struct tc_error detail;

    if (tc_told_events_check(&source->told, packet, line, &detail) == TC_OK ||
        source->told_differ || !source->retrace.exact)
        return;
    source->told_differ = true;
    differ(recount, source, "frame %lu: %.200s", frame, detail.text);
}

static enum tc_status take_packet(void *context, const struct tc_retraced *packet,
                                  struct tc_error *error)
{
    struct tc_recount *recount = context;

    (void)error;
    if (packet->recorded && packet->flags_differ && recount->taking->retrace.exact)
        differ(recount, recount->taking,
               "the flags of frame %lu are not those that its sequence numbers give",
               packet->item->number);
    if (packet->recorded)
        check_told(recount, recount->taking, packet, packet->item->number);
    hear(recount, packet);
    return TC_OK;
}

static void tell_lapse(struct tc_recount *recount, const struct counted_source *source,
                       const struct tc_time_lapse *lapse)
{
    differ(recount, source,
           "frame %lu, in block %lu, was received %lu ns before the frame before it, and no event "
           "says that a clock was set back",
           lapse->frame, lapse->block, lapse->back_ns);
}

static void take_times(struct tc_recount *recount, struct counted_source *source,
                       const struct tc_item *item)
{
    struct tc_time_lapse lapse;

    if (tc_time_check_take(&source->times, item, &lapse))
        tell_lapse(recount, source, &lapse);
}

enum tc_status tc_recount_take(struct tc_recount *recount, const struct tc_item *item,
                               struct tc_error *error)
{
    struct counted_source *source = recount->sources;
    struct tc_error detail = {0};

    while (source->source != item->source)
        source++;
    if (recount->given_up)
        return TC_OK;
    if (source->in_block && source->claim.header.number != item->source->block->number)
        compare_block(recount, source);
    if (!source->in_block || source->claim.header.number != item->source->block->number)
        begin_block(source);
    if (item->kind == TC_ITEM_FRAME) {
        uint64_t rx_ns = item->frame->rx_ns;

        source->frames++;
        source->messages += item->frame->messages;
        source->first_rx_ns = rx_ns < source->first_rx_ns ? rx_ns : source->first_rx_ns;
        source->last_rx_ns = rx_ns > source->last_rx_ns ? rx_ns : source->last_rx_ns;
    }
    take_times(recount, source, item);
    recount->taking = source;
    if (item->kind == TC_ITEM_EVENT && item->event->kind == TC_EVENT_UNHEARD)
        recount->runs[source->run].exact = false;
    if (item->kind == TC_ITEM_EVENT) {
        note_nic(source, item->event);
        if (!is_of_no_port(item->source))
            tc_told_events_add(&source->told, item->event);
    }
    if (tc_retrace_take(&source->retrace, item, take_packet, recount, &detail) == TC_MEMORY)
        return tc_fail(error, TC_MEMORY, "%s", detail.text);
    if (detail.status != TC_OK) {
        differ(recount, source, "%s", detail.text);
        recount->given_up = true;
    } else if (item->kind == TC_ITEM_FRAME && source->told.count > 0) {
        check_told(recount, source, NULL, item->number); /* it is no packet */
    }
    return TC_OK;
}

/* Receive times that are out of order or refused, and no event says why. */
static void compare_times(struct tc_recount *recount, struct counted_source *source)
{
    struct tc_time_check *times = &source->times;
    struct tc_time_lapse lapse;

    if (tc_time_check_end(times, &lapse))
        tell_lapse(recount, source, &lapse);
    /* where frames were dropped, events may have found no room either */
    if (source->retrace.from_begin && tc_ledger_dropped(&source->retrace.ledger) == 0 &&
        times->refused > times->told)
        differ(recount, source,
               "the receive time of %lu frames was refused, but events tell of %lu", times->refused,
               times->told);
}

/*
 * Streams are heard in another order here than while they were captured. Sessions may then have
 * been closed sooner, and where lines start sessions anew they may have met in others.
 */
static bool depends_on_order(const struct tc_chorus *chorus)
{
    bool depends = chorus->unheard > 0;

    for (uint16_t i = 0; i < chorus->catalog->channel_count; i++)
        depends |= chorus->arbiters[i] != NULL && chorus->arbiters[i]->restarts > 0;
    return depends;
}

/* What the last segment says of the whole run. */
static void compare_end(struct tc_recount *recount, struct counted_source *source)
{
    const struct tc_stream_state *state = source->source->state;
    const struct counted_run *run = &recount->runs[source->run];

    if (source->in_block)
        compare_block(recount, source);
    compare_times(recount, source);
    if (!same_rows(recount, source, "the ledger at the end", tc_ledger_rows, TC_LEDGER_ROWS,
                   &state->ledger, &source->retrace.ledger) ||
        !compares_figures(source))
        return;
    compare_lines(recount, source, state->lines);
    compare_channels(recount, source, source->retrace.arbiters, state->channels);
    if (run->memory != NULL && run->exact && !depends_on_order(&run->chorus) &&
        is_of_no_port(source->source))
        compare_channels(recount, source, run->chorus.arbiters, state->channels);
}

void tc_recount_end(struct tc_recount *recount)
{
    for (size_t i = 0; i < recount->source_count; i++)
        recount->runs[recount->sources[i].run].exact &= recount->sources[i].retrace.exact;
    for (size_t i = 0; !recount->given_up && i < recount->source_count; i++)
        compare_end(recount, &recount->sources[i]);
}
