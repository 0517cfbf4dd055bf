/*
 * The frame path, which every frame takes. What is rare (a gap, a late message, a new session, a
 * filter) leaves it for functions of its own; what is told of it is put in front of the frame.
 */
#include "block/intake.h"

#include <assert.h>

#include "base/placer.h"
#include "block/telling.h"
#include "track/state.h"

enum {
    PREFETCH_AHEAD_BYTES = 2048,
    SILENCE_CHECKS_NS = 100 * 1000 * 1000,
};

/* A packet on its way to its fate. */
struct passage {
    const struct tc_arrival *arrival;
    const struct tc_packet *packet;
    const uint8_t *payload;
    struct tc_frame_record *frame; /* where it will stand; NULL: no batch is free */
    struct tc_mark *marks;         /* in the frame's place, or spare ones */
    struct tc_verdict verdict;
    struct tc_ruling ruling;
    uint16_t line;
    uint16_t channel;
    uint16_t flags;
    bool apart; /* it does not go on where the line's packet before ended */
};

/* ---- set-up ---- */

static bool arbitrates(const struct tc_channel *channel, enum tc_arbitration where)
{
    return channel->line_count > 1 && channel->arbitration == where;
}

static void place_lines(struct tc_intake *intake, struct tc_placer *placer,
                        const struct tc_catalog *catalog)
{
    for (uint16_t i = 0; i < catalog->line_count; i++) {
        void *missing = tc_place(placer, tc_sequence_footprint(TC_MISSING_RANGES));

        if (placer->memory != NULL)
            tc_sequence_init(&intake->sequences[i], missing, TC_MISSING_RANGES,
                             tc_line_rules(catalog, i));
    }
}

/* The arbiter of a channel, between the lines that it compares. */
static void place_arbiter(struct tc_intake *intake, struct tc_placer *placer,
                          const struct tc_catalog *catalog, uint16_t number,
                          uint64_t silent_after_ns)
{
    const struct tc_channel *channel = &catalog->channels[number];
    struct tc_arbiter *arbiter = tc_place(placer, sizeof *arbiter);
    void *memory = tc_place(placer, tc_arbiter_footprint(channel->line_count));

    if (placer->memory == NULL)
        return;
    tc_arbiter_init(arbiter, memory, channel->line_count,
                    tc_line_rules(catalog, channel->first_line),
                    silent_after_ns != 0 ? silent_after_ns : TC_SILENT_AFTER_NS);
    intake->arbiters[number] = arbiter;
    for (uint16_t i = 0; i < channel->line_count; i++) {
        struct tc_intake_line *line = &intake->lines[channel->first_line + i];

        arbiter->lines[i].sequence = &intake->sequences[channel->first_line + i];
        line->arbiter = arbiter;
        line->index = i;
    }
}

static void place_reports(struct tc_intake *intake, struct tc_placer *placer,
                          const struct tc_channel *channel)
{
    struct tc_line_report *reports = tc_place(placer, channel->line_count * sizeof *reports);

    for (uint16_t i = 0; placer->memory != NULL && i < channel->line_count; i++)
        intake->lines[channel->first_line + i].report = &reports[i];
}

/* The parts of an intake's memory, in order; the same walk measures and places them. */
static size_t place(struct tc_intake *intake, struct tc_placer *placer,
                    const struct tc_catalog *catalog, const struct tc_intake_options *options)
{
    intake->sequences = tc_place(placer, catalog->line_count * sizeof(struct tc_sequence));
    intake->lines = tc_place(placer, catalog->line_count * sizeof(struct tc_intake_line));
    intake->reporting = tc_place(placer, catalog->line_count * sizeof(uint16_t));
    intake->symbols = tc_place(placer, catalog->channel_count * sizeof(struct tc_symbols));
    intake->arbiters = tc_place(placer, catalog->channel_count * sizeof(struct tc_arbiter *));
    intake->channel_dirty = tc_place(placer, catalog->channel_count * sizeof(uint32_t));
    intake->spare_marks = tc_place(placer, TC_PACKET_MESSAGES_MAX * sizeof(struct tc_mark));
    if (options->chorus != NULL)
        return placer->used;
    place_lines(intake, placer, catalog);
    for (uint16_t i = 0; i < catalog->channel_count; i++) {
        if (arbitrates(&catalog->channels[i], TC_ARBITRATE_HERE))
            place_arbiter(intake, placer, catalog, i, options->silent_after_ns);
        if (arbitrates(&catalog->channels[i], TC_ARBITRATE_ELSEWHERE) &&
            options->reporter.report != NULL)
            place_reports(intake, placer, &catalog->channels[i]);
        if ((catalog->channels[i].feed->flags & TC_FEED_LOCATES) != 0) {
            void *names = tc_place(placer, tc_symbols_footprint(options->limits.writers));

            if (placer->memory != NULL)
                tc_symbols_init(&intake->symbols[i], names, options->limits.writers);
        }
    }
    return placer->used;
}

