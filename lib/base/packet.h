/*
 * What the header of one datagram says about its place in the feed: the words that framing tables
 * produce and sequence trackers consume.
 */
#ifndef TC_BASE_PACKET_H
#define TC_BASE_PACKET_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { TC_SESSION_BYTES = 16 };

/* The feed's own name for a run of sequence numbers, zero padded; compared, never interpreted. */
struct tc_session_id {
    uint64_t word[2];
};

static inline bool tc_session_equal(struct tc_session_id a, struct tc_session_id b)
{
    return a.word[0] == b.word[0] && a.word[1] == b.word[1];
}

enum tc_packet_kind {
    TC_PACKET_DATA,
    TC_PACKET_HEARTBEAT,
    TC_PACKET_END, /* end of session */
};

struct tc_packet {
    struct tc_session_id session;
    uint64_t sequence;      /* of the first message, or of the next one where there is none */
    uint64_t stream_offset; /* bytes sent before this packet; 0 where the feed has no such field */
    uint64_t send_time;     /* as on the wire; 0 where the feed has no such field */
    uint32_t messages;      /* numbers of the sequence that the packet uses up */
    uint32_t message_bytes; /* bytes after the header that may hold messages */
    enum tc_packet_kind kind;
};

#endif
