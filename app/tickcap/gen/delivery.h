/*
 * From the publisher to the capture port: one or two lines, each with its latency and its trouble.
 *
 * Every packet is sent on every line. On its way it may be lost, be held back until later ones have
 * passed it, or come twice. What arrives is handed on in order of receive time, over all lines.
 */
#ifndef TC_GEN_DELIVERY_H
#define TC_GEN_DELIVERY_H

#include "tickcap/gen/flights.h"
#include "tickcap/gen/loss.h"

enum { TC_GEN_LINES_MAX = 2, TC_HELD_MAX = 64 };

/* What the lines are to suffer, as probabilities a packet. */
struct tc_trouble {
    double loss[TC_GEN_LINES_MAX];
    double loss_both; /* the same packet is lost on all lines */
    double duplicates;
    double late;
};

struct tc_delivery_plan {
    struct tc_wire_address address[TC_GEN_LINES_MAX];
    struct tc_trouble trouble;
    enum tc_wire_checksum checksum;
    unsigned line_count;
    uint64_t midnight_ns; /* of the exchange, since 1970 */
    uint64_t seed;
};

/* A frame at the capture port. */
struct tc_arrival {
    uint64_t rx_ns; /* since 1970 */
    unsigned line;
    const uint8_t *frame;
    size_t bytes;
    size_t payload_offset;
};

typedef enum tc_status tc_take_arrival(void *context, const struct tc_arrival *arrival,
                                       struct tc_error *error);

/* A packet that waits until others have passed it. */
struct tc_held {
    struct tc_parcel *parcel;
    unsigned session;  /* counted from 0 */
    unsigned passing;  /* packets that are still to pass it */
    uint32_t after_ns; /* its distance from the last one that did */
};

struct tc_delivery_line {
    struct tc_wire wire;
    struct tc_random latency;
    struct tc_random fate;
    struct tc_loss loss;
    uint64_t base_ns; /* shortest time from publisher to port */
    uint64_t free_ns; /* when the wire has carried the latest packet, since 1970 */
    uint64_t sent;    /* packets */
    unsigned held_count;
    struct tc_held held[TC_HELD_MAX];
};

struct tc_delivery {
    tc_take_arrival *take;
    void *context;
    uint64_t midnight_ns;
    unsigned session;
    bool session_ended;
    struct tc_loss loss_both;
    struct tc_chance duplicates;
    struct tc_chance late;
    struct tc_flights flights;
    unsigned line_count;
    struct tc_delivery_line lines[TC_GEN_LINES_MAX];
};

/* Freed with tc_delivery_free. */
void tc_delivery_init(struct tc_delivery *delivery, const struct tc_delivery_plan *plan,
                      tc_take_arrival *take, void *context);

void tc_delivery_free(struct tc_delivery *delivery);

/* Sends a packet on all lines: a tc_publish with the delivery as its context. */
enum tc_status tc_delivery_send(void *delivery, const struct tc_publication *publication,
                                struct tc_error *error);

/* Lets everything arrive that is still on its way. */
TC_MUST_USE enum tc_status tc_delivery_finish(struct tc_delivery *delivery, struct tc_error *error);

#endif