size_t tc_intake_footprint(const struct tc_catalog *catalog,
                           const struct tc_intake_options *options)
{
    struct tc_placer placer = {0};
    struct tc_intake measured;

    return place(&measured, &placer, catalog, options);
}

void tc_intake_init(struct tc_intake *intake, void *memory, const struct tc_catalog *catalog,
                    const struct tc_intake_options *options, const struct tc_batch_supply *supply)
{
    struct tc_placer placer = {.memory = memory};
    bool filters = options->symbols != NULL || options->filter_unmatched;

    assert(options->limits.writers >= 1 && options->limits.writers <= TC_WRITERS_MAX);
    *intake = (struct tc_intake){
        .catalog = catalog,
        .filter = options->symbols,
        .filter_unmatched = options->filter_unmatched,
        .chorus = options->chorus,
        .reporter = options->reporter,
        .strays = options->strays,
        .batcher =
            {
                .limits = options->limits,
                .supply = *supply,
                .stream = options->stream,
                .teller = {.opened = tc_tell_opened, .closing = tc_tell_closing, .context = intake},
            },
    };
    intake->batcher.limits.kept_free = tc_tell_kept_free(catalog, filters);
    place(intake, &placer, catalog, options);
    for (uint16_t i = 0; options->chorus != NULL && i < catalog->channel_count; i++)
        intake->arbiters[i] = options->chorus->arbiters[i];
    tc_drop_clear(&intake->drop);
    tc_line_table_init(&intake->table, catalog, options->nic_port);
}

/* ---- what is rare ---- */

/* Says of each old message whether it is late or a duplicate. */
static void explain_old(struct tc_intake *intake, uint16_t line, const struct tc_packet *packet,
                        struct tc_mark *marks, const struct tc_verdict *verdict)
{
    for (uint32_t i = 0; i < verdict->old; i++) {
        enum tc_old_message old = tc_sequence_old(&intake->sequences[line], verdict,
                                                  packet->sequence + i);

        marks[i].flags = old == TC_OLD_LATE ? TC_MESSAGE_LATE : TC_MESSAGE_DUPLICATE;
    }
}

/* Tells of a packet in the room that was kept for it. */
static void tell_here(struct tc_intake *intake, enum tc_event_kind kind, uint16_t line,
                      uint64_t time_ns, const void *payload, uint32_t payload_bytes)
{
    bool told = tc_batch_event(intake->batcher.batch, kind, line, time_ns, payload, payload_bytes);

    assert(told);
    (void)told;
}

/* Tells of a packet's event, of which `values` follow the session. */
static void tell_of(struct tc_intake *intake, enum tc_event_kind kind, uint16_t line,
                    const struct tc_packet *packet, const struct tc_arrival *arrival,
                    const uint64_t *values, uint32_t count)
{
    uint8_t payload[TC_EVENT_PAYLOAD_MAX];
    struct tc_scribe out = tc_scribe_of(payload, sizeof payload);

    tc_scribe_bytes(&out, &packet->session, sizeof packet->session);
    for (uint32_t i = 0; i < count; i++)
        tc_scribe_uint(&out, values[i], 8);
    tell_here(intake, kind, line, arrival->rx_ns, payload, (uint32_t)out.length);
}

