/*
 * Ethernet, VLAN, IPv4 and UDP: from the bytes of a frame to the datagram inside it.
 *
 * Ethernet II (IEEE 802.3 clause 3.2), VLAN tags (IEEE 802.1Q clause 9.6, at most two), IPv4
 * (RFC 791) and UDP (RFC 768). Nothing is reassembled and no checksum is judged: a capture keeps
 * what came, and these few fields only say whose it is.
 */
#ifndef TC_NET_FRAME_H
#define TC_NET_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum {
    TC_ETHER_BYTES = 14,
    TC_VLAN_BYTES = 4,
    TC_IPV4_BYTES = 20,
    TC_UDP_BYTES = 8,
    TC_VLAN_TAGS_MAX = 2,
    /* the largest IPv4 datagram in a frame with two VLAN tags */
    TC_FRAME_BYTES_MAX = TC_ETHER_BYTES + TC_VLAN_TAGS_MAX * TC_VLAN_BYTES + 65535,

    TC_ETHERTYPE_IPV4 = 0x0800,
    TC_ETHERTYPE_VLAN = 0x8100,    /* customer tag */
    TC_ETHERTYPE_SERVICE = 0x88a8, /* service tag, IEEE 802.1ad */
    TC_ETHERTYPE_OLD_QINQ = 0x9100,
    TC_IP_PROTOCOL_UDP = 17,
    TC_VLAN_NONE = 0xffff,
};

/* A UDP datagram, or its first fragment, inside a frame. Offsets count from the frame's start. */
struct tc_datagram {
    uint32_t source; /* host byte order */
    uint32_t group;  /* destination, host byte order */
    uint16_t source_port;
    uint16_t port;
    uint16_t vlan;           /* innermost identifier, TC_VLAN_NONE without a tag */
    uint16_t ip_offset;      /* of the IPv4 header */
    uint16_t payload_offset; /* of the first byte after the UDP header */
    uint32_t payload_bytes;  /* as the UDP header says, where all of them are in the frame */
    bool cut;                /* the frame ends before the datagram, or lengths contradict */
};

/* Where the EtherType of the innermost header stands, or 0 when the frame is too short. */
static inline size_t tc_ethertype_offset(const uint8_t *frame, size_t length, uint16_t *vlan)
{
    size_t offset = TC_ETHER_BYTES - 2;

    *vlan = TC_VLAN_NONE;
    if (length < TC_ETHER_BYTES)
        return 0;
    for (unsigned tags = 0; tags < TC_VLAN_TAGS_MAX; tags++) {
        uint16_t type = tc_load_be16(frame + offset);

        if (type != TC_ETHERTYPE_VLAN && type != TC_ETHERTYPE_SERVICE &&
            type != TC_ETHERTYPE_OLD_QINQ)
            break;
        if (offset + TC_VLAN_BYTES + 2 > length)
            return 0;
        *vlan = tc_load_be16(frame + offset + 2) & 0x0fff;
        offset += TC_VLAN_BYTES;
    }
    return offset;
}

/*
 * Finds the UDP datagram of a frame. False for everything that has none to offer: other protocols,
 * fragments after the first, and frames too short to say where the datagram is addressed.
 */
static inline bool tc_datagram_find(const uint8_t *frame, size_t length, struct tc_datagram *found)
{
    size_t type = tc_ethertype_offset(frame, length, &found->vlan);
    const uint8_t *ip = frame + type + 2;
    size_t left = length - type - 2;
    size_t header_bytes, total_bytes;

    if (type == 0 || tc_load_be16(frame + type) != TC_ETHERTYPE_IPV4 || left < TC_IPV4_BYTES)
        return false;
    header_bytes = (size_t)(ip[0] & 0x0f) * 4;
    if (ip[0] >> 4 != 4 || header_bytes < TC_IPV4_BYTES || left < header_bytes + TC_UDP_BYTES ||
        ip[9] != TC_IP_PROTOCOL_UDP || (tc_load_be16(ip + 6) & 0x1fff) != 0)
        return false;

    total_bytes = tc_load_be16(ip + 2);
    found->source = tc_load_be32(ip + 12);
    found->group = tc_load_be32(ip + 16);
    found->source_port = tc_load_be16(ip + header_bytes);
    found->port = tc_load_be16(ip + header_bytes + 2);
    found->ip_offset = (uint16_t)(type + 2);
    found->payload_offset = (uint16_t)(type + 2 + header_bytes + TC_UDP_BYTES);
    found->payload_bytes = tc_load_be16(ip + header_bytes + 4);
    found->cut = total_bytes > left || found->payload_bytes < TC_UDP_BYTES ||
                 header_bytes + found->payload_bytes > total_bytes;
    if (!found->cut)
        found->payload_bytes -= TC_UDP_BYTES;
    return true;
}

/* One's complement sum (RFC 1071) of `length` bytes, folded to 16 bits; odd lengths end in zero. */
uint16_t tc_ones_sum(const uint8_t *bytes, size_t length, uint32_t seed);

#endif
