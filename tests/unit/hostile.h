/*
 * Traffic for recording tests: what a feed sends, and what nobody should.
 *
 * Both walk the feed tables. Frames are given to a callback one by one, with the times they arrive
 * at, so that the same traffic can be recorded, fuzzed or written to a file.
 */
#ifndef TC_TESTS_HOSTILE_H
#define TC_TESTS_HOSTILE_H

#include "block/intake.h"
#include "framesmith.h"

/* Takes an arrival; its bytes are good until it returns. */
typedef void hostile_take(void *context, const struct tc_arrival *arrival);

struct hostile {
    const struct tc_capture *capture;
    hostile_take *take;
    void *context;
    struct smith_random dice;
    bool sound;       /* a feed's copies do not differ from each other */
    uint64_t time_ns; /* of the next frame */
    uint64_t *next;   /* sequence number by channel */
    uint64_t *sent;   /* bytes by channel, for feeds that tell */
    uint32_t *session;
    struct smith_packet packet;
    uint8_t frame[SMITH_FRAME_BYTES];
};

struct hostile *hostile_new(const struct tc_capture *capture, uint64_t seed, hostile_take *take,
                            void *context);
void hostile_free(struct hostile *hostile);

/*
 * A feed as it comes: packets of every channel with all message types, on all lines of the channel
 * soon after each other; now and then a line loses, repeats or overtakes a packet, a session ends,
 * a copy differs in one byte.
 */
void hostile_feed(struct hostile *hostile, uint32_t packets);

/* Every shape of frame that is known to be awkward, for every line. */
void hostile_shapes(struct hostile *hostile);

/* Frames near the largest there can be, with the most messages. */
void hostile_giants(struct hostile *hostile);

/* Good frames with some bytes changed, cut or inserted, and bytes that were never a frame. */
void hostile_noise(struct hostile *hostile, uint32_t frames);

#endif