/* How many of a packet's old messages are late. */
static uint64_t late_of(const struct tc_mark *marks, const struct tc_verdict *verdict)
{
    uint64_t late = 0;

    for (uint32_t i = 0; i < verdict->old; i++)
        late += marks[i].flags == TC_MESSAGE_LATE;
    return late;
}

/* The events of a packet, which stand before its frame. */
static void tell_events(struct tc_intake *intake, uint16_t line, const struct tc_packet *packet,
                        const struct tc_arrival *arrival, const struct tc_mark *marks,
                        const struct tc_verdict *verdict, const struct tc_ruling *ruling)
{
    const struct tc_session_track *track = &intake->sequences[line].tracks[verdict->slot];
    uint64_t end = packet->sequence + packet->messages;
    uint64_t late = late_of(marks, verdict);

    if ((verdict->events & TC_VERDICT_RETIRED) != 0) {
        uint8_t bytes[TC_SESSION_STATE_BYTES];
        struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);

        tc_session_write(&out, &verdict->retired);
        tell_here(intake, TC_EVENT_SESSION, line, arrival->rx_ns, bytes, sizeof bytes);
    }
    if ((verdict->events & TC_VERDICT_NEW_SESSION) != 0)
        tell_of(intake, TC_EVENT_SESSION_START, line, packet, arrival,
                (const uint64_t[]){track->session.first, track->session.ordinal,
                                   (verdict->events & TC_VERDICT_RESET) != 0},
                3);
    if (ruling->speaks)
        tell_here(intake, TC_EVENT_SPEAKS, line, arrival->rx_ns, &intake->lines[line].heard_ns,
                  sizeof intake->lines[line].heard_ns);
    if (verdict->missing > 0)
        tell_of(intake, TC_EVENT_GAP, line, packet, arrival,
                (const uint64_t[]){packet->sequence - verdict->missing, packet->sequence,
                                   intake->lines[line].heard_ns, ruling->known},
                4);
    if (late > 0)
        tell_of(intake, TC_EVENT_FILLED, line, packet, arrival,
                (const uint64_t[]){packet->sequence, end, late, TC_FILLED_LATE}, 4);
    else if (ruling->filled > 0)
        tell_of(intake, TC_EVENT_FILLED, line, packet, arrival,
                (const uint64_t[]){packet->sequence, end, ruling->filled, TC_FILLED_BY_LINE}, 4);
    if ((verdict->events & TC_VERDICT_END) != 0)
        tell_of(intake, TC_EVENT_SESSION_END, line, packet, arrival,
                (const uint64_t[]){track->session.next}, 1);
}

/* Names from the directory messages of a packet. */
static void learn(struct tc_intake *intake, uint16_t channel, const uint8_t *payload,
                  const struct tc_mark *marks, uint32_t messages)
{
    for (uint32_t i = 0; i < messages; i++)
        tc_channel_learn(&intake->catalog->channels[channel], &intake->symbols[channel],
                         marks[i].class, payload + marks[i].offset);
}

/* ---- reports to an arbiter that hears all streams ---- */

static void flush_report(struct tc_intake *intake, struct tc_line_report *report)
{
    if (report->run.packets > 0 && !intake->reporter.report(intake->reporter.context, report))
        intake->reports_lost++;
    report->run.packets = 0;
}

static void flush_reports(struct tc_intake *intake)
{
    for (uint32_t i = 0; i < intake->reporting_count; i++)
        flush_report(intake, intake->lines[intake->reporting[i]].report);
    intake->reporting_count = 0;
}

static void report_packet(struct tc_intake *intake, const struct passage *passage)
{
    uint16_t line = passage->line;
    struct tc_line_report *report = intake->lines[line].report;
    const struct tc_packet *packet = passage->packet;
    bool stale = (passage->verdict.events & TC_VERDICT_STALE) != 0;

    if (report->run.packets > 0 && !passage->apart && tc_run_goes_on(&report->run, packet) &&
        packet->sequence / TC_REPORT_NUMBERS == report->run.first / TC_REPORT_NUMBERS) {
        tc_run_add(&report->run, packet, stale);
        return;
    }
    if (report->run.packets > 0)
        flush_report(intake, report);
    else
        intake->reporting[intake->reporting_count++] = line;
    *report = (struct tc_line_report){tc_run_of(packet, stale), passage->arrival->rx_ns, line};
}

