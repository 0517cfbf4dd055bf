/*
 * The exchange's publisher: packs messages into MoldUDP64 packets.
 *
 * A packet leaves a fixed time after its first message came, or earlier when it is full; so its
 * size follows from how clustered the messages are. A heartbeat leaves when nothing else did for a
 * second; the end of a session is said three times.
 */
#ifndef TC_GEN_PUBLISHER_H
#define TC_GEN_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
    TC_MOLD_HEADER_BYTES = 20,
    TC_MOLD_SESSION_BYTES = 10,
    TC_MOLD_END_COUNT = 0xffff,
    TC_MOLD_PAYLOAD_BYTES_MAX = 1280,
    TC_PUBLISHER_HOLD_NS = 5000,
    TC_PUBLISHER_HEARTBEAT_NS = 1000000000,
};

/* One packet as it leaves. */
struct tc_publication {
    const uint8_t *payload;
    size_t bytes;
    uint64_t time_ns; /* since midnight */
    bool end;         /* says the end of the session */
    bool closing;     /* holds the last messages of the session */
};

typedef enum tc_status tc_publish(void *context, const struct tc_publication *publication,
                                  struct tc_error *error);

struct tc_publisher {
    tc_publish *publish;
    void *context;
    uint64_t next_sequence;
    uint64_t opened_ns; /* when the first message of the open packet came */
    uint64_t sent_ns;   /* when the latest packet left */
    uint16_t count;     /* messages in the open packet */
    bool closing;
    size_t bytes; /* of the open packet */
    uint8_t payload[TC_MOLD_PAYLOAD_BYTES_MAX];
};

/* Begins a session with a heartbeat. `session` has TC_MOLD_SESSION_BYTES characters. */
TC_MUST_USE enum tc_status tc_publisher_begin(struct tc_publisher *publisher, const char *session,
                                              uint64_t time_ns, struct tc_error *error);

/* Takes a message made at `time_ns`; times never go back. */
TC_MUST_USE enum tc_status tc_publisher_message(struct tc_publisher *publisher,
                                                const uint8_t *message, size_t bytes,
                                                uint64_t time_ns, struct tc_error *error);

/* Sends what is left and the end of the session; answers in `*time_ns` when the last one left. */
TC_MUST_USE enum tc_status tc_publisher_end(struct tc_publisher *publisher, uint64_t *time_ns,
                                            struct tc_error *error);

#endif
