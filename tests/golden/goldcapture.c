/* Beginning, describing and ending a golden capture. */
#include "goldcapture.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "goldtext.h"

const char *gold_above;

static void take(void *context, const struct tc_arrival *arrival)
{
    pipework_take(context, arrival);
}

/* Two offsets, as a zone of the east of America would have them in the year of the frames. */
static void set_zones(struct tc_catalog *catalog)
{
    for (uint16_t i = 0; i < catalog->channel_count; i++)
        catalog->channels[i].zone = (struct tc_zone){
            .name = "Golden/Zone",
            .count = 2,
            .spans = {{1678604400, -4 * 3600}, {1699164000, -5 * 3600}},
        };
}

struct tc_capture *gold_capture_of(const struct tc_feed *feed, uint16_t lines)
{
    const struct smith_channel channel = {feed, lines};

    return smith_capture_new(&channel, 1, 1);
}

/* A clock of each kind, with something in every field. */
static const struct tc_clock clocks[] = {
    {.source = TC_CLOCK_NIC,
     .unit = TC_UNIT_TICKS,
     .epoch = TC_EPOCH_TAI,
     .in_sync = true,
     .corrections = 3,
     .base_ticks = 1000,
     .base_ns = UINT64_C(1700000000000000000),
     .slope = UINT64_C(1) << TC_CLOCK_SHIFT,
     .error_ns = 125,
     .host_error_ns = 2000000,
     .residual_ns = -77,
     .compared_ns = UINT64_C(1699999999000000000),
     .ahead_s = 37,
     .spare_bits = 32},
    {.source = TC_CLOCK_TSC,
     .unit = TC_UNIT_TICKS,
     .epoch = TC_EPOCH_START,
     .corrections = 70000,
     .base_ticks = UINT64_C(1) << 50,
     .base_ns = UINT64_C(1700000000000000001),
     .slope = (UINT64_C(1) << TC_CLOCK_SHIFT) / 3,
     .error_ns = 900,
     .host_error_ns = TC_ERROR_UNKNOWN,
     .residual_ns = 450,
     .compared_ns = UINT64_C(1700000000000000000)},
    {.source = TC_CLOCK_FILE,
     .unit = TC_UNIT_US,
     .epoch = TC_EPOCH_UTC,
     .slope = UINT64_C(1000) << TC_CLOCK_SHIFT,
     .error_ns = TC_ERROR_UNKNOWN,
     .host_error_ns = TC_ERROR_UNKNOWN},
};

void gold_begin(struct gold *gold, const char *name, struct tc_capture *capture, uint64_t seed,
                const struct pipework_options *wanted)
{
    struct pipework_options options = *wanted;

    snprintf(gold->folder, sizeof gold->folder, "%s/%s", gold_above, name);
    snprintf(gold->text, sizeof gold->text, "%s/expected.txt", gold->folder);
    PIPEWORK_MUST(mkdir(gold->folder, 0777) == 0, "the folder of a capture cannot be made");
    set_zones(&capture->catalog);
    gold->capture = capture;
    options.capture = capture;
    options.directory = gold->folder;
    options.keep = true;
    gold->work = pipework_new(&options);
    gold->work->intake.clock = clocks[seed / 100 % (sizeof clocks / sizeof clocks[0])];
    gold->hostile = hostile_new(capture, seed, take, gold->work);
}

/* ---- the text ---- */

static void write_event(FILE *out, const struct pipework *work, const struct pipework_event *kept)
{
    const struct tc_event event = {.payload = kept->payload,
                                   .payload_bytes = kept->payload_bytes,
                                   .time_ns = kept->time_ns,
                                   .about = kept->about,
                                   .kind = kept->kind};

    gold_event(out, work->options.stream, kept->position, &event);
}

