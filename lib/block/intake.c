/*
 * The frame path, which every frame takes, and above it what each batch is told about names,
 * losses and figures.
 */
#include "block/intake.h"

#include <assert.h>

#include "base/placer.h"
#include "track/state.h"

enum {
    PREFETCH_AHEAD_BYTES = 2048,
    LINES_TOLD_AT_ONCE = 32,
    SYMBOLS_TOLD_AT_ONCE = 512,
    LINE_RECORD_BYTES = sizeof(struct tc_event_record) + TC_LINE_STATE_BYTES_MAX,
    SYMBOL_RECORD_BYTES = 40,
    DROP_RECORD_BYTES = sizeof(struct tc_event_record) + TC_DROP_BYTES_MAX,
    LONGEST_FRAME_BYTES = sizeof(struct tc_frame_record) + TC_FRAME_BYTES_MAX +
                          TC_PACKET_MESSAGES_MAX * sizeof(struct tc_mark) + TC_RECORD_ALIGN,
};

_Static_assert(sizeof(struct tc_batch) + LONGEST_FRAME_BYTES + DROP_RECORD_BYTES +
                       SYMBOLS_TOLD_AT_ONCE * SYMBOL_RECORD_BYTES +
                       LINES_TOLD_AT_ONCE * LINE_RECORD_BYTES <=
                   TC_BATCH_BYTES_MIN,
               "any frame fits into an empty batch, whatever the batch has to tell");

/* ---- what batches are told ---- */

/* Losses come first in the batch that ends them. */
static void tell_drop(struct tc_intake *intake, struct tc_batch *batch)
{
    uint8_t bytes[TC_DROP_BYTES_MAX];
    struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);
    bool told;

    if (intake->drop.frames == 0)
        return;
    tc_drop_write(&out, &intake->drop);
    told = tc_batch_event(batch, TC_EVENT_DROPPED, TC_LINE_NONE, intake->drop.last_ns, bytes,
                          (uint32_t)out.length);
    assert(told && !out.failed);
    (void)told;
    tc_drop_clear(&intake->drop);
}

/* Names that this writer has not been told; what finds no room is told with the next batch. */
static void tell_symbols(struct tc_intake *intake, struct tc_batch *batch, uint32_t writer,
                         uint64_t now_ns)
{
    uint32_t left = SYMBOLS_TOLD_AT_ONCE;

    for (uint16_t channel = 0; channel < intake->catalog->channel_count; channel++) {
        struct tc_symbols *symbols = &intake->symbols[channel];
        int32_t locate;

        while (symbols->names != NULL && left > 0 &&
               (locate = tc_symbols_tell(symbols, writer)) >= 0) {
            uint8_t payload[2 + TC_SYMBOL_BYTES];

            tc_store_le16(payload, (uint16_t)locate);
            memcpy(payload + 2, &symbols->names[locate], TC_SYMBOL_BYTES);
            if (!tc_batch_event(batch, TC_EVENT_SYMBOL, channel, now_ns, payload, sizeof payload)) {
                tc_symbols_untell(symbols, writer, (uint16_t)locate);
                return;
            }
            left--;
        }
    }
}

static void batch_opened(void *context, struct tc_batch *batch, uint32_t writer, uint64_t now_ns)
{
    struct tc_intake *intake = context;

    tell_drop(intake, batch);
    tell_symbols(intake, batch, writer, now_ns);
}

/* Whether this writer has been told every name. */
static bool knows_symbols(struct tc_intake *intake, uint32_t writer)
{
    for (uint16_t channel = 0; channel < intake->catalog->channel_count; channel++) {
        struct tc_symbols *symbols = &intake->symbols[channel];
        int32_t locate = symbols->names != NULL ? tc_symbols_tell(symbols, writer) : -1;

        if (locate >= 0) {
            tc_symbols_untell(symbols, writer, (uint16_t)locate);
            return false;
        }
    }
    return true;
}

/* Figures of lines that this writer does not know; what finds no room is told next time. */
static bool batch_closing(void *context, struct tc_batch *batch, uint32_t writer, uint64_t now_ns)
{
    struct tc_intake *intake = context;
    uint32_t bit = UINT32_C(1) << writer;
    uint32_t lines = intake->catalog->line_count;

    batch->ledger = intake->ledger;
    batch->clock = intake->clock;
    for (uint32_t i = 0; i < lines; i++) {
        uint32_t line = (intake->dirty_first + i) % lines;
        uint8_t bytes[TC_LINE_STATE_BYTES_MAX];
        struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);
        struct tc_line_state state;

        if ((intake->dirty[line] & bit) == 0)
            continue;
        tc_line_state_of(&state, &intake->sequences[line]);
        tc_line_state_write(&out, &state);
        if (!tc_batch_event(batch, TC_EVENT_LINE, (uint16_t)line, now_ns, bytes,
                            (uint32_t)out.length)) {
            intake->dirty_first = line;
            return false;
        }
        intake->dirty[line] &= ~bit;
    }
    return knows_symbols(intake, writer);
}

