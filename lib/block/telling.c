/*
 * A batch that has just been opened still has room for the longest frame after everything that is
 * told at its begin; what finds no room there is told in the next one.
 */
#include "block/telling.h"

#include <assert.h>

#include "track/state.h"

enum {
    LINES_TOLD_AT_ONCE = 16,
    CHANNELS_TOLD_AT_ONCE = 16,
    LINE_RECORD_BYTES = sizeof(struct tc_event_record) + TC_LINE_STATE_BYTES_MAX,
    CHANNEL_RECORD_BYTES = sizeof(struct tc_event_record) + TC_MERGED_BYTES,
    DROP_RECORD_BYTES = sizeof(struct tc_event_record) + TC_DROP_BYTES_MAX,
    LONGEST_FRAME_BYTES = sizeof(struct tc_frame_record) + TC_FRAME_BYTES_MAX +
                          TC_PACKET_MESSAGES_MAX * sizeof(struct tc_mark) + TC_RECORD_ALIGN,
    KEPT_FREE_MOST = LINES_TOLD_AT_ONCE * LINE_RECORD_BYTES +
                     CHANNELS_TOLD_AT_ONCE * CHANNEL_RECORD_BYTES + DROP_RECORD_BYTES,
};

_Static_assert(sizeof(struct tc_batch) + LONGEST_FRAME_BYTES + TC_TELL_PACKET_BYTES +
                       DROP_RECORD_BYTES + KEPT_FREE_MOST <=
                   TC_BATCH_BYTES_MIN,
               "any frame fits into an empty batch, whatever the batch has to tell");
_Static_assert(sizeof(struct tc_event_record) == 24, "pending events are laid out like records");

uint32_t tc_tell_kept_free(const struct tc_catalog *catalog, bool filters)
{
    uint32_t lines = catalog->line_count < LINES_TOLD_AT_ONCE ? catalog->line_count
                                                              : LINES_TOLD_AT_ONCE;
    uint32_t channels = catalog->channel_count < CHANNELS_TOLD_AT_ONCE ? catalog->channel_count
                                                                       : CHANNELS_TOLD_AT_ONCE;

    return lines * LINE_RECORD_BYTES + channels * CHANNEL_RECORD_BYTES +
           (filters ? DROP_RECORD_BYTES : 0);
}

/* ---- where an event finds room ---- */

/* Puts an event into a batch that is filled up to `limit` at most. */
static bool put(struct tc_batch *batch, uint32_t limit, enum tc_event_kind kind, uint16_t about,
                uint64_t time_ns, const void *payload, uint32_t payload_bytes)
{
    return batch->used + tc_event_record_bytes(payload_bytes) <= limit &&
           tc_batch_event(batch, kind, about, time_ns, payload, payload_bytes);
}

/* How far a batch may be filled at its begin: the longest frame still fits behind it. */
static uint32_t early_limit(const struct tc_intake *intake, const struct tc_batch *batch)
{
    return batch->capacity - LONGEST_FRAME_BYTES - TC_TELL_PACKET_BYTES -
           intake->batcher.limits.kept_free;
}

bool tc_tell(struct tc_intake *intake, enum tc_event_kind kind, uint16_t about, uint64_t time_ns,
             const void *payload, uint32_t payload_bytes, uint64_t now_ns)
{
    struct tc_batcher *batcher = &intake->batcher;

    if (batcher->batch != NULL &&
        put(batcher->batch, batcher->frame_room, kind, about, time_ns, payload, payload_bytes))
        return true;
    if (batcher->batch != NULL)
        tc_batcher_close(batcher, now_ns);
    return tc_batcher_open(batcher, now_ns) &&
           put(batcher->batch, batcher->frame_room, kind, about, time_ns, payload, payload_bytes);
}

/* ---- losses ---- */

/* Puts the pending loss into a batch that has room for it. */
static void put_drop(struct tc_intake *intake, struct tc_batch *batch)
{
    uint8_t bytes[TC_DROP_BYTES_MAX];
    struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);
    bool told;

    if (tc_drop_empty(&intake->drop))
        return;
    tc_drop_write(&out, &intake->drop);
    told = tc_batch_event(batch, intake->drop.frames > 0 ? TC_EVENT_DROPPED : TC_EVENT_FILTERED,
                          TC_LINE_NONE, intake->drop.last_ns, bytes, (uint32_t)out.length);
    assert(told && !out.failed);
    (void)told;
    tc_drop_clear(&intake->drop);
}

