/*
 * Twins: packets whose messages have just been seen.
 *
 * A channel is sent twice, on lines A and B, so each packet comes again some microseconds later
 * with the same messages in another envelope. Within a batch the first copy is still at hand: if
 * the bytes agree, the second is recorded as a reference. That halves both the work and the file.
 */
#ifndef TC_BLOCK_TWIN_H
#define TC_BLOCK_TWIN_H

#include "base/bytes.h"

enum { TC_TWIN_SLOTS = 1024 };

/* Messages of a packet, by the channel's sequence number. */
struct tc_twin {
    uint64_t sequence;
    const uint8_t *messages;
    uint32_t bytes;
    uint32_t packet; /* its number in the block */
    uint64_t batch;  /* in which `messages` is readable */
};

/*
 * Looks the packet up, and remembers it where it is new. Answers how many packets back its twin
 * stands, or 0.
 */
static inline uint32_t tc_twin_find(struct tc_twin *slots, const struct tc_twin *packet)
{
    struct tc_twin *slot = &slots[packet->sequence % TC_TWIN_SLOTS];

    if (slot->batch == packet->batch && slot->sequence == packet->sequence &&
        slot->bytes == packet->bytes &&
        memcmp(slot->messages, packet->messages, packet->bytes) == 0)
        return packet->packet - slot->packet;
    *slot = *packet;
    return 0;
}

#endif
