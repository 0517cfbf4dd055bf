/*
 * Told events: what the events in front of a frame say of its packet, beside what the trackers say
 * when they take it again.
 *
 * A gap, what filled it, begin and end of sessions are told where there is room for the frame, so
 * every recorded frame has exactly the events that its sequence numbers give. Whoever takes one
 * out, or puts in another one, is found here.
 */
#ifndef TC_FILE_TOLDEVENTS_H
#define TC_FILE_TOLDEVENTS_H

#include "block/events.h"
#include "file/retrace.h"

enum { TC_TOLD_EVENTS_MAX = 8 }; /* of one frame; the trackers give five at most */

struct tc_told_event {
    uint64_t time_ns;
    uint32_t payload_bytes;
    uint16_t about;
    uint8_t kind;
    uint8_t payload[TC_EVENT_PAYLOAD_MAX];
};

struct tc_told_events {
    struct tc_told_event events[TC_TOLD_EVENTS_MAX];
    uint32_t count;
};

/* Keeps an event until its frame comes, if it is of a kind that tells of packets. */
void tc_told_events_add(struct tc_told_events *told, const struct tc_event *event);

/*
 * Compares what was kept with what `line`, which has just taken it, says of the recorded packet,
 * and forgets it. NULL packet: the frame is none, so nothing may have been told.
 */
TC_MUST_USE enum tc_status tc_told_events_check(struct tc_told_events *told,
                                                const struct tc_retraced *packet,
                                                const struct tc_sequence *line,
                                                struct tc_error *error);

#endif