uint32_t tc_tell_drop_bytes(const struct tc_intake *intake)
{
    return tc_drop_empty(&intake->drop)
               ? 0
               : tc_event_record_bytes((uint32_t)tc_drop_bytes(&intake->drop));
}

void tc_tell_drop(struct tc_intake *intake)
{
    put_drop(intake, intake->batcher.batch);
}

void tc_tell_drop_now(struct tc_intake *intake, uint64_t now_ns)
{
    struct tc_batcher *batcher = &intake->batcher;

    if (batcher->batch == NULL)
        (void)tc_batcher_open(batcher, now_ns); /* which tells it, or none is free */
    else if (batcher->batch->used + tc_tell_drop_bytes(intake) > batcher->frame_room)
        tc_batcher_close(batcher, now_ns); /* which tells it too */
    else
        put_drop(intake, batcher->batch);
}

/* ---- names ---- */

/* Tells a writer names up to a limit of the batch; true when it knows all of them. */
static bool put_symbols(struct tc_intake *intake, struct tc_batch *batch, uint32_t limit,
                        uint32_t writer, uint64_t now_ns)
{
    for (uint16_t channel = 0; channel < intake->catalog->channel_count; channel++) {
        struct tc_symbols *symbols = &intake->symbols[channel];
        int32_t locate;

        while (symbols->names != NULL && (locate = tc_symbols_tell(symbols, writer)) >= 0) {
            uint8_t payload[2 + TC_SYMBOL_BYTES];

            tc_store_le16(payload, (uint16_t)locate);
            memcpy(payload + 2, &symbols->names[locate], TC_SYMBOL_BYTES);
            if (!put(batch, limit, TC_EVENT_SYMBOL, channel, now_ns, payload, sizeof payload)) {
                tc_symbols_untell(symbols, writer, (uint16_t)locate);
                return false;
            }
        }
    }
    return true;
}

static uint32_t writer_of(const struct tc_intake *intake)
{
    return (uint32_t)(intake->batcher.block % intake->batcher.limits.writers);
}

void tc_tell_symbols(struct tc_intake *intake, uint64_t now_ns)
{
    if (intake->batcher.batch != NULL)
        (void)put_symbols(intake, intake->batcher.batch, intake->batcher.frame_room,
                          writer_of(intake), now_ns);
}

/* ---- what came from outside ---- */

/* Events that waited for a batch, in their order. */
static void put_pending(struct tc_intake *intake, struct tc_batch *batch)
{
    uint32_t limit = early_limit(intake, batch);
    uint32_t at = 0;

    while (at < intake->pending_bytes) {
        struct tc_event_record record;

        memcpy(&record, intake->pending + at, sizeof record);
        if (!put(batch, limit, record.event, record.about, record.time_ns,
                 intake->pending + at + sizeof record, record.payload_bytes))
            break;
        at += record.bytes;
    }
    intake->pending_bytes -= at;
    memmove(intake->pending, intake->pending + at, intake->pending_bytes);
}

bool tc_tell_later(struct tc_intake *intake, enum tc_event_kind kind, uint16_t about,
                   uint64_t time_ns, const void *payload, uint32_t payload_bytes)
{
    const struct tc_event_record record = {
        .bytes = tc_event_record_bytes(payload_bytes),
        .event = (uint8_t)kind,
        .about = about,
        .time_ns = time_ns,
        .payload_bytes = payload_bytes,
    };

    if (record.bytes > sizeof intake->pending - intake->pending_bytes)
        return false; /* so much has happened without a free batch that its loss says more */
    memcpy(intake->pending + intake->pending_bytes, &record, sizeof record);
    memcpy(intake->pending + intake->pending_bytes + sizeof record, payload, payload_bytes);
    intake->pending_bytes += record.bytes;
    return true;
}

/* ---- the port's own counters ---- */

static bool nic_has_risen(const struct tc_intake *intake)
{
    return memcmp(&intake->nic, &intake->nic_seen, TC_NIC_ROWS * sizeof(uint64_t)) != 0;
}

