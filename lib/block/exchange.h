/*
 * Exchange times of messages, by what the feed's table says of its time fields: since 1970, since
 * midnight of the channel, or since a second that the line has told before.
 *
 * Where a feed tells seconds in messages of their own, each line remembers the last two with their
 * sequence numbers: a message that comes late belongs to the second that was told before it was
 * sent. A line that has not told one yet gives no exchange time, rather than a guess.
 */
#ifndef TC_BLOCK_EXCHANGE_H
#define TC_BLOCK_EXCHANGE_H

#include "block/catalog.h"
#include "clock/exchtime.h"

/* Where a type of message has a time; width 0: it has none. */
struct tc_exch_place {
    uint16_t offset;
    uint8_t width;
    uint8_t format; /* enum tc_format */
};

struct tc_exch_channel {
    struct tc_midnights midnights;
    struct tc_exch_place (*types)[2]; /* by class: the time, and the second it counts from */
    bool big_endian;
    bool has_seconds; /* some type tells one */
};

/* The seconds that a line told last. */
struct tc_exch_line {
    struct tc_session_id session;
    uint64_t sequence[2]; /* of the messages that told them; [0] is the later one */
    uint64_t second_ns[2];
    uint32_t known;
};

struct tc_exchange {
    const struct tc_catalog *catalog;
    struct tc_exch_channel *channels;
    struct tc_exch_line *lines;
};

size_t tc_exchange_footprint(const struct tc_catalog *catalog);

/* `memory`, zeroed, stays the caller's and, as `catalog`, outlives it. */
void tc_exchange_init(struct tc_exchange *exchange, void *memory, const struct tc_catalog *catalog);

/* A message of a line, for its exchange time. */
struct tc_exch_message {
    const uint8_t *bytes; /* without length prefix */
    const uint8_t *session;
    uint64_t sequence;
    uint64_t rx_ns; /* of its frame */
    uint16_t line;
    uint8_t class; /* TC_CLASS_OTHER: nothing is known of it */
};

/* False where the message, as far as is known, has no exchange time. */
bool tc_exchange_time_slow(struct tc_exchange *exchange, const struct tc_exch_message *message,
                           uint64_t *exch_ns);

static inline bool tc_exchange_time(struct tc_exchange *exchange,
                                    const struct tc_exch_message *message, uint64_t *exch_ns)
{
    struct tc_exch_channel *channel =
        &exchange->channels[exchange->catalog->lines[message->line].channel];
    const struct tc_exch_place *place;

    if (message->class == TC_CLASS_OTHER)
        return false;
    place = &channel->types[message->class][0];
    if (place->format != TC_FORMAT_MIDNIGHT_NS || channel->has_seconds || place->width == 0)
        return tc_exchange_time_slow(exchange, message, exch_ns);
    *exch_ns = tc_exch_near_midnight(
        &channel->midnights,
        tc_load_uint(message->bytes + place->offset, place->width, channel->big_endian),
        message->rx_ns);
    return true;
}

#endif
