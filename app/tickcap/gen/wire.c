/* Headers: IEEE 802.3, 802.1Q, RFC 791, RFC 768; group addresses on Ethernet: RFC 1112. */
#include "tickcap/gen/wire.h"

#include <string.h>

enum {
    IPV4_TOTAL = 2, /* offsets of the fields that differ from frame to frame */
    IPV4_ID = 4,
    IPV4_CHECKSUM = 10,
    IPV4_SOURCE = 12,
    UDP_LENGTH = 4,
    UDP_CHECKSUM = 6,
    DONT_FRAGMENT = 0x4000,
    HOPS_LEFT = 25,
};

static size_t put_ethernet(uint8_t *out, const struct tc_wire_address *address)
{
    static const uint8_t router[] = {0x00, 0x1c, 0x73, 0x0c, 0x11, 0x07};
    size_t bytes = 12;

    tc_store_be16(out, 0x0100); /* 01:00:5e and the low 23 bits of the group */
    tc_store_be32(out + 2, 0x5e000000 | (address->group & 0x7fffff));
    memcpy(out + 6, router, sizeof router);
    if (address->vlan != TC_VLAN_NONE) {
        tc_store_be16(out + 12, TC_ETHERTYPE_VLAN);
        tc_store_be16(out + 14, address->vlan);
        bytes += TC_VLAN_BYTES;
    }
    tc_store_be16(out + bytes, TC_ETHERTYPE_IPV4);
    return bytes + 2;
}

void tc_wire_init(struct tc_wire *wire, struct tc_wire_address address, uint16_t ip_id,
                  enum tc_wire_checksum checksum)
{
    uint8_t *ip, *udp;

    *wire = (struct tc_wire){.ip_id = ip_id, .checksum = checksum};
    ip = wire->header + put_ethernet(wire->header, &address);
    udp = ip + TC_IPV4_BYTES;
    wire->header_bytes = (uint16_t)(udp + TC_UDP_BYTES - wire->header);
    ip[0] = 0x45; /* version 4, no options */
    tc_store_be16(ip + 6, DONT_FRAGMENT);
    ip[8] = HOPS_LEFT;
    ip[9] = TC_IP_PROTOCOL_UDP;
    tc_store_be32(ip + IPV4_SOURCE, address.source);
    tc_store_be32(ip + 16, address.group);
    tc_store_be16(udp, address.source_port);
    tc_store_be16(udp + 2, address.port);
}

static uint16_t udp_checksum(const struct tc_wire *wire, const uint8_t *ip, size_t udp_bytes)
{
    uint32_t pseudo = TC_IP_PROTOCOL_UDP + (uint32_t)udp_bytes;
    uint16_t sum;

    if (wire->checksum == TC_CHECKSUM_ZERO)
        return 0;
    sum = tc_ones_sum(ip + IPV4_SOURCE, 8, pseudo);
    if (wire->checksum == TC_CHECKSUM_PARTIAL)
        return sum;
    sum = (uint16_t)~tc_ones_sum(ip + TC_IPV4_BYTES, udp_bytes, sum);
    return sum != 0 ? sum : 0xffff; /* 0 would say that there is none */
}

size_t tc_wire_frame(struct tc_wire *wire, const uint8_t *payload, size_t bytes, uint8_t *frame)
{
    uint8_t *udp = frame + wire->header_bytes - TC_UDP_BYTES;
    uint8_t *ip = udp - TC_IPV4_BYTES;
    size_t udp_bytes = TC_UDP_BYTES + bytes;

    memcpy(frame, wire->header, wire->header_bytes);
    memcpy(udp + TC_UDP_BYTES, payload, bytes);
    tc_store_be16(ip + IPV4_TOTAL, (uint16_t)(TC_IPV4_BYTES + udp_bytes));
    tc_store_be16(ip + IPV4_ID, wire->ip_id++);
    tc_store_be16(ip + IPV4_CHECKSUM, (uint16_t)~tc_ones_sum(ip, TC_IPV4_BYTES, 0));
    tc_store_be16(udp + UDP_LENGTH, (uint16_t)udp_bytes);
    tc_store_be16(udp + UDP_CHECKSUM, udp_checksum(wire, ip, udp_bytes));
    return wire->header_bytes + bytes;
}
