/*
 * Frames and catalogs made in memory, for tests and fuzzers.
 *
 * Everything follows from the feed tables and a seed: a feed that is added to the registry is
 * made, recorded and read back by every test without new code. Checksums are computed here by the
 * plain rule of the RFCs, so that no test trusts the code it tests.
 */
#ifndef TC_TESTS_FRAMESMITH_H
#define TC_TESTS_FRAMESMITH_H

#include "file/capture.h"

/* ---- random numbers ---- */

/* The same seed gives the same numbers on every machine (splitmix64). */
struct smith_random {
    uint64_t state;
};

uint64_t smith_number(struct smith_random *random);

/* 0 <= n < limit. */
uint32_t smith_below(struct smith_random *random, uint32_t limit);

/* True once in `times`. */
bool smith_once_in(struct smith_random *random, uint32_t times);

void smith_fill(struct smith_random *random, uint8_t *bytes, size_t length);

/* ---- captures ---- */

/* One channel of a capture to be made; its lines are a, b, c and so on. */
struct smith_channel {
    const struct tc_feed *feed;
    uint16_t lines;
};

/*
 * A capture with these channels on one port and `streams` streams. Line i of the catalog has group
 * 239.1.x.y and a port of its own, any source, VLAN and port; tests may change that before use.
 */
struct tc_capture *smith_capture_new(const struct smith_channel *channels, size_t count,
                                     uint16_t streams);

/* A capture with a channel of two lines for every feed of the registry. */
struct tc_capture *smith_capture_of_all_feeds(void);

void smith_capture_free(struct tc_capture *capture);

/* ---- packets ---- */

/* The payload of a datagram that is being put together. */
struct smith_packet {
    const struct tc_framer *framer;
    uint32_t length;
    uint32_t messages;
    uint8_t bytes[65536];
};

/* A header with this session (its first letters) and number; everything else in it is zero. */
void smith_packet_begin(struct smith_packet *packet, const struct tc_channel *channel,
                        const char *session, uint64_t sequence);

/* Appends a message with its length; false when it does not fit a datagram. */
bool smith_packet_add(struct smith_packet *packet, const uint8_t *message, uint16_t bytes);

/* Puts in what follows from the messages, and the two fields that some feeds have. */
void smith_packet_end(struct smith_packet *packet, uint64_t send_time, uint64_t stream_offset);

/* Puts a count there that need not be true. */
void smith_packet_count(struct smith_packet *packet, uint16_t count);

/* A message of that class with random contents; answers its length. */
uint16_t smith_message(struct smith_random *random, const struct tc_feed *feed, uint8_t class,
                       uint8_t *message);

/* ---- frames ---- */

enum smith_checksum { SMITH_CORRECT, SMITH_ZERO, SMITH_PARTIAL, SMITH_WRONG, SMITH_CHECKSUMS };

/* What is around the payload of a datagram. All zero is a plain frame. */
struct smith_envelope {
    uint16_t vlans[3];
    uint8_t vlan_count;
    uint8_t option_words; /* of four bytes, 0 to 10 */
    uint16_t ip_id;
    uint16_t fragment;     /* flags and offset, as in the IP header */
    uint8_t udp_checksum;  /* enum smith_checksum */
    bool ip_wrong;         /* the IP checksum is not the correct one */
    uint16_t ip_extra;     /* bytes behind the UDP datagram that belong to the IP datagram */
    uint16_t pad;          /* bytes behind the IP datagram */
    int32_t udp_length_by; /* what the UDP length says too much */
    int32_t ip_length_by;  /* what the IP length says too much */
    uint32_t source;       /* 0: 10.0.0.1 */
};

enum { SMITH_FRAME_BYTES = TC_FRAME_BYTES_MAX + 64 };

/* Puts a frame to `line` together in `frame`; answers its length, 0 when it would be too long. */
uint32_t smith_frame(uint8_t *frame, const struct tc_line *line,
                     const struct smith_envelope *envelope, const uint8_t *payload,
                     uint32_t payload_bytes);

#endif
