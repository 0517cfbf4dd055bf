/*
 * From the payload of a datagram to its messages, as a framing row says.
 *
 * A framer is the row made ready: offsets instead of field searches, and for each type code the
 * class and the length that a message of it must have. It is built once a feed; the hot path only
 * loads and compares. The one serial chain is the walk from length to length.
 */
#ifndef TC_FEED_FRAMING_H
#define TC_FEED_FRAMING_H

#include "base/bytes.h"
#include "base/packet.h"
#include "feed/schema.h"

/* A field of a header, ready to be loaded; width 0 where the feed has no such field. */
struct tc_slot {
    uint16_t offset;
    uint8_t width;
};

struct tc_framer {
    const struct tc_feed *feed;
    struct tc_slot session;
    struct tc_slot sequence;
    struct tc_slot count;
    struct tc_slot payload_bytes;
    struct tc_slot stream_offset;
    struct tc_slot send_time;
    uint16_t header_bytes;
    uint8_t version;
    uint8_t flags; /* enum tc_framing_flag */
    /* by type code: class << 16 | bytes; a message of other length is of no class */
    uint32_t by_code[256];
    uint8_t type_flags[256]; /* by class, enum tc_type_flag */
};

/* Where a message is: its first byte after the length prefix, counted from the payload's start. */
struct tc_mark {
    uint16_t offset;
    uint8_t class;
    uint8_t flags; /* enum tc_message_flag, set by the tracker */
};

enum { TC_LENGTH_PREFIX_BYTES = 2 };

/* The number in a header's field; 0 where the feed has no such field. */
static inline uint64_t tc_slot_load(const struct tc_framer *framer, const uint8_t *header,
                                    struct tc_slot slot)
{
    bool big_endian = (framer->flags & TC_FRAMING_BIG_ENDIAN) != 0;
    const uint8_t *at = header + slot.offset;

    switch (slot.width) {
    case 0: return 0;
    case 2: return big_endian ? tc_load_be16(at) : tc_load_le16(at);
    case 4: return big_endian ? tc_load_be32(at) : tc_load_le32(at);
    case 8: return big_endian ? tc_load_be64(at) : tc_load_le64(at);
    default: return tc_load_uint(at, slot.width, big_endian);
    }
}

static inline void tc_slot_store(const struct tc_framer *framer, uint8_t *header,
                                 struct tc_slot slot, uint64_t value)
{
    if (slot.width != 0)
        tc_store_uint(header + slot.offset, value, slot.width,
                      (framer->flags & TC_FRAMING_BIG_ENDIAN) != 0);
}

/* `feed` has passed tc_feed_check and outlives the framer. */
void tc_framer_init(struct tc_framer *framer, const struct tc_feed *feed);

/*
 * Reads the header. False when the payload is too short for what the header says, or the version
 * is another one: the framing is broken.
 */
bool tc_framer_open(const struct tc_framer *framer, const uint8_t *payload, size_t bytes,
                    struct tc_packet *packet);

enum {
    TC_PACKET_MESSAGES_MAX = 65535 / TC_LENGTH_PREFIX_BYTES,
    TC_WALK_BROKEN = -1,
};

/*
 * Marks the messages of a packet that tc_framer_open accepted. `marks` has room for
 * packet->messages rows. Answers the type flags of all messages together, or TC_WALK_BROKEN when
 * a message does not fit; the marks are then worthless.
 */
int tc_framer_walk(const struct tc_framer *framer, const uint8_t *payload,
                   const struct tc_packet *packet, struct tc_mark *marks);

/* Class of a message of `bytes` bytes. */
static inline uint8_t tc_framer_class(const struct tc_framer *framer, const uint8_t *message,
                                      size_t bytes)
{
    uint32_t row = bytes > 0 ? framer->by_code[message[0]] : (uint32_t)TC_CLASS_OTHER << 16;

    return (row & 0xffff) == bytes ? (uint8_t)(row >> 16) : TC_CLASS_OTHER;
}

/* The length prefix in front of a marked message. */
static inline uint16_t tc_framer_bytes(const struct tc_framer *framer, const uint8_t *message)
{
    const uint8_t *prefix = message - TC_LENGTH_PREFIX_BYTES;

    return (framer->flags & TC_FRAMING_BIG_ENDIAN) != 0 ? tc_load_be16(prefix)
                                                        : tc_load_le16(prefix);
}

#endif