/* ---- the frame path ---- */

/* Brings the lines of the batch that will be written soon into this core's cache. */
static inline void prefetch_ahead(const uint8_t *at, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i += TC_CACHE_LINE_BYTES)
        __builtin_prefetch(at + PREFETCH_AHEAD_BYTES + i, 1);
}

/* Fills in a record whose marks are in place, and counts it as recorded. */
static inline void commit(struct tc_intake *intake, struct tc_frame_record *frame,
                          const struct tc_arrival *arrival, uint16_t line, uint16_t messages,
                          uint8_t payload_offset, uint16_t flags)
{
    struct tc_batch *batch = intake->batcher.batch;
    uint32_t bytes = tc_frame_record_bytes(arrival->captured_bytes, messages);
    bool proc_is_rx = arrival->proc_ns == arrival->rx_ns;

    prefetch_ahead((const uint8_t *)frame, bytes);
    *frame = (struct tc_frame_record){
        .bytes = bytes,
        .kind = TC_RECORD_FRAME,
        .payload_offset = payload_offset,
        .flags = (uint16_t)(flags | arrival->flags | (proc_is_rx ? TC_FRAME_PROC_IS_RX : 0)),
        .rx_ns = arrival->rx_ns,
        .proc_after_ns = (uint32_t)(arrival->proc_ns - batch->proc_base_ns),
        .captured_bytes = arrival->captured_bytes,
        .wire_bytes = arrival->wire_bytes,
        .line = line,
        .messages = messages,
    };
    memcpy(tc_frame_marks(frame) + messages, arrival->bytes, arrival->captured_bytes);
    batch->used += bytes;
    batch->frames++;
    batch->messages += messages;
    intake->ledger.received++;
    intake->ledger.recorded++;
    intake->ledger.messages += messages;
    intake->ledger.wire_bytes += arrival->wire_bytes;
    intake->ledger.bad_time += (arrival->flags & TC_FRAME_BAD_TIME) != 0;
    if (line != TC_LINE_NONE)
        intake->sequences[line].figures.wire_bytes += arrival->wire_bytes;
}

/* A frame for which no batch is free; every frame is counted once, together with its fate. */
static void drop_frame(struct tc_intake *intake, const struct tc_arrival *arrival)
{
    intake->ledger.received++;
    intake->ledger.no_batch++;
    tc_drop_frame(&intake->drop, TC_DROP_NO_BATCH, arrival->rx_ns, arrival->wire_bytes);
}

/* Puts a packet into the list of what is not recorded. */
static void list_packet(struct tc_intake *intake, const struct passage *passage, uint8_t fate)
{
    uint8_t flags = passage->apart ? TC_DROP_APART : 0;

    if ((passage->verdict.events & TC_VERDICT_STALE) != 0)
        flags |= TC_DROP_STALE;
    intake->sequences[passage->line].figures.not_recorded += passage->packet->messages;
    tc_drop_packet(&intake->drop, fate, passage->line, passage->packet, flags);
    /* the list says what it means for the numbers; that the line speaks again it does not */
    if (passage->ruling.speaks)
        tc_intake_event(intake, TC_EVENT_SPEAKS, passage->line, passage->arrival->rx_ns,
                        &intake->lines[passage->line].heard_ns,
                        sizeof intake->lines[passage->line].heard_ns);
}

static void drop_packet(struct tc_intake *intake, const struct passage *passage)
{
    drop_frame(intake, passage->arrival);
    intake->ledger.messages_dropped += passage->packet->messages;
    list_packet(intake, passage, TC_DROP_NO_BATCH);
}

/* A frame that nobody wants. */
static void filter_frame(struct tc_intake *intake, const struct tc_arrival *arrival)
{
    intake->ledger.received++;
    intake->ledger.filtered++;
    tc_drop_frame(&intake->drop, TC_DROP_FILTERED, arrival->rx_ns, arrival->wire_bytes);
}

