/*
 * The frames that carry a line's packets: Ethernet, an optional VLAN tag, IPv4 and UDP.
 */
#ifndef TC_GEN_WIRE_H
#define TC_GEN_WIRE_H

#include "net/frame.h"
#include "tickcap/gen/publisher.h"

enum {
    TC_WIRE_HEADER_BYTES_MAX = TC_ETHER_BYTES + TC_VLAN_BYTES + TC_IPV4_BYTES + TC_UDP_BYTES,
    TC_WIRE_FRAME_BYTES_MAX = TC_WIRE_HEADER_BYTES_MAX + TC_MOLD_PAYLOAD_BYTES_MAX,
};

enum tc_wire_checksum {
    TC_CHECKSUM_CORRECT,
    TC_CHECKSUM_ZERO,    /* none was computed */
    TC_CHECKSUM_PARTIAL, /* the pseudo header's sum, as a capture with offload sees it */
};

struct tc_wire_address {
    uint32_t source; /* host byte order */
    uint32_t group;
    uint16_t source_port;
    uint16_t port;
    uint16_t vlan; /* TC_VLAN_NONE without a tag */
};

/* One sender: the headers that all of its frames share, and its counter. */
struct tc_wire {
    uint8_t header[TC_WIRE_HEADER_BYTES_MAX];
    uint16_t header_bytes;
    uint16_t ip_id; /* of the next frame */
    enum tc_wire_checksum checksum;
};

void tc_wire_init(struct tc_wire *wire, struct tc_wire_address address, uint16_t ip_id,
                  enum tc_wire_checksum checksum);

/* Writes up to TC_WIRE_FRAME_BYTES_MAX bytes; answers the frame's length without FCS. */
size_t tc_wire_frame(struct tc_wire *wire, const uint8_t *payload, size_t bytes, uint8_t *frame);

#endif
