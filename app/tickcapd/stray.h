/*
 * Frames of no line that the main lcore wants to hear of: queries of IGMP, which ask what a port
 * has joined, and datagrams that miss a line by their VLAN, their source or their port.
 *
 * The receiving lcore looks, away from the path of frames that have a line; what is worth telling
 * travels on a ring with one producer and one consumer.
 */
#ifndef TC_TICKCAPD_STRAY_H
#define TC_TICKCAPD_STRAY_H

#include <rte_ring.h>

#include "block/intake.h"
#include "net/igmp.h"

enum { TC_STRAYS = 32, TC_STRAY_BYTES = 1536 };

enum tc_stray_kind {
    TC_STRAY_QUERY, /* `bytes` hold the frame */
    TC_STRAY_NEAR,  /* `line`, of which the frame has group and UDP port */
};

struct tc_stray {
    uint32_t kind; /* enum tc_stray_kind */
    uint32_t source;
    uint16_t port; /* that the frame came to */
    uint16_t line;
    uint16_t vlan;
    uint16_t length;
    uint8_t bytes[TC_STRAY_BYTES];
};

_Static_assert(sizeof(struct tc_stray) % 4 == 0, "elements of a ring are multiples of four");

/* The receiving side, one a stream. */
struct tc_stray_watch {
    struct rte_ring *ring;
    struct tc_line_table lines; /* of all ports */
    uint16_t port;
    bool wants_queries;
    bool told[TC_LINES_MAX]; /* that a frame missed this line; once is enough */
    struct tc_stray stray;   /* in the making */
};

/* A watch for the frames of `stream`, which come to `port`; `catalog` outlives it. */
TC_MUST_USE enum tc_status tc_stray_watch_new(struct tc_stray_watch **made,
                                              const struct tc_catalog *catalog, uint32_t stream,
                                              uint16_t port, bool wants_queries,
                                              struct tc_error *error);
void tc_stray_watch_free(struct tc_stray_watch *watch);

struct tc_stray_watcher tc_stray_watcher_of(struct tc_stray_watch *watch);

/* The next one, for the main lcore; false when there is none. */
bool tc_stray_take(struct tc_stray_watch *watch, struct tc_stray *stray);

#endif