static void write_frame(FILE *out, const struct pipework *work, uint64_t number)
{
    const struct pipework_frame *kept = &work->frames[number];

    gold_frame(out, work->options.stream, number,
               &(struct tc_frame){.bytes = kept->bytes,
                                  .captured_bytes = kept->captured_bytes,
                                  .wire_bytes = kept->wire_bytes,
                                  .rx_ns = kept->rx_ns,
                                  .proc_ns = kept->proc_ns,
                                  .marks = kept->marks,
                                  .messages = kept->messages,
                                  .line = kept->line,
                                  .flags = kept->flags,
                                  .payload_offset = kept->payload_offset});
}

static void add_latencies(struct tc_latencies *latencies, const struct pipework_frame *kept)
{
    const struct tc_latency_frame frame = {.payload = kept->bytes + kept->payload_offset,
                                           .marks = kept->marks,
                                           .messages = kept->messages,
                                           .rx_ns = kept->rx_ns,
                                           .proc_ns = kept->proc_ns,
                                           .line = kept->line,
                                           .flags = kept->flags};
    struct tc_latency_breach breach;

    if (kept->messages == 0)
        return;
    (void)tc_latencies_take(latencies, &frame, &breach);
    tc_latencies_commit(latencies);
}

/* Of all frames that were kept. */
static void write_latencies(FILE *out, const struct pipework *work)
{
    const struct tc_catalog *catalog = &work->options.capture->catalog;
    size_t bytes = tc_align_up(tc_latencies_footprint(catalog, 1, TC_PACKET_MESSAGES_MAX), 64);
    void *memory = aligned_alloc(64, bytes);
    struct tc_latencies latencies;

    PIPEWORK_MUST(memory != NULL, "no memory for latencies");
    memset(memory, 0, bytes);
    tc_latencies_init(&latencies, memory, catalog, 1, TC_PACKET_MESSAGES_MAX, UINT64_MAX);
    for (size_t i = 0; i < work->frame_count; i++)
        add_latencies(&latencies, &work->frames[i]);
    for (uint16_t i = 0; i < catalog->line_count; i++)
        gold_latency(out, work->options.stream, i, &latencies.lines[i]);
    free(memory);
}

/* What is known at the end of the stream. */
static void write_states(FILE *out, const struct pipework *work)
{
    const struct tc_catalog *catalog = &work->options.capture->catalog;
    const struct tc_intake *intake = &work->intake;
    uint32_t stream = work->options.stream;

    gold_ledger(out, stream, &intake->ledger);
    for (uint16_t i = 0; i < catalog->line_count; i++) {
        struct tc_line_state state;

        tc_line_state_of(&state, &intake->sequences[i]);
        gold_line(out, stream, i, &state);
    }
    for (uint16_t i = 0; i < catalog->channel_count; i++) {
        struct tc_merged merged = {0};

        if (intake->arbiters[i] != NULL)
            merged = tc_arbiter_figures(intake->arbiters[i]);
        gold_channel(out, stream, i, &merged);
    }
    gold_nic(out, stream, &intake->nic);
    /* blocks tell of it, and without one it is not known */
    gold_clock(out, stream, work->blocks > 0 ? &work->last_clock : &(struct tc_clock){0});
    write_latencies(out, work);
}

void gold_write(const struct gold *gold, uint64_t frames, bool all)
{
    const struct pipework *work = gold->work;
    FILE *out = fopen(gold->text, "a");
    size_t event = 0;

    PIPEWORK_MUST(out != NULL, "the text of a capture cannot be written");
    for (uint64_t i = 0; i <= frames; i++) {
        for (; event < work->event_count && work->events[event].position == i; event++)
            if (i < frames || all)
                write_event(out, work, &work->events[event]);
        if (i < frames)
            write_frame(out, work, i);
    }
    if (all)
        write_states(out, work);
    PIPEWORK_MUST(fclose(out) == 0, "the text of a capture cannot be written");
}

void gold_put_away(struct gold *gold)
{
    hostile_free(gold->hostile);
    pipework_free(gold->work);
    smith_capture_free(gold->capture);
}

void gold_finish(struct gold *gold)
{
    pipework_finish(gold->work, gold->hostile->time_ns);
    gold_write(gold, gold->work->frame_count, true);
    gold_put_away(gold);
}
