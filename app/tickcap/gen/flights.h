/*
 * Frames on their way to the capture port, handed out in the order in which they arrive.
 *
 * A binary heap by receive time; frames that arrive in the same nanosecond keep the order in which
 * they were sent. Parcels that have landed are used again, so memory follows the number of frames
 * in the air and not the length of the feed.
 */
#ifndef TC_GEN_FLIGHTS_H
#define TC_GEN_FLIGHTS_H

#include "tickcap/gen/wire.h"

struct tc_parcel {
    struct tc_parcel *next; /* among the spare ones */
    unsigned line;
    uint16_t bytes;
    uint8_t frame[TC_WIRE_FRAME_BYTES_MAX];
};

struct tc_flight {
    uint64_t rx_ns; /* when it lands, since 1970 */
    uint64_t number;
    struct tc_parcel *parcel;
};

struct tc_flights {
    struct tc_flight *heap;
    size_t count;
    size_t room;
    uint64_t flown;
    struct tc_parcel *spare;
};

/* An unused parcel, or NULL without memory. It goes back by one of the next two functions. */
struct tc_parcel *tc_flights_parcel(struct tc_flights *flights);

void tc_flights_drop(struct tc_flights *flights, struct tc_parcel *parcel);

/* Lets a parcel fly; it belongs to the flights from now on, also where there is no memory. */
TC_MUST_USE enum tc_status tc_flights_start(struct tc_flights *flights, struct tc_parcel *parcel,
                                            uint64_t rx_ns);

/* The next parcel that lands up to `until_ns`, or NULL; its owner is the caller. */
struct tc_parcel *tc_flights_land(struct tc_flights *flights, uint64_t until_ns, uint64_t *rx_ns);

void tc_flights_free(struct tc_flights *flights);

#endif
