/*
 * Lines of which nothing has arrived: each is told once, with the likeliest cause and what to do.
 *
 * Frames of a line's group that miss it by their VLAN tag, their source or their port tell most, so
 * they are told as soon as it is clear that they are all there is. Where there are none the port
 * says what it can: its link, its filters, what it has joined and whether anybody asked.
 */
#ifndef TC_TICKCAPD_UNHEARD_H
#define TC_TICKCAPD_UNHEARD_H

#include "tickcapd/portjoins.h"

/* Seconds after the start at which a line should have been heard: feeds have heartbeats. */
enum { TC_UNHEARD_AFTER_S = 10 };

struct tc_unheard_line {
    bool heard;
    bool told;
    bool near; /* frames missed it: */
    uint16_t near_port;
    uint16_t near_vlan;
    uint32_t near_source;
    uint32_t near_looks; /* since the first of them */
};

struct tc_unheard {
    const struct tc_capture_plan *plan;
    const struct tc_port_joins *joins; /* by port */
    struct tc_unheard_line *lines;
    uint32_t left; /* lines of which it is still open */
};

/* `joins` has one for each port, open or not; it outlives the watch. */
TC_MUST_USE enum tc_status tc_unheard_open(struct tc_unheard *unheard,
                                           const struct tc_capture_plan *plan,
                                           const struct tc_port_joins *joins,
                                           struct tc_error *error);
void tc_unheard_close(struct tc_unheard *unheard);

/* Takes a frame that missed a line. */
void tc_unheard_near(struct tc_unheard *unheard, const struct tc_stray *stray);

/* Says whether a line has been heard. */
typedef bool tc_line_heard(void *context, uint16_t line);

/* Once a second, `seconds` after the start; at the end with `ends`. */
void tc_unheard_look(struct tc_unheard *unheard, uint64_t seconds, bool ends, tc_line_heard *heard,
                     void *context);

#endif