static void filter_packet(struct tc_intake *intake, const struct passage *passage)
{
    filter_frame(intake, passage->arrival);
    intake->ledger.messages_filtered += passage->packet->messages;
    list_packet(intake, passage, TC_DROP_FILTERED);
}

/*
 * Room for a frame and for all that is to be told before it; NULL when no batch is free. Called
 * before the trackers take the packet.
 */
static inline struct tc_frame_record *reserve(struct tc_intake *intake,
                                              const struct tc_arrival *arrival, uint32_t messages)
{
    uint32_t bytes = tc_frame_record_bytes(arrival->captured_bytes, messages) +
                     TC_TELL_PACKET_BYTES;

    if (__builtin_expect(!tc_drop_empty(&intake->drop), 0))
        bytes += tc_tell_drop_bytes(intake);
    return tc_batcher_reserve(&intake->batcher, bytes, messages, arrival->proc_ns);
}

/* Where the frame stands now that everything before it has been told. */
static struct tc_frame_record *place_now(const struct tc_intake *intake)
{
    struct tc_batch *batch = intake->batcher.batch;

    return (struct tc_frame_record *)(batch->log + batch->used);
}

/* A frame in which nobody can read messages: of no line, or broken. */
static void take_whole(struct tc_intake *intake, const struct tc_arrival *arrival, uint16_t line)
{
    struct tc_frame_record *frame = reserve(intake, arrival, 0);
    bool matched = line != TC_LINE_NONE;

    if (!matched && intake->filter_unmatched) {
        filter_frame(intake, arrival);
        return;
    }
    if (matched) {
        intake->sequences[line].figures.malformed++;
        intake->lines[line].dirty = UINT32_MAX;
    }
    if (frame != NULL) {
        tc_tell_drop(intake);
        commit(intake, place_now(intake), arrival, line, 0, 0, matched ? TC_FRAME_MALFORMED : 0);
        intake->ledger.malformed += matched;
        intake->ledger.unmatched += !matched;
        return;
    }
    drop_frame(intake, arrival);
    if (matched)
        tc_drop_malformed(&intake->drop, line);
    else
        tc_drop_unmatched(&intake->drop);
}

/* Lets the frame stand behind everything that is to be told before it. */
static void stand_behind(struct tc_intake *intake, struct passage *passage)
{
    size_t bytes = passage->packet->messages * sizeof passage->marks[0];

    if (passage->marks != intake->spare_marks)
        passage->marks = memcpy(intake->spare_marks, passage->marks, bytes);
    tc_tell_drop(intake);
    tell_events(intake, passage->line, passage->packet, passage->arrival, passage->marks,
                &passage->verdict, &passage->ruling);
    passage->frame = place_now(intake);
    passage->marks = memcpy(tc_frame_marks(passage->frame), passage->marks, bytes);
}

/*
 * Whether trackers put a packet into another session than the line's packet before. Where sessions
 * are started anew that cannot be seen by names and numbers, so both must not be told of as one.
 */
static inline bool is_apart(struct tc_intake_line *line, uint32_t ordinal, uint32_t session)
{
    bool same = line->ordinal == ordinal && line->session == session;

    line->ordinal = ordinal;
    line->session = session;
    return !same;
}

static void arbitrate_rare(struct tc_intake_line *line, struct passage *passage,
                           struct tc_arbiter_time time)
{
    const struct tc_run run = tc_run_of(passage->packet, false);

    tc_arbiter_take(line->arbiter, line->index, &run, &passage->verdict, time, &passage->ruling);
}