static void tell_retired(struct tc_intake *intake, uint16_t line, const struct tc_session *session,
                         uint64_t now_ns)
{
    uint8_t bytes[TC_SESSION_STATE_BYTES];
    struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);

    tc_session_write(&out, session);
    if (intake->batcher.batch != NULL)
        tc_batch_event(intake->batcher.batch, TC_EVENT_SESSION, line, now_ns, bytes, sizeof bytes);
}

/* ---- set-up ---- */

/* The parts of an intake's memory, in order; the same walk measures and places them. */
static size_t place(struct tc_intake *intake, struct tc_placer *placer,
                    const struct tc_catalog *catalog, uint32_t writers)
{
    intake->sequences = tc_place(placer, catalog->line_count * sizeof(struct tc_sequence));
    intake->symbols = tc_place(placer, catalog->channel_count * sizeof(struct tc_symbols));
    intake->dirty = tc_place(placer, catalog->line_count * sizeof(uint32_t));
    intake->spare_marks = tc_place(placer, TC_PACKET_MESSAGES_MAX * sizeof(struct tc_mark));
    for (uint16_t i = 0; i < catalog->channel_count; i++) {
        void *names;

        if ((catalog->channels[i].feed->flags & TC_FEED_LOCATES) == 0)
            continue;
        names = tc_place(placer, tc_symbols_footprint(writers));
        if (placer->memory != NULL)
            tc_symbols_init(&intake->symbols[i], names, writers);
    }
    for (uint16_t i = 0; i < catalog->line_count; i++) {
        void *missing = tc_place(placer, tc_sequence_footprint(TC_MISSING_RANGES));

        if (placer->memory != NULL)
            tc_sequence_init(&intake->sequences[i], missing, TC_MISSING_RANGES,
                             tc_line_rules(catalog, i));
    }
    return placer->used;
}

size_t tc_intake_footprint(const struct tc_catalog *catalog, uint32_t writers)
{
    struct tc_placer placer = {0};
    struct tc_intake measured;

    return place(&measured, &placer, catalog, writers);
}

void tc_intake_init(struct tc_intake *intake, void *memory, const struct tc_catalog *catalog,
                    const struct tc_intake_options *options, const struct tc_batch_supply *supply)
{
    struct tc_placer placer = {.memory = memory};
    uint32_t lines = catalog->line_count < LINES_TOLD_AT_ONCE ? catalog->line_count
                                                              : LINES_TOLD_AT_ONCE;

    assert(options->limits.writers >= 1 && options->limits.writers <= TC_WRITERS_MAX);
    *intake = (struct tc_intake){
        .catalog = catalog,
        .batcher =
            {
                .limits = options->limits,
                .supply = *supply,
                .stream = options->stream,
                .teller = {.opened = batch_opened, .closing = batch_closing, .context = intake},
            },
    };
    intake->batcher.limits.kept_free = lines * LINE_RECORD_BYTES;
    place(intake, &placer, catalog, options->limits.writers);
    tc_drop_clear(&intake->drop);
    tc_line_table_init(&intake->table, catalog, options->nic_port);
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
    if (line != TC_LINE_NONE)
        intake->sequences[line].figures.wire_bytes += arrival->wire_bytes;
}

/* Counts a frame that finds no room; every frame is counted once, together with its fate. */
static void drop_frame(struct tc_intake *intake, const struct tc_arrival *arrival)
{
    intake->ledger.received++;
    intake->ledger.no_batch++;
    tc_drop_frame(&intake->drop, arrival->rx_ns, arrival->wire_bytes);
}

/* A frame in which nobody can read messages: of no line, or broken. */
static void take_whole(struct tc_intake *intake, const struct tc_arrival *arrival, uint16_t line)
{
    uint32_t bytes = tc_frame_record_bytes(arrival->captured_bytes, 0);
    struct tc_frame_record *frame = tc_batcher_reserve(&intake->batcher, bytes, 0,
                                                       arrival->proc_ns);
    bool matched = line != TC_LINE_NONE;

    if (matched) {
        intake->sequences[line].figures.malformed++;
        intake->dirty[line] = UINT32_MAX;
    }
    if (frame != NULL) {
        commit(intake, frame, arrival, line, 0, 0, matched ? TC_FRAME_MALFORMED : 0);
        intake->ledger.malformed += matched;
        intake->ledger.unmatched += !matched;
        return;
    }
    drop_frame(intake, arrival);
    if (matched)
        tc_drop_malformed(&intake->drop, line);
    else
        intake->drop.unmatched++;
}

static void drop_packet(struct tc_intake *intake, const struct tc_arrival *arrival, uint16_t line,
                        const struct tc_packet *packet)
{
    drop_frame(intake, arrival);
    intake->ledger.messages_dropped += packet->messages;
    intake->sequences[line].figures.not_recorded += packet->messages;
    tc_drop_packet(&intake->drop, line, packet);
}

