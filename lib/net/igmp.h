/*
 * IGMP: in which a host tells the routers and switches beside it what groups it wants. Queries are
 * read from frames, reports and leaves are written as frames, whole from Ethernet up.
 *
 * Versions 1 (RFC 1112, appendix I), 2 (RFC 2236) and 3 (RFC 3376, whose sections are cited here).
 * When what is said stands in membership.h.
 */
#ifndef TC_NET_IGMP_H
#define TC_NET_IGMP_H

#include "net/frame.h"

enum {
    TC_MAC_BYTES = 6,
    TC_IP_PROTOCOL_IGMP = 2,
    TC_IGMP_PACKET_BYTES = 1500, /* the longest IPv4 packet that is written */
    TC_IGMP_PACKET_BYTES_MIN = 68,
    TC_IGMP_FRAME_BYTES = TC_ETHER_BYTES + TC_VLAN_BYTES + TC_IGMP_PACKET_BYTES,
    TC_IGMP_TYPE_QUERY = 0x11,
};

/* Well-known groups (section 4). */
#define TC_GROUP_ALL_SYSTEMS UINT32_C(0xe0000001)
#define TC_GROUP_ALL_ROUTERS UINT32_C(0xe0000002)
#define TC_GROUP_IGMP_V3     UINT32_C(0xe0000016)

enum tc_igmp_version { TC_IGMP_V1 = 1, TC_IGMP_V2 = 2, TC_IGMP_V3 = 3 };

/* Messages of versions 1 and 2, each about one group. */
enum tc_igmp_message {
    TC_IGMP_REPORT_V1 = 0x12,
    TC_IGMP_REPORT_V2 = 0x16,
    TC_IGMP_LEAVE = 0x17,
};

/* Records of a version 3 report (section 4.2.12). */
enum tc_igmp_record {
    TC_IGMP_IS_INCLUDE = 1,
    TC_IGMP_IS_EXCLUDE = 2,
    TC_IGMP_TO_INCLUDE = 3,
    TC_IGMP_TO_EXCLUDE = 4,
    TC_IGMP_ALLOW = 5,
    TC_IGMP_BLOCK = 6,
};

/* What a querier asks. */
struct tc_igmp_query {
    enum tc_igmp_version version;
    uint16_t vlan;          /* that it came in; TC_VLAN_NONE */
    uint32_t group;         /* 0: about all */
    uint32_t response_ms;   /* answers are wanted within */
    uint32_t interval_ms;   /* between general queries; 0: not said */
    uint32_t robustness;    /* how often what may be lost is said; 0: not said */
    const uint8_t *sources; /* 4 bytes each, as on the wire; in the frame */
    uint32_t source_count;
};

static inline bool tc_is_multicast(uint32_t address)
{
    return address >> 28 == 0xe;
}

/* The Ethernet address of a group (RFC 1112, section 6.4): 32 groups share each. */
static inline void tc_multicast_mac(uint32_t group, uint8_t mac[TC_MAC_BYTES])
{
    tc_store_be16(mac, 0x0100);
    tc_store_be32(mac + 2, 0x5e000000 | (group & 0x7fffff));
}

/* Whether a frame may be a query, at a glance; tc_igmp_query_read() looks closely. */
static inline bool tc_igmp_maybe_query(const uint8_t *frame, size_t length)
{
    uint16_t vlan;
    size_t ip = tc_ethertype_offset(frame, length, &vlan) + 2;
    size_t message;

    if (ip == 2 || ip + TC_IPV4_BYTES > length || frame[ip + 9] != TC_IP_PROTOCOL_IGMP ||
        tc_load_be16(frame + ip - 2) != TC_ETHERTYPE_IPV4)
        return false;
    message = ip + (size_t)(frame[ip] & 0x0f) * 4;
    return message < length && frame[message] == TC_IGMP_TYPE_QUERY;
}

/*
 * Reads the query in a frame. False for whatever is none, or is broken: those are ignored without a
 * word (section 7.1). One without the Router Alert option is taken all the same, though section 9.1
 * advises against it: switches that ask without it exist, and an answer too many costs nothing.
 */
bool tc_igmp_query_read(const uint8_t *frame, size_t length, struct tc_igmp_query *query);

/* Who speaks. */
struct tc_igmp_sender {
    uint8_t mac[TC_MAC_BYTES];
    uint16_t vlan;         /* of the tag; TC_VLAN_NONE: there is none */
    uint32_t address;      /* host byte order; 0 where it has none (section 4.2.13) */
    uint32_t packet_bytes; /* MTU; at most TC_IGMP_PACKET_BYTES */
};

/* Writes a message of version 1 or 2 into `frame`, of TC_IGMP_FRAME_BYTES; answers its length. */
size_t tc_igmp_message_write(uint8_t *frame, const struct tc_igmp_sender *sender,
                             enum tc_igmp_message type, uint32_t group);

/* A version 3 report in the making. */
struct tc_igmp_report {
    const struct tc_igmp_sender *sender;
    uint8_t *frame;
    size_t length;
    size_t most;   /* bytes that the frame may come to */
    size_t record; /* where the last record begins */
    uint16_t records;
};

void tc_igmp_report_begin(struct tc_igmp_report *report, uint8_t *frame,
                          const struct tc_igmp_sender *sender);

/* A record of no sources yet; false where it and one source do not fit any more. */
bool tc_igmp_report_record(struct tc_igmp_report *report, enum tc_igmp_record type, uint32_t group);

/* One more source of the last record; false where it does not fit any more. */
bool tc_igmp_report_source(struct tc_igmp_report *report, uint32_t source);

/* Completes the frame; answers its length. */
size_t tc_igmp_report_end(struct tc_igmp_report *report);

#endif
