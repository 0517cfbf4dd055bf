/*
 * A feed as a table: which messages there are, which fields they have, how datagrams frame them.
 *
 * Everything that tickcap knows of an exchange is rows of these types. Decoding, printing,
 * splitting into columns, the tables inside recorded files and the tests all walk the rows; no
 * code anywhere names a message. The same structures are filled from a recorded file, so a file
 * is read with the tables it was written with.
 */
#ifndef TC_FEED_SCHEMA_H
#define TC_FEED_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/meaning.h"
#include "base/status.h"

/*
 * How the bytes of a field are read. Numbers are in the byte order of the feed.
 * The ids stand in recorded files and are permanent. Id, code, name, what it is.
 */
#define TC_FORMAT_TABLE(X)                                                                  \
    X(0, TC_FORMAT_BYTES, "bytes", "raw bytes, shown as hex")                               \
    X(1, TC_FORMAT_UINT, "uint", "unsigned integer")                                        \
    X(2, TC_FORMAT_INT, "int", "signed integer, two's complement")                          \
    X(3, TC_FORMAT_TEXT, "text", "ASCII, padded with spaces on the right")                  \
    X(4, TC_FORMAT_DECIMAL, "decimal", "unsigned integer with `scale` decimal places")      \
    X(5, TC_FORMAT_SDECIMAL, "sdecimal", "signed integer with `scale` decimal places")      \
    X(6, TC_FORMAT_MIDNIGHT_NS, "midnight_ns", "nanoseconds since midnight of the channel") \
    X(7, TC_FORMAT_EPOCH_NS, "epoch_ns", "nanoseconds since 1970, UTC")                     \
    X(8, TC_FORMAT_EPOCH_S, "epoch_s", "seconds since 1970, UTC")                           \
    X(9, TC_FORMAT_FLAGS, "flags", "bits, shown as an unsigned integer")                    \
    X(10, TC_FORMAT_MIDNIGHT_S, "midnight_s", "seconds since midnight of the channel")      \
    X(11, TC_FORMAT_SECOND_NS, "second_ns", "nanoseconds since the second told before")

enum tc_format {
#define TC_FORMAT_CODE(id, code, name, what) code = id,
    TC_FORMAT_TABLE(TC_FORMAT_CODE)
#undef TC_FORMAT_CODE
        TC_FORMAT_COUNT
};

enum {
    TC_FIELDS_MAX = 64,    /* of one message or header */
    TC_TYPES_MAX = 250,    /* message types of a feed */
    TC_CLASS_OTHER = 0xff, /* class of a message that no row explains */
    TC_SCALE_MAX = 18,
    TC_HEADER_BYTES_MAX = 128, /* of a framing */
};

struct tc_field {
    const char *name;
    uint16_t offset; /* from the first byte of the message (or header), length prefix excluded */
    uint8_t width;   /* bytes; numbers have 1 to 8 */
    uint8_t format;  /* enum tc_format */
    uint8_t scale;   /* decimal places of a decimal */
    uint8_t meaning; /* enum tc_meaning */
};

enum tc_type_flag {
    TC_TYPE_DIRECTORY = 1, /* gives a symbol its number or describes it; never filtered away */
};

/* One message type. Its index in the feed's table is the message's class. */
struct tc_type {
    const char *name;
    const struct tc_field *fields;
    uint16_t bytes; /* without length prefix */
    uint8_t field_count;
    uint8_t code;  /* on the wire */
    uint8_t flags; /* enum tc_type_flag */
};

enum tc_framing_flag {
    TC_FRAMING_BIG_ENDIAN = 1,
    TC_FRAMING_STALE_HEARTBEATS = 2, /* a heartbeat below the expected number is a stale one */
    TC_FRAMING_RESETS = 4,           /* send time and stream offset announce a restart */
    TC_FRAMING_VERSIONED = 8,        /* the first header byte must equal `version` */
    TC_FRAMING_END_COUNT = 16,       /* a count of 0xffff is the end of the session */
};

/*
 * How a datagram holds messages: a header, then messages with a 16-bit length before each.
 * Header fields are found by what they mean: TC_MEAN_SESSION, TC_MEAN_SEQUENCE, TC_MEAN_COUNT and,
 * where the feed has them, TC_MEAN_PAYLOAD_BYTES, TC_MEAN_STREAM_OFFSET, TC_MEAN_SEND_TIME.
 */
struct tc_framing {
    const char *name;
    const char *source; /* the document it is from */
    const struct tc_field *fields;
    uint16_t id;
    uint8_t field_count;
    uint8_t header_bytes;
    uint8_t version;
    uint8_t flags; /* enum tc_framing_flag */
};

enum tc_feed_flag {
    TC_FEED_BIG_ENDIAN = 1,
    TC_FEED_LOCATES = 2, /* messages carry numbers of symbols; a directory message names them */
};

struct tc_feed {
    const char *name;   /* framing/messages, as in a configuration */
    const char *source; /* the document it is from */
    const struct tc_framing *framing;
    const struct tc_type *types;
    uint16_t id;
    uint8_t type_count;
    uint8_t flags; /* enum tc_feed_flag */
};

static inline bool tc_feed_big_endian(const struct tc_feed *feed)
{
    return (feed->flags & TC_FEED_BIG_ENDIAN) != 0;
}

/* The first field of that meaning, or NULL. */
const struct tc_field *tc_field_of(const struct tc_field *fields, size_t count,
                                   enum tc_meaning meaning);

/* The field of that name, or NULL. */
const struct tc_field *tc_field_named(const struct tc_field *fields, size_t count,
                                      const char *name);

/*
 * A table that breaks a rule is refused with one sentence: every byte of a message belongs to
 * exactly one field, in order; numbers have 1 to 8 bytes; the type code stands in byte 0 and
 * nowhere else; codes are unique; a header has session, sequence and count.
 */
TC_MUST_USE enum tc_status tc_feed_check(const struct tc_feed *feed, struct tc_error *error);

#endif
