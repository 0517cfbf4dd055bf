/* Time fields are looked up once a type, then only loaded. */
#include "block/exchange.h"

#include "base/placer.h"

#define SECOND_NS UINT64_C(1000000000)

static struct tc_exch_place place_of(const struct tc_type *type, enum tc_meaning meaning)
{
    const struct tc_field *field = tc_field_of(type->fields, type->field_count, meaning);

    if (field == NULL || field->width > 8)
        return (struct tc_exch_place){0};
    return (struct tc_exch_place){field->offset, field->width, field->format};
}

static void place_channel(struct tc_exchange *exchange, uint16_t index, struct tc_placer *placer)
{
    const struct tc_channel *of = &exchange->catalog->channels[index];
    const struct tc_feed *feed = of->feed;
    struct tc_exch_channel *channel = NULL;
    void *types = tc_place(placer, TC_TYPES_MAX * sizeof *channel->types);

    if (placer->memory == NULL)
        return;
    channel = &exchange->channels[index];
    channel->types = types;
    channel->big_endian = tc_feed_big_endian(feed);
    tc_midnights_init(&channel->midnights, &of->zone);
    for (size_t class = 0; class < feed->type_count; class ++) {
        struct tc_exch_place *places = channel->types[class];

        places[0] = place_of(&feed->types[class], TC_MEAN_EXCH_TIME);
        places[1] = place_of(&feed->types[class], TC_MEAN_EXCH_SECOND);
        channel->has_seconds |= places[1].width > 0;
    }
}

static size_t place(struct tc_exchange *exchange, struct tc_placer *placer)
{
    const struct tc_catalog *catalog = exchange->catalog;

    exchange->channels = tc_place(placer, catalog->channel_count * sizeof exchange->channels[0]);
    exchange->lines = tc_place(placer, catalog->line_count * sizeof exchange->lines[0]);
    for (uint16_t i = 0; i < catalog->channel_count; i++)
        place_channel(exchange, i, placer);
    return placer->used;
}

size_t tc_exchange_footprint(const struct tc_catalog *catalog)
{
    struct tc_exchange measured = {.catalog = catalog};
    struct tc_placer placer = {0};

    return place(&measured, &placer);
}

void tc_exchange_init(struct tc_exchange *exchange, void *memory, const struct tc_catalog *catalog)
{
    struct tc_placer placer = {.memory = memory};

    *exchange = (struct tc_exchange){.catalog = catalog};
    place(exchange, &placer);
}

static uint64_t load(const struct tc_exch_channel *channel, const struct tc_exch_place *place,
                     const struct tc_exch_message *message)
{
    return tc_load_uint(message->bytes + place->offset, place->width, channel->big_endian);
}

/* A moment that a field gives by itself. */
static uint64_t moment(struct tc_exch_channel *channel, const struct tc_exch_place *place,
                       const struct tc_exch_message *message)
{
    uint64_t value = load(channel, place, message);

    switch ((enum tc_format)place->format) {
    case TC_FORMAT_MIDNIGHT_NS:
        return tc_exch_of_midnight(&channel->midnights, value, message->rx_ns);
    case TC_FORMAT_MIDNIGHT_S:
        return tc_exch_of_midnight(&channel->midnights, value * SECOND_NS, message->rx_ns);
    case TC_FORMAT_EPOCH_S: return value * SECOND_NS;
    default: return value;
    }
}

static void learn_second(struct tc_exch_line *line, const struct tc_exch_message *message,
                         const struct tc_session_id *session, uint64_t second_ns)
{
    if (!tc_session_equal(line->session, *session))
        *line = (struct tc_exch_line){.session = *session};
    if (line->known > 0 && message->sequence <= line->sequence[0])
        return; /* it came late, or again */
    line->sequence[1] = line->sequence[0];
    line->second_ns[1] = line->second_ns[0];
    line->sequence[0] = message->sequence;
    line->second_ns[0] = second_ns;
    line->known += line->known < 2;
}

/* The second that was in force when the message was sent. */
static bool second_of(const struct tc_exch_line *line, const struct tc_exch_message *message,
                      const struct tc_session_id *session, uint64_t *second_ns)
{
    if (!tc_session_equal(line->session, *session))
        return false;
    for (uint32_t i = 0; i < line->known; i++)
        if (message->sequence >= line->sequence[i]) {
            *second_ns = line->second_ns[i];
            return true;
        }
    return false;
}

bool tc_exchange_time_slow(struct tc_exchange *exchange, const struct tc_exch_message *message,
                           uint64_t *exch_ns)
{
    const struct tc_line *of = &exchange->catalog->lines[message->line];
    struct tc_exch_channel *channel = &exchange->channels[of->channel];
    struct tc_exch_line *line = &exchange->lines[message->line];
    const struct tc_exch_place *time = &channel->types[message->class][0];
    const struct tc_exch_place *second = &channel->types[message->class][1];
    struct tc_session_id session = {{0}};
    uint64_t second_ns;

    if (channel->has_seconds)
        memcpy(&session, message->session,
               exchange->catalog->channels[of->channel].framer.session.width);
    if (second->width > 0) {
        second_ns = moment(channel, second, message);
        learn_second(line, message, &session, second_ns);
        if (time->width == 0) {
            *exch_ns = second_ns;
            return true;
        }
    }
    if (time->width == 0)
        return false;
    if (time->format != TC_FORMAT_SECOND_NS) {
        *exch_ns = moment(channel, time, message);
        return true;
    }
    if (second->width == 0 && !second_of(line, message, &session, &second_ns))
        return false;
    *exch_ns = second_ns + load(channel, time, message);
    return true;
}
