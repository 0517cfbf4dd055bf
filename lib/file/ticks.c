/* Fields that every feed has (time, symbol) are looked up once a type, then only loaded. */
#include "file/ticks.h"

#include <stdlib.h>

#include "feed/print.h"

const char *const tc_tick_flag_names[TC_TICK_FLAGS] = {"late", "duplicate", "gap_before",
                                                       "bad_time", "software_time"};

/* What is looked for in the messages of a type. */
struct known_type {
    const struct tc_field *time;
    const struct tc_field *locate;
    const struct tc_field *symbol;
};

/* A channel that has been met, of one capture. */
struct known_channel {
    const struct tc_channel *channel;
    struct tc_midnights midnights;
    struct known_type types[TC_TYPES_MAX];
};

struct tc_ticker {
    struct known_channel **channels;
    size_t channel_count;
    struct known_channel *channel; /* of the frame */
    struct tc_tick tick;           /* what all messages of the frame have in common */
    uint8_t frame_flags;
    uint32_t next;
};

struct tc_ticker *tc_ticker_new(void)
{
    return calloc(1, sizeof(struct tc_ticker));
}

void tc_ticker_free(struct tc_ticker *ticker)
{
    if (ticker == NULL)
        return;
    for (size_t i = 0; i < ticker->channel_count; i++)
        free(ticker->channels[i]);
    free(ticker->channels);
    free(ticker);
}

static struct known_channel *meet(struct tc_ticker *ticker, const struct tc_channel *channel)
{
    const struct tc_feed *feed = channel->feed;
    struct known_channel **channels = realloc(ticker->channels,
                                              (ticker->channel_count + 1) * sizeof channels[0]);
    struct known_channel *known = calloc(1, sizeof *known);

    if (channels != NULL)
        ticker->channels = channels;
    if (channels == NULL || known == NULL) {
        free(known);
        return NULL;
    }
    known->channel = channel;
    tc_midnights_init(&known->midnights, &channel->zone);
    for (size_t class = 0; class < feed->type_count; class ++) {
        const struct tc_type *type = &feed->types[class];

        known->types[class] = (struct known_type){
            .time = tc_field_of(type->fields, type->field_count, TC_MEAN_EXCH_TIME),
            .locate = tc_field_of(type->fields, type->field_count, TC_MEAN_LOCATE),
            .symbol = tc_field_of(type->fields, type->field_count, TC_MEAN_SYMBOL),
        };
    }
    ticker->channels[ticker->channel_count++] = known;
    return known;
}

static struct known_channel *channel_of(struct tc_ticker *ticker, const struct tc_channel *channel)
{
    if (ticker->channel != NULL && ticker->channel->channel == channel)
        return ticker->channel;
    for (size_t i = 0; i < ticker->channel_count; i++)
        if (ticker->channels[i]->channel == channel)
            return ticker->channels[i];
    return meet(ticker, channel);
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
    ticker->channel = channel_of(ticker, ticker->tick.channel);
    if (ticker->channel == NULL)
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

/* When the exchange made the message, as its field's format says. */
static bool exchange_time(struct known_channel *known, const struct tc_field *field,
                          const uint8_t *message, uint64_t rx_ns, uint64_t *exch_ns)
{
    uint64_t raw;

    if (field == NULL)
        return false;
    raw = tc_field_uint(field, message, tc_feed_big_endian(known->channel->feed));
    switch ((enum tc_format)field->format) {
    case TC_FORMAT_MIDNIGHT_NS:
        *exch_ns = tc_exch_of_midnight(&known->midnights, raw, rx_ns);
        return true;
    case TC_FORMAT_EPOCH_NS: *exch_ns = raw; return true;
    case TC_FORMAT_EPOCH_S: *exch_ns = raw * UINT64_C(1000000000); return true;
    default: return false;
    }
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
    tick->has_exch = exchange_time(ticker->channel, ticker->channel->types[mark->class].time,
                                   tick->message, frame->rx_ns, &tick->exch_ns);
    tc_channel_learn(tick->channel, &tick->source->state->symbols[tick->line->channel], mark->class,
                     tick->message);
    find_symbol(&ticker->channel->types[mark->class], tick);
    return true;
}
