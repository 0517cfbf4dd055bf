/*
 * A capture whose ports are DPDK's net_ring, in the hands of a test: the test puts frames into the
 * rings, and receivers and writers are those of the appliance.
 *
 * It is opened as tickcapd opens it (configuration, plan, environment, ports, streams) and not
 * launched: a test may step the tasks by hand, or launch them on their lcores. Whatever it cannot
 * do ends the process with a sentence.
 */
#ifndef TC_TESTS_RINGSTAND_H
#define TC_TESTS_RINGSTAND_H

#include "tickcapd/capturerun.h"

enum { RING_PORTS_MAX = 4, RING_FRAME_BYTES = 1600 };

struct ring_stand {
    struct tc_config config;
    struct tc_capture_plan plan;
    struct tc_capture_run run;
    struct rte_mempool *pool;               /* of the test's frames */
    struct rte_ring *rings[RING_PORTS_MAX]; /* by port */
    uint64_t pushed[RING_PORTS_MAX];
    atomic_ulong handed_over; /* frames, as a thread sanitizer sees it */
    /* what frames are stamped with from now on; a flag of 0: nothing */
    uint64_t stamp, stamp_flag;
    int stamp_offset;
    const struct tc_port_time_ops *time; /* of the ports; set before opening, NULL: DPDK's */
};

/*
 * The configuration's ports have the devices net_ring0, net_ring1 and so on. `frames`: how many
 * will be pushed at most.
 */
void ring_stand_open(struct ring_stand *stand, const char *path, const char *const *sets,
                     size_t set_count, uint32_t frames);

/* Puts a frame into a port's ring; false when the ring is full. One thread calls it. */
bool ring_stand_push(struct ring_stand *stand, size_t port, const uint8_t *bytes, uint32_t length);

/* The same for a frame in several buffers, each of at most `piece` bytes. */
bool ring_stand_push_pieces(struct ring_stand *stand, size_t port, const uint8_t *bytes,
                            uint32_t length, uint32_t piece);

/* Closes the capture and DPDK. */
void ring_stand_close(struct ring_stand *stand);

/* Ends the process. */
_Noreturn void ring_stand_die(const char *sentence);

#endif
