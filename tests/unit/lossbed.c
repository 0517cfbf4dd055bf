/* Frames on their way to a stream, and reports on theirs to the chorus. */
#include "lossbed.h"

#include <stdlib.h>

#include "segmentbed.h"

enum { SKEW_NS = 1500, STARVES = 40, SPEAKS = 25 };

/* ---- reports ---- */

static bool report_of(struct loss_bed *bed, uint32_t stream, const struct tc_line_report *report)
{
    if (bed->report_end[stream] - bed->report_first[stream] == LOSS_REPORTS)
        return false;
    bed->reports[stream][bed->report_end[stream]++ % LOSS_REPORTS] = *report;
    return true;
}

static bool report_first(void *context, const struct tc_line_report *report)
{
    return report_of(context, 0, report);
}

static bool report_second(void *context, const struct tc_line_report *report)
{
    return report_of(context, 1, report);
}

/* Where fewer reports were compared than came, that is told, as the appliance does. */
static void tell_unheard(struct loss_bed *bed)
{
    uint64_t more = bed->chorus.unheard - bed->unheard_told;

    if (more == 0)
        return;
    bed->unheard_told += more;
    tc_intake_event(&bed->works[2]->intake, TC_EVENT_UNHEARD, TC_LINE_NONE, bed->now_ns, &more,
                    sizeof more);
}

/* Hears reports by their times; `all`: also those for which the other stream has none yet. */
static void hear(struct loss_bed *bed, bool all)
{
    for (;;) {
        const struct tc_line_report *heads[2];
        uint32_t first;

        for (uint32_t i = 0; i < 2; i++)
            heads[i] = bed->report_first[i] < bed->report_end[i]
                           ? &bed->reports[i][bed->report_first[i] % LOSS_REPORTS]
                           : NULL;
        if (heads[0] == NULL && heads[1] == NULL)
            break;
        if (!all && (heads[0] == NULL || heads[1] == NULL))
            break;
        first = heads[0] == NULL || (heads[1] != NULL && heads[1]->time_ns < heads[0]->time_ns);
        tc_intake_report(&bed->works[2]->intake, heads[first], bed->now_ns);
        bed->report_first[first]++;
    }
    tell_unheard(bed);
    tc_intake_tick(&bed->works[2]->intake, bed->now_ns);
}

/* ---- frames ---- */

static uint16_t line_of(const struct loss_bed *bed, const struct tc_arrival *arrival,
                        struct tc_datagram *datagram)
{
    return tc_datagram_find(arrival->bytes, arrival->captured_bytes, datagram)
               ? tc_line_find(&bed->table, datagram)
               : TC_LINE_NONE;
}

static void deliver(struct loss_bed *bed, const struct tc_arrival *arrival, uint16_t line)
{
    struct pipework *work =
        bed->works[bed->options.two_streams && line != TC_LINE_NONE && line % 2];
    struct tc_arrival now = *arrival;

    bed->now_ns += 1 + smith_below(&bed->dice, 500);
    now.rx_ns = now.proc_ns = bed->now_ns;
    if (smith_once_in(&bed->dice, STARVES))
        work->starved = !work->starved;
    pipework_take(work, &now);
    if (smith_once_in(&bed->dice, 8))
        tc_intake_tick(&work->intake, bed->now_ns);
    if (bed->options.two_streams)
        hear(bed, smith_once_in(&bed->dice, SPEAKS));
}

static void deliver_oldest(struct loss_bed *bed)
{
    const struct loss_frame *frame = &bed->lagging[bed->lag_first++ % LOSS_LAG];

    bed->lag_count--;
    deliver(bed, &frame->arrival, 1);
}

/* Line 1 lags behind, at times by many frames. */
static void lag(struct loss_bed *bed, const struct tc_arrival *arrival)
{
    struct loss_frame *frame = &bed->lagging[(bed->lag_first + bed->lag_count) % LOSS_LAG];

    memcpy(frame->bytes, arrival->bytes, arrival->captured_bytes);
    frame->arrival = *arrival;
    frame->arrival.bytes = frame->bytes;
    bed->lag_count++;
    if (bed->lag_count == LOSS_LAG || smith_once_in(&bed->dice, 30))
        while (bed->lag_count > 0)
            deliver_oldest(bed);
    if (bed->lag_count > 0 && smith_once_in(&bed->dice, 2))
        deliver_oldest(bed);
}

static void skew(const struct loss_bed *bed, const struct tc_datagram *datagram, uint8_t *bytes)
{
    const struct tc_framer *framer = &bed->capture->catalog.channels[0].framer;
    uint8_t *payload = bytes + datagram->payload_offset;

    if (!datagram->cut && datagram->payload_bytes >= framer->header_bytes)
        tc_slot_store(framer, payload, framer->send_time,
                      tc_slot_load(framer, payload, framer->send_time) + SKEW_NS);
}

