/*
 * The golden captures of events: each kind that docs/FORMAT.md lists stands in one of them, and
 * each kind of loss, told at its place and counted in its row.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "feed/registry.h"
#include "goldcapture.h"
#include "track/state.h"

#define SECOND_NS   UINT64_C(1000000000)
#define MIDNIGHT_NS (UINT64_C(1699938000) * SECOND_NS) /* in the zone of the captures */

/* ---- packets that are made by hand ---- */

/* Sets the exchange time of a message to `net_ns` before the receive time. */
static void put_exchange_time(const struct tc_feed *feed, uint8_t class, uint8_t *message,
                              uint64_t rx_ns, int64_t net_ns)
{
    const struct tc_type *type = &feed->types[class];
    const struct tc_field *field = tc_field_of(type->fields, type->field_count, TC_MEAN_EXCH_TIME);
    uint64_t exch_ns = rx_ns - (uint64_t)net_ns;

    if (field == NULL)
        return;
    tc_store_uint(message + field->offset,
                  field->format == TC_FORMAT_MIDNIGHT_NS ? exch_ns - MIDNIGHT_NS : exch_ns,
                  field->width, (feed->flags & TC_FEED_BIG_ENDIAN) != 0);
}

/* A packet with numbers from `first` on, of `session`; without messages it is a heartbeat. */
static void make(struct gold *gold, uint16_t channel, const char *session, uint64_t first,
                 uint32_t messages, int64_t net_ns)
{
    const struct tc_channel *of = &gold->capture->catalog.channels[channel];
    struct hostile *hostile = gold->hostile;

    smith_packet_begin(&hostile->packet, of, session, first);
    for (uint32_t i = 0; i < messages; i++) {
        uint8_t message[4096];
        uint8_t class = (uint8_t)smith_below(&hostile->dice, of->feed->type_count);
        uint16_t bytes = smith_message(&hostile->dice, of->feed, class, message);

        put_exchange_time(of->feed, class, message, hostile->time_ns, net_ns + i);
        smith_packet_add(&hostile->packet, message, bytes);
    }
    /* by its numbers, so that copies agree and what follows is later */
    smith_packet_end(&hostile->packet, SECOND_NS + first, 40 * first);
}

static void send(struct gold *gold, uint16_t line, uint16_t flags, uint64_t proc_after_ns)
{
    static const struct smith_envelope plain;
    struct hostile *hostile = gold->hostile;
    uint32_t length = smith_frame(hostile->frame, &gold->capture->catalog.lines[line], &plain,
                                  hostile->packet.bytes, hostile->packet.length);
    const struct tc_arrival arrival = {.bytes = hostile->frame,
                                       .captured_bytes = length,
                                       .wire_bytes = length,
                                       .rx_ns = hostile->time_ns,
                                       .proc_ns = hostile->time_ns + proc_after_ns,
                                       .flags = flags};

    hostile->take(hostile->context, &arrival);
    hostile->time_ns += 900;
}

static void send_numbers(struct gold *gold, uint16_t line, const char *session, uint64_t first,
                         uint32_t messages)
{
    make(gold, gold->capture->catalog.lines[line].channel, session, first, messages, 5000);
    send(gold, line, 0, 300);
}

/* ---- what packets tell ---- */

/* Gaps that stay, that are filled late and by the other line; sessions from begin to end. */
static void tell_of_packets(struct gold *gold)
{
    send_numbers(gold, 0, "ONE", 1, 3);
    send_numbers(gold, 1, "ONE", 1, 3);
    send_numbers(gold, 0, "ONE", 7, 2);  /* 4 to 6 on no line yet */
    send_numbers(gold, 1, "ONE", 4, 3);  /* this one brings them */
    send_numbers(gold, 0, "ONE", 5, 1);  /* late */
    send_numbers(gold, 1, "ONE", 12, 0); /* 7 and 8 are known from the other, 9 to 11 are not */
    send_numbers(gold, 1, "ONE", 7, 2);
    send_numbers(gold, 0, "ONE", 14, 1);
    make(gold, 0, "ONE", 15, 0, 0);
    smith_packet_count(&gold->hostile->packet, 0xffff);
    send(gold, 0, 0, 0); /* the end, which is told once */
    send(gold, 0, 0, 0);
    send(gold, 1, 0, 0);
    send_numbers(gold, 0, "TWO", 3, 2); /* 1 and 2 are missing */
    send_numbers(gold, 1, "TWO", 1, 4);
    send_numbers(gold, 0, "THREE", 1, 1); /* closes ONE */
    send_numbers(gold, 1, "THREE", 1, 1);
}