/* Bits of a packet that did not simply continue its line. */
static uint16_t explain(struct tc_intake *intake, uint16_t line, const struct tc_packet *packet,
                        struct tc_mark *marks, const struct tc_verdict *verdict)
{
    static const struct {
        uint8_t event;
        uint16_t flag;
    } flags_of_events[] = {
        {TC_VERDICT_GAP, TC_FRAME_GAP_BEFORE},
        {TC_VERDICT_STALE, TC_FRAME_STALE},
        {TC_VERDICT_NEW_SESSION, TC_FRAME_NEW_SESSION},
    };
    static const uint16_t flags_of_kinds[] = {
        [TC_PACKET_DATA] = 0,
        [TC_PACKET_HEARTBEAT] = TC_FRAME_HEARTBEAT,
        [TC_PACKET_END] = TC_FRAME_END_OF_SESSION,
    };
    uint16_t flags = flags_of_kinds[packet->kind];

    for (size_t i = 0; i < sizeof flags_of_events / sizeof flags_of_events[0]; i++)
        if ((verdict->events & flags_of_events[i].event) != 0)
            flags |= flags_of_events[i].flag;
    for (uint32_t i = 0; i < verdict->old; i++) {
        enum tc_old_message old = tc_sequence_old(&intake->sequences[line], verdict,
                                                  packet->sequence + i);

        marks[i].flags = old == TC_OLD_LATE ? TC_MESSAGE_LATE : TC_MESSAGE_DUPLICATE;
    }
    return verdict->old > 0 ? (uint16_t)(flags | TC_FRAME_OLD_MESSAGES) : flags;
}

/* Names from the directory messages of a packet; true when there was news. */
static void learn(struct tc_intake *intake, uint16_t channel, const uint8_t *payload,
                  const struct tc_mark *marks, uint32_t messages)
{
    for (uint32_t i = 0; i < messages; i++)
        tc_channel_learn(&intake->catalog->channels[channel], &intake->symbols[channel],
                         marks[i].class, payload + marks[i].offset);
}

/* A packet of a line whose header is sound; false when its messages are not. */
static inline bool take_packet(struct tc_intake *intake, const struct tc_arrival *arrival,
                               uint16_t line, const struct tc_datagram *datagram,
                               const struct tc_packet *packet)
{
    uint16_t channel = intake->catalog->lines[line].channel;
    const struct tc_framer *framer = &intake->catalog->channels[channel].framer;
    const uint8_t *payload = arrival->bytes + datagram->payload_offset;
    struct tc_frame_record *frame = tc_batcher_reserve(
        &intake->batcher, tc_frame_record_bytes(arrival->captured_bytes, packet->messages),
        packet->messages, arrival->proc_ns);
    struct tc_mark *marks = frame != NULL ? tc_frame_marks(frame) : intake->spare_marks;
    int types = tc_framer_walk(framer, payload, packet, marks);
    struct tc_verdict verdict;
    uint16_t flags = 0;

    if (types == TC_WALK_BROKEN)
        return false;
    tc_sequence_packet(&intake->sequences[line], packet, &verdict);
    intake->dirty[line] = UINT32_MAX;
    if (__builtin_expect((verdict.old | verdict.events | packet->kind) != 0, 0))
        flags = explain(intake, line, packet, marks, &verdict);
    if (frame != NULL)
        commit(intake, frame, arrival, line, (uint16_t)packet->messages,
               (uint8_t)datagram->payload_offset, flags);
    else
        drop_packet(intake, arrival, line, packet);

    if (__builtin_expect((verdict.events & TC_VERDICT_RETIRED) != 0, 0))
        tell_retired(intake, line, &verdict.retired, arrival->proc_ns);
    if (__builtin_expect((types & TC_TYPE_DIRECTORY) != 0, 0)) {
        learn(intake, channel, payload, marks, packet->messages);
        if (frame != NULL)
            tell_symbols(intake, intake->batcher.batch,
                         (uint32_t)(intake->batcher.block % intake->batcher.limits.writers),
                         arrival->proc_ns);
    }
    return true;
}

void tc_intake_frame(struct tc_intake *intake, const struct tc_arrival *arrival)
{
    struct tc_datagram datagram;
    struct tc_packet packet;
    uint16_t line = TC_LINE_NONE;

    if (tc_datagram_find(arrival->bytes, arrival->captured_bytes, &datagram))
        line = tc_line_find(&intake->table, &datagram);
    if (line != TC_LINE_NONE && !datagram.cut) {
        uint16_t channel = intake->catalog->lines[line].channel;

        if (tc_framer_open(&intake->catalog->channels[channel].framer,
                           arrival->bytes + datagram.payload_offset, datagram.payload_bytes,
                           &packet) &&
            take_packet(intake, arrival, line, &datagram, &packet))
            return;
    }
    take_whole(intake, arrival, line);
}