static void take(void *context, const struct tc_arrival *arrival)
{
    struct loss_bed *bed = context;
    struct tc_datagram datagram;
    uint16_t line = line_of(bed, arrival, &datagram);
    uint8_t bytes[2048];
    struct tc_arrival changed = *arrival;

    if (line != 1 || arrival->captured_bytes > sizeof bytes) {
        deliver(bed, arrival, line);
        return;
    }
    memcpy(bytes, arrival->bytes, arrival->captured_bytes);
    changed.bytes = bytes;
    if (bed->options.skewed)
        skew(bed, &datagram, bytes);
    lag(bed, &changed);
}

/* ---- the whole ---- */

static void open_streams(struct loss_bed *bed)
{
    uint32_t streams = bed->options.two_streams ? LOSS_STREAMS : 1;
    size_t bytes = tc_align_up(tc_symbol_filter_footprint(&bed->capture->catalog), 64);

    bed->filter_memory = calloc(1, bytes);
    PIPEWORK_MUST(bed->filter_memory != NULL, "no memory for a filter");
    tc_symbol_filter_init(&bed->filter, bed->filter_memory, &bed->capture->catalog);
    if (bed->options.two_streams) {
        bytes = tc_align_up(tc_chorus_footprint(&bed->capture->catalog), 64);
        bed->chorus_memory = aligned_alloc(64, bytes);
        PIPEWORK_MUST(bed->chorus_memory != NULL, "no memory for a chorus");
        memset(bed->chorus_memory, 0, bytes);
        tc_chorus_init(&bed->chorus, bed->chorus_memory, &bed->capture->catalog, UINT64_MAX / 2);
    }
    for (uint32_t i = 0; i < streams; i++) {
        struct pipework_options options = segments_small;

        options.capture = bed->capture;
        options.stream = i;
        options.directory = segments_folder;
        options.symbols = bed->options.filters ? &bed->filter : NULL;
        options.chorus = i == 2 ? &bed->chorus : NULL;
        if (streams > 1 && i < 2)
            options.reporter = (struct tc_line_reporter){i == 0 ? report_first : report_second,
                                                         bed};
        bed->works[i] = pipework_new(&options);
    }
}

/* Some hundred packets at a time, and between them a session that nobody expects. */
static void send(struct loss_bed *bed)
{
    struct hostile *hostile = bed->hostile;
    bool calm = bed->options.calm;

    for (uint32_t i = 0; i < 12; i++) {
        hostile_feed(hostile, 20 + smith_below(&bed->dice, 80));
        if (!calm && smith_once_in(&bed->dice, 3))
            hostile_noise(hostile, smith_below(&bed->dice, 40));
        switch (smith_below(&bed->dice, 6)) {
        case 0: hostile->session[0] += calm ? 1 : smith_below(&bed->dice, 3) - 1; break;
        case 1: hostile->sent[0] = hostile->next[0] = 1; break;
        case 2: hostile->next[0] += smith_below(&bed->dice, 60) - 20; break;
        default: break;
        }
        if (hostile->next[0] > UINT32_MAX)
            hostile->next[0] = 1;
    }
    while (bed->lag_count > 0)
        deliver_oldest(bed);
}

struct loss_bed *loss_record(const struct loss_options *options, uint64_t seed)
{
    const struct smith_channel channel = {options->feed, options->lines};
    struct loss_bed *bed = calloc(1, sizeof *bed);

    PIPEWORK_MUST(bed != NULL, "no memory for losses");
    bed->options = *options;
    bed->dice.state = ~seed;
    bed->now_ns = UINT64_C(1700000000000000000);
    bed->capture = smith_capture_new(&channel, 1, options->two_streams ? LOSS_STREAMS : 1);
    if (options->two_streams) {
        bed->capture->streams[2].port = TC_PORT_NONE;
        bed->capture->catalog.channels[0].arbitration = TC_ARBITRATE_ELSEWHERE;
    }
    tc_line_table_init(&bed->table, &bed->capture->catalog, TC_PORT_ANY);
    open_streams(bed);
    bed->hostile = hostile_new(bed->capture, seed, take, bed);
    bed->hostile->sound = options->calm;
    send(bed);
    for (uint32_t i = 0; i < 2 && bed->works[i] != NULL; i++)
        pipework_finish(bed->works[i], bed->now_ns);
    if (options->two_streams) {
        hear(bed, true);
        pipework_finish(bed->works[2], bed->now_ns);
    }
    return bed;
}

void loss_free(struct loss_bed *bed)
{
    for (uint32_t i = 0; i < LOSS_STREAMS; i++)
        if (bed->works[i] != NULL)
            pipework_free(bed->works[i]);
    hostile_free(bed->hostile);
    smith_capture_free(bed->capture);
    free(bed->filter_memory);
    free(bed->chorus_memory);
    free(bed);
}
