/*
 * An intake whose batches are kept as they were handed over, and packets to send to it. Shared by
 * the tests of where batches end, of what they are told, and of losses.
 */
#ifndef TC_UNIT_INTAKEBED_H
#define TC_UNIT_INTAKEBED_H

#include "block/intake.h"
#include "framesmith.h"

enum { STAND_POOL = 8, STAND_GIVEN_MAX = 4096 };

struct stand {
    struct tc_intake intake;
    struct tc_capture *capture;
    struct smith_packet packet; /* being put together */
    struct smith_random dice;
    uint8_t frame[SMITH_FRAME_BYTES];
    void *memory;
    size_t memory_bytes;
    struct tc_batch *pool[STAND_POOL];
    uint32_t pool_count;
    bool starved; /* none is free */
    struct tc_batch *given[STAND_GIVEN_MAX];
    uint32_t writers[STAND_GIVEN_MAX];
    uint32_t given_count;
};

extern struct stand stand;

/* For test suites. */
void stand_set_up(void);

/* A capture of channels of one feed. */
void stand_capture(const struct tc_feed *feed, uint16_t channels, uint16_t lines);

/* An intake over it; limits that are zero have the values of the programs. */
void stand_open(const struct tc_batch_limits *limits, uint8_t nic_port);
void stand_close(void);

void stand_take(const uint8_t *bytes, uint32_t length, uint64_t time_ns);
const struct tc_channel *stand_channel(uint16_t line);

/* The packet at hand, in a plain frame. */
void stand_send_packet(uint16_t line, uint64_t time_ns);

/* A packet of `count` messages of eleven or more bytes; none of them is a directory message. */
void stand_send(uint16_t line, const char *session, uint64_t sequence, uint32_t count,
                uint64_t time_ns);

/* A frame of no line. */
void stand_send_stranger(uint32_t length, uint64_t time_ns);

/* A directory message that names a locate, for feeds that have such. */
void stand_add_name(const struct tc_channel *channel, uint16_t locate, const char *name);

void stand_finish(uint64_t time_ns);

/* The record `index` of a batch; NULL behind the last one. */
const uint8_t *stand_record(const struct tc_batch *batch, uint32_t index);

/* The frame `index` of a batch. */
const struct tc_frame_record *stand_frame(const struct tc_batch *batch, uint32_t index);

/* The first event of that kind in a batch, and how many there are. */
const struct tc_event_record *stand_find_event(const struct tc_batch *batch,
                                               enum tc_event_kind kind, uint32_t *count);

#endif