/* Asks the arbiter, which also needs what it knows of late messages. */
static inline void arbitrate(struct tc_intake *intake, struct passage *passage)
{
    struct tc_intake_line *line = &intake->lines[passage->line];
    const struct tc_verdict *verdict = &passage->verdict;
    const struct tc_arbiter_time time = {passage->arrival->rx_ns, passage->arrival->proc_ns};

    passage->ruling = (struct tc_ruling){0};
    if (line->arbiter != NULL) {
        intake->channel_dirty[passage->channel] = UINT32_MAX;
        if ((verdict->old | verdict->events) == 0 && passage->packet->messages > 0 &&
            tc_arbiter_in_order(line->arbiter, line->index, verdict->slot, passage->packet, time))
            passage->ruling.session = line->arbiter->lines[line->index].ordinal[verdict->slot];
        else
            arbitrate_rare(line, passage, time);
    }
    passage->apart = is_apart(
        line, intake->sequences[passage->line].tracks[verdict->slot].session.ordinal,
        passage->ruling.session);
    if (line->report != NULL)
        report_packet(intake, passage);
}

static bool is_rare(const struct passage *passage)
{
    return (passage->verdict.old | passage->verdict.events | passage->ruling.filled |
            passage->ruling.speaks) != 0;
}

/* Whether nobody wants the packet. */
static inline bool is_filtered(const struct tc_intake *intake, const struct passage *passage)
{
    return intake->filter != NULL &&
           tc_symbol_filter_rejects(intake->filter, passage->channel,
                                    &intake->symbols[passage->channel], passage->payload,
                                    passage->marks, passage->packet->messages);
}

/* A packet of a line whose header is sound; false when its messages are not. */
static inline bool take_packet(struct tc_intake *intake, struct passage *passage,
                               uint8_t payload_offset)
{
    const struct tc_framer *framer = &intake->catalog->channels[passage->channel].framer;
    const struct tc_packet *packet = passage->packet;
    int types;

    passage->frame = reserve(intake, passage->arrival, packet->messages);
    passage->marks = passage->frame != NULL && intake->filter == NULL
                         ? tc_frame_marks(passage->frame)
                         : intake->spare_marks;
    types = tc_framer_walk(framer, passage->payload, packet, passage->marks);
    if (types == TC_WALK_BROKEN)
        return false;
    tc_sequence_packet(&intake->sequences[passage->line], packet, &passage->verdict);
    intake->lines[passage->line].dirty = UINT32_MAX;
    passage->flags = 0;
    if (__builtin_expect((passage->verdict.old | passage->verdict.events | packet->kind) != 0, 0)) {
        passage->flags = tc_frame_flags_of(packet, &passage->verdict);
        explain_old(intake, passage->line, packet, passage->marks, &passage->verdict);
    }
    arbitrate(intake, passage);
    if (__builtin_expect(is_filtered(intake, passage), 0)) {
        filter_packet(intake, passage);
    } else if (passage->frame != NULL) {
        if (__builtin_expect(passage->marks == intake->spare_marks ||
                                 !tc_drop_empty(&intake->drop) || is_rare(passage),
                             0))
            stand_behind(intake, passage);
        commit(intake, passage->frame, passage->arrival, passage->line, (uint16_t)packet->messages,
               payload_offset, passage->flags);
    } else {
        drop_packet(intake, passage);
    }
    intake->lines[passage->line].heard_ns = passage->arrival->rx_ns;
    if (__builtin_expect((types & TC_TYPE_DIRECTORY) != 0, 0)) {
        learn(intake, passage->channel, passage->payload, passage->marks, packet->messages);
        tc_tell_symbols(intake, passage->arrival->proc_ns);
    }
    return true;
}

void tc_intake_frame(struct tc_intake *intake, const struct tc_arrival *arrival)
{
    struct tc_datagram datagram;
    struct tc_packet packet;
    uint16_t line = TC_LINE_NONE;

    /* a full list of what was left out is told before it has to say that it is not all */
    if (__builtin_expect(tc_drop_full(&intake->drop), 0) && intake->drop.exact)
        tc_tell_drop_now(intake, arrival->proc_ns);
    if (tc_datagram_find(arrival->bytes, arrival->captured_bytes, &datagram))
        line = tc_line_find(&intake->table, &datagram);
    if (line != TC_LINE_NONE && !datagram.cut) {
        struct passage passage;

        passage.arrival = arrival;
        passage.packet = &packet;
        passage.payload = arrival->bytes + datagram.payload_offset;
        passage.line = line;
        passage.channel = intake->catalog->lines[line].channel;
        if (tc_framer_open(&intake->catalog->channels[passage.channel].framer, passage.payload,
                           datagram.payload_bytes, &packet) &&
            take_packet(intake, &passage, (uint8_t)datagram.payload_offset))
            return;
    }
    if (line == TC_LINE_NONE && intake->strays.look != NULL)
        intake->strays.look(intake->strays.context, arrival);
    take_whole(intake, arrival, line);
}

