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

/*
 * Consecutive packets of one session, told of together: each begins where the one before ended.
 * A loss keeps what it swallowed as runs, and trackers take a run as they take its packets.
 */
struct tc_run {
    struct tc_session_id session;
    uint64_t first; /* numbers first <= n < end */
    uint64_t end;
    uint64_t send_first; /* send times of its first and its last packet */
    uint64_t send_last;
    uint64_t offset_first; /* stream offsets of its first and its last packet */
    uint64_t offset_last;
    uint32_t packets; /* of all kinds */
    uint32_t heartbeats;
    uint32_t stale; /* of the heartbeats, those below the number that was expected */
    uint32_t ends;
};

static inline struct tc_run tc_run_of(const struct tc_packet *packet, bool stale)
{
    return (struct tc_run){
        .session = packet->session,
        .first = packet->sequence,
        .end = packet->sequence + packet->messages,
        .send_first = packet->send_time,
        .send_last = packet->send_time,
        .offset_first = packet->stream_offset,
        .offset_last = packet->stream_offset,
        .packets = 1,
        .heartbeats = packet->kind == TC_PACKET_HEARTBEAT,
        .stale = stale,
        .ends = packet->kind == TC_PACKET_END,
    };
}

/* Whether a packet continues a run, so that nothing is lost by telling of both together. */
static inline bool tc_run_goes_on(const struct tc_run *run, const struct tc_packet *packet)
{
    return run->end == packet->sequence && tc_session_equal(run->session, packet->session) &&
           packet->send_time >= run->send_last && packet->stream_offset >= run->offset_last;
}

static inline void tc_run_add(struct tc_run *run, const struct tc_packet *packet, bool stale)
{
    run->end += packet->messages;
    run->send_last = packet->send_time;
    run->offset_last = packet->stream_offset;
    run->packets++;
    run->heartbeats += packet->kind == TC_PACKET_HEARTBEAT;
    run->stale += stale;
    run->ends += packet->kind == TC_PACKET_END;
}

#endif
