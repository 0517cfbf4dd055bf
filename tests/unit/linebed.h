/* A line under test: its tracker, and what became of each message of a packet. */
#ifndef TC_UNIT_LINEBED_H
#define TC_UNIT_LINEBED_H

#include "track/sequence.h"

struct linebed {
    struct tc_sequence line;
    struct tc_verdict verdict; /* of the latest packet */
    uint8_t *memory;
    char letters[80]; /* of its messages: in order, late, duplicate */
};

void line_set_up(struct linebed *bed, uint32_t ranges, uint8_t rules);
void line_tear_down(struct linebed *bed);

/* Takes a packet and its old messages; answers one letter for each message. */
const char *line_take(struct linebed *bed, const struct tc_packet *packet);

/* A packet of a session that has a letter for a name. */
struct tc_packet line_packet(char session, enum tc_packet_kind kind, uint64_t sequence,
                             uint32_t messages);

#endif