/* One line speaks alone for longer than the other may be silent. */
static void fall_silent(struct gold *gold)
{
    for (uint64_t i = 0; i < 8; i++) {
        send_numbers(gold, 0, "THREE", 2 + i, 1);
        gold->hostile->time_ns += SECOND_NS / 4;
        tc_intake_tick(&gold->work->intake, gold->hostile->time_ns);
    }
    send_numbers(gold, 1, "THREE", 2, 8);
}

/* ---- what others tell ---- */

static void tell(struct gold *gold, enum tc_event_kind kind, uint16_t about, const uint64_t *values,
                 uint32_t count)
{
    uint8_t payload[TC_EVENT_PAYLOAD_MAX];
    struct tc_scribe out = tc_scribe_of(payload, sizeof payload);

    for (uint32_t i = 0; i < count; i++)
        tc_scribe_uint(&out, values[i], 8);
    tc_intake_event(&gold->work->intake, kind, about, gold->hostile->time_ns, payload,
                    (uint32_t)out.length);
    gold->hostile->time_ns += 50;
}

static void look_at_port(struct gold *gold, uint64_t missed, uint64_t errors, uint64_t nombuf)
{
    const struct tc_nic nic = {missed, errors, nombuf, gold->hostile->time_ns};

    tc_intake_nic(&gold->work->intake, 0, &nic);
    gold->hostile->time_ns += 50;
}

/* Losses of the port, its link, clocks that are set. */
static void tell_of_port(struct gold *gold)
{
    struct tc_clock *clock = &gold->work->intake.clock;

    look_at_port(gold, 0, 0, 0);
    send_numbers(gold, 2, "PORT", 1, 2);
    tell(gold, TC_EVENT_LINK, 0, (const uint64_t[]){0, 0}, 2);
    tell(gold, TC_EVENT_LINK, 0, (const uint64_t[]){1, 10000}, 2);
    look_at_port(gold, 17, 0, 3);
    look_at_port(gold, 17, 2, 3);
    look_at_port(gold, 17, 2, 3); /* nothing has risen */
    send_numbers(gold, 3, "PORT", 1, 2);
    tell(gold, TC_EVENT_CLOCK_STEP, TC_PORT_NONE,
         (const uint64_t[]){UINT64_C(25000000), TC_STEPPED_SYSTEM}, 2);
    tell(gold, TC_EVENT_CLOCK_STEP, 0, (const uint64_t[]){(uint64_t)-37, TC_STEPPED_PORT}, 2);
    clock->corrections++;
    clock->base_ns += 25000000;
    clock->residual_ns = 9;
    clock->compared_ns = gold->hostile->time_ns;
}

/* Frames whose stamps were refused for each of the reasons. */
static void refuse_times(struct gold *gold)
{
    static const uint64_t stamps[] = {0, 86400, UINT64_C(4000000000000000000), 5};

    for (uint64_t why = 1; why <= 4; why++) {
        tell(gold, TC_EVENT_BAD_TIME, 0, (const uint64_t[]){why, stamps[why - 1], why}, 3);
        make(gold, 1, "PORT", 2 * why + 1, 2, 1000);
        send(gold, 2, TC_FRAME_BAD_TIME | TC_FRAME_SOFTWARE_TIME, 0);
        send(gold, 3, TC_FRAME_BAD_TIME, 700);
    }
}

/* Messages from far before their frame to after it, and of one beyond what is bearable. */
static void spread_latencies(struct gold *gold)
{
    uint64_t first = 11;

    for (int64_t net_ns = 1; net_ns < (int64_t)SECOND_NS * 200; net_ns *= 3, first += 2)
        for (uint16_t line = 2; line < 4; line++) {
            make(gold, 1, "PORT", first, 2, line == 2 ? net_ns : -net_ns);
            send(gold, line, 0, (uint64_t)net_ns % 5000);
        }
}

