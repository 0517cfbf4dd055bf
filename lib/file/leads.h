/*
 * Which line of a channel brings a packet first, and by how much: from receive times as they are
 * recorded, whichever streams the lines arrived in.
 *
 * Packets are compared by session and first number. Of numbers that share a place in the table only
 * the latest waits for its copy, so a line that is behind by thousands of packets is not compared.
 */
#ifndef TC_FILE_LEADS_H
#define TC_FILE_LEADS_H

#include "base/histogram.h"
#include "base/packet.h"
#include "base/status.h"

enum { TC_LEAD_PLACES = 4096 };

/* The first copy of a packet. */
struct tc_lead_arrival {
    struct tc_session_id session;
    uint64_t sequence;
    uint64_t time_ns;
    uint32_t line; /* plus one; 0: empty */
};

struct tc_leads {
    struct tc_histogram lead; /* of the later listed line's time less the earlier listed one's */
    struct tc_lead_arrival arrivals[TC_LEAD_PLACES];
};

/* Takes the packet of a line; answers the line that was first where both are known now, or -1. */
int64_t tc_leads_take(struct tc_leads *leads, uint32_t line, const struct tc_session_id *session,
                      uint64_t sequence, uint64_t time_ns);

#endif
