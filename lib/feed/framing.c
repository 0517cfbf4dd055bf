/* Opening a packet and walking its messages. */
#include "feed/framing.h"

static struct tc_slot slot_of(const struct tc_framing *framing, enum tc_meaning meaning)
{
    const struct tc_field *field = tc_field_of(framing->fields, framing->field_count, meaning);

    return field != NULL ? (struct tc_slot){field->offset, field->width} : (struct tc_slot){0, 0};
}

void tc_framer_init(struct tc_framer *framer, const struct tc_feed *feed)
{
    const struct tc_framing *framing = feed->framing;

    *framer = (struct tc_framer){
        .feed = feed,
        .session = slot_of(framing, TC_MEAN_SESSION),
        .sequence = slot_of(framing, TC_MEAN_SEQUENCE),
        .count = slot_of(framing, TC_MEAN_COUNT),
        .payload_bytes = slot_of(framing, TC_MEAN_PAYLOAD_BYTES),
        .stream_offset = slot_of(framing, TC_MEAN_STREAM_OFFSET),
        .send_time = slot_of(framing, TC_MEAN_SEND_TIME),
        .header_bytes = framing->header_bytes,
        .version = framing->version,
        .flags = framing->flags,
    };
    for (size_t code = 0; code < 256; code++)
        framer->by_code[code] = (uint32_t)TC_CLASS_OTHER << 16;
    for (uint32_t class = 0; class < feed->type_count; class ++) {
        framer->by_code[feed->types[class].code] = class << 16 | feed->types[class].bytes;
        framer->type_flags[class] = feed->types[class].flags;
    }
}

static inline struct tc_session_id load_session(const uint8_t *header, struct tc_slot slot)
{
    struct tc_session_id session = {{0, 0}};

    memcpy(&session, header + slot.offset, slot.width);
    return session;
}

bool tc_framer_open(const struct tc_framer *framer, const uint8_t *payload, size_t bytes,
                    struct tc_packet *packet)
{
    size_t left = bytes - framer->header_bytes;
    uint64_t count;

    if (bytes < framer->header_bytes ||
        ((framer->flags & TC_FRAMING_VERSIONED) != 0 && payload[0] != framer->version))
        return false;
    if (framer->payload_bytes.width != 0) {
        uint64_t promised = tc_slot_load(framer, payload, framer->payload_bytes);

        if (promised > left)
            return false;
        left = (size_t)promised;
    }
    count = tc_slot_load(framer, payload, framer->count);
    packet->session = load_session(payload, framer->session);
    packet->sequence = tc_slot_load(framer, payload, framer->sequence);
    packet->stream_offset = tc_slot_load(framer, payload, framer->stream_offset);
    packet->send_time = tc_slot_load(framer, payload, framer->send_time);
    packet->message_bytes = (uint32_t)left;
    packet->messages = (uint32_t)count;
    packet->kind = count > 0 ? TC_PACKET_DATA : TC_PACKET_HEARTBEAT;
    if (count == 0xffff && (framer->flags & TC_FRAMING_END_COUNT) != 0) {
        packet->messages = 0;
        packet->kind = TC_PACKET_END;
    }
    return packet->messages <= left / TC_LENGTH_PREFIX_BYTES &&
           packet->sequence <= UINT64_MAX - packet->messages;
}

/* One walk for each byte order, so that the choice is made once a packet. */
static inline __attribute__((always_inline)) int walk(const struct tc_framer *framer,
                                                      const uint8_t *payload,
                                                      const struct tc_packet *packet,
                                                      struct tc_mark *marks, bool big_endian)
{
    size_t at = framer->header_bytes;
    size_t end = at + packet->message_bytes;
    int flags = 0;

    for (uint32_t i = 0; i < packet->messages; i++) {
        size_t bytes;

        if (end - at < TC_LENGTH_PREFIX_BYTES)
            return TC_WALK_BROKEN;
        bytes = big_endian ? tc_load_be16(payload + at) : tc_load_le16(payload + at);
        at += TC_LENGTH_PREFIX_BYTES;
        if (end - at < bytes)
            return TC_WALK_BROKEN;
        marks[i] = (struct tc_mark){.offset = (uint16_t)at,
                                    .class = tc_framer_class(framer, payload + at, bytes)};
        flags |= framer->type_flags[marks[i].class];
        at += bytes;
    }
    return flags;
}

int tc_framer_walk(const struct tc_framer *framer, const uint8_t *payload,
                   const struct tc_packet *packet, struct tc_mark *marks)
{
    if ((framer->flags & TC_FRAMING_BIG_ENDIAN) != 0)
        return walk(framer, payload, packet, marks, true);
    return walk(framer, payload, packet, marks, false);
}