static void make_events(void)
{
    const struct smith_channel channels[] = {{&tc_feed_itch50, 2}, {&tc_feed_tops16, 2}};
    const struct pipework_options options = {
        .limits = {.batch_messages = 8, .block_messages = 8192 + 60},
        .plain = true,
        .silent_after_ns = SECOND_NS,
        .latency_bound_ns = 60 * SECOND_NS};
    struct gold gold;

    gold_begin(&gold, "events", smith_capture_new(channels, 2, 1), 1201, &options);
    tell_of_packets(&gold);
    fall_silent(&gold);
    tell_of_port(&gold);
    refuse_times(&gold);
    spread_latencies(&gold);
    gold_finish(&gold);
}

/* Latencies of each feed as they are in life: a few microseconds, over several segments. */
static void make_latencies(void)
{
    const struct pipework_options options = {
        .limits = {.writers = 2, .batch_messages = 8, .block_messages = 8192 + 16},
        .rotate_bytes = 9000};
    struct gold gold;
    uint64_t first = 1;

    gold_begin(&gold, "latencies", smith_capture_of_all_feeds(), 1301, &options);
    for (uint32_t i = 0; i < 30; i++, first += 3)
        for (uint16_t line = 0; line < gold.capture->catalog.line_count; line++) {
            make(&gold, gold.capture->catalog.lines[line].channel, "LIFE", first, 3,
                 3000 + smith_below(&gold.hostile->dice, 4000));
            send(&gold, line, 0, 200 + smith_below(&gold.hostile->dice, 600));
        }
    gold_finish(&gold);
}

/* ---- losses ---- */

/* What has been dropped and not told yet is so for another reason than that no batch was free. */
static void blame(struct gold *gold, enum tc_drop_cause cause)
{
    struct tc_intake *intake = &gold->work->intake;
    struct tc_drop *drop = &intake->drop;

    PIPEWORK_MUST(drop->frames > 0, "nothing was dropped");
    intake->ledger.no_batch -= drop->frames;
    *tc_ledger_drop(&intake->ledger, cause) += drop->frames;
    drop->cause = cause;
    for (uint32_t i = 0; i < drop->run_count; i++)
        if (drop->runs[i].fate != TC_DROP_FILTERED)
            drop->runs[i].fate = (uint8_t)cause;
}

/* Frames that were received and not recorded, at several places, for each reason. */
static void make_drops(void)
{
    const struct pipework_options options = {
        .limits = {.batch_messages = 8, .block_messages = 8192 + 40}};
    struct gold gold;

    gold_begin(&gold, "drops", smith_capture_of_all_feeds(), 301, &options);
    for (unsigned i = 0; i < 2 * TC_DROP_CAUSES; i++) {
        gold.work->starved = i % 2 == 1;
        hostile_feed(gold.hostile, 6);
        hostile_noise(gold.hostile, 3);
        if (gold.work->starved)
            blame(&gold, (enum tc_drop_cause)(i / 2));
    }
    gold_finish(&gold);
}

/* Frames that nobody wants, and some that are lost between them. */
static void make_filtered(void)
{
    struct tc_capture *capture = smith_capture_of_all_feeds();
    size_t bytes = tc_symbol_filter_footprint(&capture->catalog);
    void *memory = aligned_alloc(64, tc_align_up(bytes, 64));
    struct tc_symbol_filter filter;
    const struct pipework_options options = {
        .limits = {.batch_messages = 8, .block_messages = 8192 + 40},
        .symbols = &filter,
        .filter_unmatched = true};
    struct gold gold;

    PIPEWORK_MUST(memory != NULL, "no memory for a filter");
    memset(memory, 0, bytes);
    tc_symbol_filter_init(&filter, memory, &capture->catalog);
    PIPEWORK_MUST(tc_symbol_filter_want(&filter, "GOLD") == TC_OK, "a symbol is refused");
    gold_begin(&gold, "filtered", capture, 1401, &options);
    for (int i = 0; i < 10; i++) {
        gold.work->starved = i % 4 == 3;
        hostile_feed(gold.hostile, 8);
        hostile_noise(gold.hostile, 4);
    }
    gold_finish(&gold);
    free(memory);
}

