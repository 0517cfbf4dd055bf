/*
 * Notices: what the main lcore has seen and a receiver is to put in its place among the frames: the
 * port's own counters and its link. They travel on a ring with one producer and one consumer.
 */
#ifndef TC_TICKCAPD_NOTICE_H
#define TC_TICKCAPD_NOTICE_H

#include "block/events.h"
#include "track/ledger.h"

enum tc_notice_kind {
    TC_NOTICE_NIC,   /* `nic` */
    TC_NOTICE_EVENT, /* `event` with `values` */
};

enum { TC_NOTICE_VALUES = 2, TC_NOTICES = 64 };

struct tc_notice {
    uint32_t kind;  /* enum tc_notice_kind */
    uint16_t event; /* enum tc_event_kind */
    uint16_t port;
    uint64_t time_ns;
    uint64_t values[TC_NOTICE_VALUES]; /* the payload of the event, as many as it has */
    struct tc_nic nic;
};

_Static_assert(sizeof(struct tc_notice) % 4 == 0, "elements of a ring are multiples of four");

#endif