/* ---- what comes from outside, and time ---- */

bool tc_intake_event(struct tc_intake *intake, enum tc_event_kind kind, uint16_t about,
                     uint64_t time_ns, const void *payload, uint32_t payload_bytes)
{
    return (intake->pending_bytes == 0 &&
            tc_tell(intake, kind, about, time_ns, payload, payload_bytes, time_ns)) ||
           tc_tell_later(intake, kind, about, time_ns, payload, payload_bytes);
}

void tc_intake_report(struct tc_intake *intake, const struct tc_line_report *report,
                      uint64_t now_ns)
{
    const struct tc_line *line = &intake->catalog->lines[report->line];
    const struct tc_arbiter *arbiter = intake->chorus->arbiters[line->channel];
    uint64_t heard_ns =
        arbiter->lines[report->line - intake->catalog->channels[line->channel].first_line].heard_ns;
    uint8_t payload[TC_EVENT_PAYLOAD_MAX];
    struct tc_scribe out = tc_scribe_of(payload, sizeof payload);
    struct tc_ruling ruling;

    tc_chorus_take(intake->chorus, report, now_ns, &ruling);
    intake->channel_dirty[line->channel] = UINT32_MAX;
    if (ruling.speaks)
        tc_intake_event(intake, TC_EVENT_SPEAKS, report->line, report->time_ns, &heard_ns,
                        sizeof heard_ns);
    if (ruling.filled == 0)
        return;
    tc_scribe_bytes(&out, &report->run.session, sizeof report->run.session);
    tc_scribe_uint(&out, report->run.first, 8);
    tc_scribe_uint(&out, report->run.end, 8);
    tc_scribe_uint(&out, ruling.filled, 8);
    tc_scribe_uint(&out, TC_FILLED_BY_LINE, 8);
    tc_intake_event(intake, TC_EVENT_FILLED, report->line, report->time_ns, payload,
                    (uint32_t)out.length);
}

void tc_intake_nic(struct tc_intake *intake, uint16_t port, const struct tc_nic *nic)
{
    intake->nic_port = port;
    intake->nic_seen = *nic;
    tc_tell_nic(intake);
}

static void check_silence(struct tc_intake *intake, uint64_t now_ns)
{
    for (uint16_t i = 0; i < intake->catalog->channel_count; i++) {
        struct tc_arbiter *arbiter = intake->arbiters[i];
        int32_t line;

        while (arbiter != NULL && (line = tc_arbiter_silence(arbiter, now_ns)) >= 0)
            tc_intake_event(intake, TC_EVENT_SILENT,
                            (uint16_t)(intake->catalog->channels[i].first_line + line), now_ns,
                            &arbiter->lines[line].heard_ns, sizeof arbiter->lines[line].heard_ns);
    }
}

void tc_intake_tick(struct tc_intake *intake, uint64_t now_ns)
{
    if (intake->reporting_count > 0)
        flush_reports(intake);
    if (now_ns - intake->silence_checked_ns >= SILENCE_CHECKS_NS) {
        intake->silence_checked_ns = now_ns;
        check_silence(intake, now_ns);
        /* what was left out or happened while no batch was free does not wait for a frame */
        if (intake->batcher.batch == NULL && tc_tell_waits(intake))
            (void)tc_batcher_open(&intake->batcher, now_ns);
    }
    tc_batcher_tick(&intake->batcher, now_ns);
}

bool tc_intake_finish(struct tc_intake *intake, uint64_t now_ns)
{
    flush_reports(intake);
    return tc_batcher_finish(&intake->batcher, now_ns);
}