/* ---- lines in different streams ---- */

enum { PORT_STREAMS = 2, CHORUS_STREAMS = PORT_STREAMS + 1, REPORTS_MOST = 64 };

/* Two streams of a line each, and the one in which they are compared. */
struct choir {
    struct gold streams[CHORUS_STREAMS];
    struct tc_line_report reports[REPORTS_MOST];
    uint32_t report_count;
    struct tc_chorus chorus;
    void *memory;
};

static bool report(void *context, const struct tc_line_report *report)
{
    struct choir *choir = context;

    if (choir->report_count == REPORTS_MOST)
        return false;
    choir->reports[choir->report_count++] = *report;
    return true;
}

static void begin_choir(struct choir *choir)
{
    static const char *const names[] = {"chorus", "chorus.1", "chorus.2"};
    const struct smith_channel channel = {&tc_feed_tops16, 2};

    for (uint32_t i = 0; i < CHORUS_STREAMS; i++) {
        struct tc_capture *capture = smith_capture_new(&channel, 1, CHORUS_STREAMS);
        struct pipework_options options = {.stream = i};
        size_t bytes;

        capture->streams[PORT_STREAMS].port = TC_PORT_NONE;
        capture->catalog.channels[0].arbitration = TC_ARBITRATE_ELSEWHERE;
        if (i < PORT_STREAMS) {
            options.reporter = (struct tc_line_reporter){report, choir};
        } else {
            bytes = tc_align_up(tc_chorus_footprint(&capture->catalog), 64);
            choir->memory = aligned_alloc(64, bytes);
            PIPEWORK_MUST(choir->memory != NULL, "no memory for a chorus");
            memset(choir->memory, 0, bytes);
            tc_chorus_init(&choir->chorus, choir->memory, &capture->catalog, SECOND_NS);
            options.chorus = &choir->chorus;
        }
        gold_begin(&choir->streams[i], names[i], capture, 1501, &options);
    }
}

/* A packet on one line; the times of all streams go on together. */
static void sing(struct choir *choir, uint16_t line, uint64_t first, uint32_t messages)
{
    struct gold *gold = &choir->streams[line], *heard = &choir->streams[PORT_STREAMS];

    gold->hostile->time_ns = heard->hostile->time_ns;
    send_numbers(gold, line, "CHOIR", first, messages);
    tc_intake_tick(&gold->work->intake, gold->hostile->time_ns);
    heard->hostile->time_ns = gold->hostile->time_ns;
    for (uint32_t i = 0; i < choir->report_count; i++)
        tc_intake_report(&heard->work->intake, &choir->reports[i], heard->hostile->time_ns);
    choir->report_count = 0;
    tc_intake_tick(&heard->work->intake, heard->hostile->time_ns);
}

static void make_chorus(void)
{
    struct choir *choir = calloc(1, sizeof *choir);

    PIPEWORK_MUST(choir != NULL, "no memory for a choir");
    begin_choir(choir);
    sing(choir, 0, 1, 3);
    sing(choir, 1, 1, 3);
    sing(choir, 0, 6, 3);              /* 4 and 5 on no line yet */
    sing(choir, 1, 4, 3);              /* this one brings them */
    for (uint64_t i = 0; i < 8; i++) { /* the other is silent */
        choir->streams[PORT_STREAMS].hostile->time_ns += SECOND_NS / 4;
        sing(choir, 0, 9 + i, 1);
    }
    sing(choir, 1, 7, 5);
    tell(&choir->streams[PORT_STREAMS], TC_EVENT_UNHEARD, TC_LINE_NONE, (const uint64_t[]){2}, 1);
    sing(choir, 1, 14, 2); /* 12 and 13 are missing here */
    for (uint32_t i = 0; i < CHORUS_STREAMS; i++)
        gold_finish(&choir->streams[i]);
    free(choir->memory);
    free(choir);
}

void gold_make_events(void)
{
    make_events();
    make_latencies();
    make_drops();
    make_filtered();
    make_chorus();
}
