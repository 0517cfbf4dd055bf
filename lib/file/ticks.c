/* Fields that every feed has (time, symbol) are looked up once a type, then only loaded. */
#include "file/ticks.h"

#include <stdlib.h>

#include "block/exchange.h"
#include "feed/print.h"

const char *const tc_tick_flag_names[TC_TICK_FLAGS] = {"late", "duplicate", "gap_before",
                                                       "bad_time", "software_time"};

/* What is looked for in the messages of a type. */
struct known_type {
    const struct tc_field *locate;
    const struct tc_field *symbol;
};

/* The channels of a capture that has been met. */
struct known_capture {
    const struct tc_catalog *catalog;
    struct tc_exchange exchange;
    void *memory;
    struct known_type (*types)[TC_TYPES_MAX]; /* by channel */
};

struct tc_ticker {
    struct known_capture *captures;
    size_t capture_count;
    struct known_capture *capture; /* of the frame */
    struct tc_tick tick;           /* what all messages of the frame have in common */
    uint8_t frame_flags;
    uint32_t next;
};

struct tc_ticker *tc_ticker_new(void)
{
    return calloc(1, sizeof(struct tc_ticker));
}

static void forget(struct known_capture *known)
{
    free(known->memory);
    free(known->types);
}

void tc_ticker_free(struct tc_ticker *ticker)
{
    if (ticker == NULL)
        return;
    for (size_t i = 0; i < ticker->capture_count; i++)
        forget(&ticker->captures[i]);
    free(ticker->captures);
    free(ticker);
}

static void know_types(struct known_type *types, const struct tc_feed *feed)
{
    for (size_t class = 0; class < feed->type_count; class ++) {
        const struct tc_type *type = &feed->types[class];

        types[class] = (struct known_type){
            .locate = tc_field_of(type->fields, type->field_count, TC_MEAN_LOCATE),
            .symbol = tc_field_of(type->fields, type->field_count, TC_MEAN_SYMBOL),
        };
    }
}

/* NULL when memory is short. */
static struct known_capture *meet(struct tc_ticker *ticker, const struct tc_catalog *catalog)
{
    size_t bytes = tc_align_up(tc_exchange_footprint(catalog), TC_CACHE_LINE_BYTES);
    struct known_capture known = {
        .catalog = catalog,
        .memory = aligned_alloc(TC_CACHE_LINE_BYTES, bytes),
        .types = calloc(catalog->channel_count + 1u, sizeof known.types[0]),
    };
    struct known_capture *captures = realloc(ticker->captures,
                                             (ticker->capture_count + 1) * sizeof captures[0]);

    if (captures != NULL)
        ticker->captures = captures;
    if (captures == NULL || known.memory == NULL || known.types == NULL) {
        forget(&known);
        return NULL;
    }
    memset(known.memory, 0, bytes);
    tc_exchange_init(&known.exchange, known.memory, catalog);
    for (uint16_t i = 0; i < catalog->channel_count; i++)
        know_types(known.types[i], catalog->channels[i].feed);
    captures[ticker->capture_count] = known;
    return &captures[ticker->capture_count++];
}

static struct known_capture *capture_of(struct tc_ticker *ticker, const struct tc_catalog *catalog)
{
    if (ticker->capture != NULL && ticker->capture->catalog == catalog)
        return ticker->capture;
    for (size_t i = 0; i < ticker->capture_count; i++)
        if (ticker->captures[i].catalog == catalog)
            return &ticker->captures[i];
    return meet(ticker, catalog);
}

void tc_ticker_frame(struct tc_ticker *ticker, const struct tc_item *item)
{
    const struct tc_frame *frame = item->frame;
    const struct tc_catalog *catalog = &item->source->capture->catalog;
    const struct tc_framer *framer;

    ticker->next = 0;
    ticker->tick = (struct tc_tick){0};
    if (frame == NULL || frame->messages == 0)
        return;
    ticker->tick.line = &catalog->lines[frame->line];
    ticker->tick.channel = &catalog->channels[ticker->tick.line->channel];
    ticker->capture = capture_of(ticker, catalog);
    if (ticker->capture == NULL)
        return;
    framer = &ticker->tick.channel->framer;
    ticker->tick.source = item->source;
    ticker->tick.frame = frame;
    ticker->tick.frame_number = item->number;
    ticker->tick.session = frame->bytes + frame->payload_offset + framer->session.offset;
    ticker->tick.sequence = tc_slot_load(framer, frame->bytes + frame->payload_offset,
                                         framer->sequence);
    ticker->frame_flags = 0;
    if ((frame->flags & TC_FRAME_BAD_TIME) != 0)
        ticker->frame_flags |= TC_TICK_BAD_TIME;
    if ((frame->flags & TC_FRAME_SOFTWARE_TIME) != 0)
        ticker->frame_flags |= TC_TICK_SOFTWARE_TIME;
}

/* The symbol: from the message itself, else by its number, as names are known so far. */
static void find_symbol(const struct known_type *type, struct tc_tick *tick)
{
    uint16_t number = tick->line->channel;
    struct tc_symbols *symbols = &tick->source->state->symbols[number];

    if (type->locate != NULL && type->locate->width == 2) {
        tick->locate = (uint16_t)tc_field_uint(type->locate, tick->message,
                                               tc_feed_big_endian(tick->channel->feed));
        tick->has_locate = true;
    }
    if (type->symbol != NULL && type->symbol->width == TC_SYMBOL_BYTES)
        tick->symbol = tick->message + type->symbol->offset;
    else if (tick->has_locate && symbols->names != NULL)
        tick->symbol = tc_symbols_name(symbols, tick->locate);
}

bool tc_ticker_next(struct tc_ticker *ticker, struct tc_tick *tick)
{
    const struct tc_frame *frame = ticker->tick.frame;
    struct tc_exch_message message;
    const struct tc_mark *mark;

    if (frame == NULL || ticker->next == frame->messages)
        return false;
    mark = &frame->marks[ticker->next];
    *tick = ticker->tick;
    tick->index = ticker->next;
    tick->sequence += ticker->next;
    tick->message = frame->bytes + frame->payload_offset + mark->offset;
    tick->bytes = tc_framer_bytes(&tick->channel->framer, tick->message);
    tick->flags = (uint8_t)(ticker->frame_flags | mark->flags);
    if (ticker->next == 0 && (frame->flags & TC_FRAME_GAP_BEFORE) != 0)
        tick->flags |= TC_TICK_GAP_BEFORE;
    ticker->next++;
    if (mark->class == TC_CLASS_OTHER)
        return true;
    tick->type = &tick->channel->feed->types[mark->class];
    message = (struct tc_exch_message){.bytes = tick->message,
                                       .session = tick->session,
                                       .sequence = tick->sequence,
                                       .rx_ns = frame->rx_ns,
                                       .line = frame->line,
                                       .class = mark->class};
    tick->has_exch = tc_exchange_time(&ticker->capture->exchange, &message, &tick->exch_ns);
    tc_channel_learn(tick->channel, &tick->source->state->symbols[tick->line->channel], mark->class,
                     tick->message);
    find_symbol(&ticker->capture->types[tick->line->channel][mark->class], tick);
    return true;
}
