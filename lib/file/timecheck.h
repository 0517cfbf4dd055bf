/*
 * Whether the receive times of a stream can be what its clock gave: in order, but where an event
 * tells that a clock was set back, and refused only where an event tells of that.
 *
 * Times from source files are exempt from the order: files hold what somebody else recorded. Frames
 * that lack a stamp among others that have one carry the time of their burst, so these are in order
 * among themselves. Frames whose receive time was refused say nothing of the clock.
 */
#ifndef TC_FILE_TIMECHECK_H
#define TC_FILE_TIMECHECK_H

#include "block/events.h"
#include "file/reader.h"

/* A frame before the frame before, which no event has explained yet. */
struct tc_time_lapse {
    uint64_t frame; /* number in its stream */
    uint64_t block;
    uint64_t back_ns; /* by how much */
};

struct tc_time_check {
    uint64_t last_ns[2]; /* of frames with a stamp, and of those with the time of their burst */
    bool set_back;       /* a clock was, and nothing has come of it yet */
    bool open;           /* `lapse` waits for the event that explains it */
    struct tc_time_lapse lapse;
    uint64_t refused; /* frames whose receive time was refused */
    uint64_t told;    /* ... as the events say */
};

/*
 * Takes an item of the stream, in order. True when an earlier lapse stays unexplained, which
 * `lapse` then is.
 */
bool tc_time_check_take(struct tc_time_check *check, const struct tc_item *item,
                        struct tc_time_lapse *lapse);

/* The same once no item follows. */
bool tc_time_check_end(struct tc_time_check *check, struct tc_time_lapse *lapse);

#endif