/* An event of all that they have risen by since they were told last. */
static bool put_nic(struct tc_intake *intake, struct tc_batch *batch, uint32_t limit)
{
    const struct tc_nic *seen = &intake->nic_seen;
    const uint64_t values[] = {seen->missed, seen->errors, seen->nombuf, intake->nic.sampled_ns};

    if (nic_has_risen(intake) &&
        !put(batch, limit, TC_EVENT_NIC, intake->nic_port, seen->sampled_ns, values, sizeof values))
        return false;
    intake->nic = *seen;
    return true;
}

void tc_tell_nic(struct tc_intake *intake)
{
    struct tc_batcher *batcher = &intake->batcher;
    uint64_t now_ns = intake->nic_seen.sampled_ns;

    if (batcher->batch == NULL && !nic_has_risen(intake))
        intake->nic = intake->nic_seen;
    else if (batcher->batch == NULL)
        (void)tc_batcher_open(batcher, now_ns); /* which tells it, or none is free */
    else if (!put_nic(intake, batcher->batch, batcher->frame_room)) {
        tc_batcher_close(batcher, now_ns);
        (void)tc_batcher_open(batcher, now_ns);
    }
}

bool tc_tell_waits(const struct tc_intake *intake)
{
    return !tc_drop_empty(&intake->drop) || intake->pending_bytes > 0 || nic_has_risen(intake);
}

/* ---- begin and end of a batch ---- */

void tc_tell_opened(void *context, struct tc_batch *batch, uint32_t writer, uint64_t now_ns)
{
    struct tc_intake *intake = context;

    put_drop(intake, batch);
    put_pending(intake, batch);
    (void)put_nic(intake, batch, early_limit(intake, batch));
    (void)put_symbols(intake, batch, early_limit(intake, batch), writer, now_ns);
}

/* Figures of lines that this writer does not know; what finds no room is told next time. */
static bool put_lines(struct tc_intake *intake, struct tc_batch *batch, uint32_t writer,
                      uint64_t now_ns)
{
    uint32_t bit = UINT32_C(1) << writer;
    uint32_t lines = intake->catalog->line_count;

    for (uint32_t i = 0; i < lines; i++) {
        uint32_t line = (intake->dirty_first + i) % lines;
        uint8_t bytes[TC_LINE_STATE_BYTES_MAX];
        struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);
        struct tc_line_state state;

        if ((intake->lines[line].dirty & bit) == 0)
            continue;
        tc_line_state_of(&state, &intake->sequences[line]);
        tc_line_state_write(&out, &state);
        if (!tc_batch_event(batch, TC_EVENT_LINE, (uint16_t)line, now_ns, bytes,
                            (uint32_t)out.length)) {
            intake->dirty_first = line;
            return false;
        }
        intake->lines[line].dirty &= ~bit;
    }
    return true;
}

/* Figures of channels whose lines are compared here, likewise. */
static bool put_channels(struct tc_intake *intake, struct tc_batch *batch, uint32_t writer,
                         uint64_t now_ns)
{
    uint32_t bit = UINT32_C(1) << writer;

    for (uint16_t channel = 0; channel < intake->catalog->channel_count; channel++) {
        uint8_t bytes[TC_MERGED_BYTES];
        struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);
        struct tc_merged merged;

        if (intake->arbiters[channel] == NULL || (intake->channel_dirty[channel] & bit) == 0)
            continue;
        merged = tc_arbiter_figures(intake->arbiters[channel]);
        tc_merged_write(&out, &merged);
        if (!tc_batch_event(batch, TC_EVENT_CHANNEL, channel, now_ns, bytes, sizeof bytes))
            return false;
        intake->channel_dirty[channel] &= ~bit;
    }
    return true;
}

bool tc_tell_closing(void *context, struct tc_batch *batch, uint32_t writer, uint64_t now_ns)
{
    struct tc_intake *intake = context;
    bool told;

    put_drop(intake, batch);
    batch->ledger = intake->ledger;
    batch->nic = intake->nic;
    batch->clock = intake->clock;
    told = put_lines(intake, batch, writer, now_ns) && put_channels(intake, batch, writer, now_ns);
    if (!told)
        batch->flags |= TC_BATCH_STATES_OLD;
    return told && intake->pending_bytes == 0 && !nic_has_risen(intake) &&
           put_symbols(intake, batch, batch->used, writer, now_ns);
}
