/*
 * The formats of section 4 of RFC 3376 and section 2 of RFC 2236, field by field. Every message
 * goes out with TTL 1, precedence "internetwork control" and the Router Alert option.
 */
#include "net/igmp.h"

enum {
    IP_BYTES = TC_IPV4_BYTES + 4, /* with Router Alert */
    QUERY_V3_BYTES = 12,
    REPORT_BYTES = 8, /* of version 3, without records */
    RECORD_BYTES = 8,
    SOURCE_BYTES = 4,
    MESSAGE_BYTES = 8,    /* of versions 1 and 2 */
    FRAME_BYTES_MIN = 60, /* IEEE 802.3, without FCS */

    TYPE_REPORT_V3 = 0x22,
    TOS_CONTROL = 0xc0,
    DONT_FRAGMENT = 0x4000,
    MORE_FRAGMENTS = 0x2000,
    RESPONSE_V1_MS = 10 * 1000, /* section 8.3: what version 1 means without saying so */
};

#define ROUTER_ALERT UINT32_C(0x94040000) /* RFC 2113 */

/* ---- reading ---- */

/* Tenths or whole seconds as section 4.1.1 writes them: above 127 as a floating point number. */
static uint32_t code_value(uint8_t code)
{
    if (code < 128)
        return code;
    return (uint32_t)((code & 0x0f) | 0x10) << (((code >> 4) & 0x07) + 3);
}

/* The IGMP message in a frame and how long it is; NULL where there is none, or it is broken. */
static const uint8_t *find_message(const uint8_t *frame, size_t length, uint16_t *vlan,
                                   size_t *message_bytes)
{
    size_t type = tc_ethertype_offset(frame, length, vlan);
    const uint8_t *ip = frame + type + 2;
    size_t left = length - type - 2;
    size_t header_bytes, total_bytes;

    if (type == 0 || tc_load_be16(frame + type) != TC_ETHERTYPE_IPV4 || left < TC_IPV4_BYTES)
        return NULL;
    header_bytes = (size_t)(ip[0] & 0x0f) * 4;
    total_bytes = tc_load_be16(ip + 2);
    if (ip[0] >> 4 != 4 || header_bytes < TC_IPV4_BYTES || total_bytes > left ||
        total_bytes < header_bytes + MESSAGE_BYTES || ip[9] != TC_IP_PROTOCOL_IGMP ||
        (tc_load_be16(ip + 6) & (MORE_FRAGMENTS | 0x1fff)) != 0 ||
        tc_ones_sum(ip, header_bytes, 0) != 0xffff)
        return NULL;
    *message_bytes = total_bytes - header_bytes;
    return tc_ones_sum(ip + header_bytes, *message_bytes, 0) == 0xffff ? ip + header_bytes : NULL;
}

/* Which version a query is of shows in its length and in its second byte (section 7.1). */
bool tc_igmp_query_read(const uint8_t *frame, size_t length, struct tc_igmp_query *query)
{
    size_t bytes;
    uint16_t vlan;
    const uint8_t *message = find_message(frame, length, &vlan, &bytes);

    if (message == NULL || message[0] != TC_IGMP_TYPE_QUERY)
        return false;
    *query = (struct tc_igmp_query){.vlan = vlan, .group = tc_load_be32(message + 4)};
    if (bytes == MESSAGE_BYTES) {
        query->version = message[1] == 0 ? TC_IGMP_V1 : TC_IGMP_V2;
        query->response_ms = message[1] == 0 ? RESPONSE_V1_MS : message[1] * 100u;
        return true;
    }
    if (bytes < QUERY_V3_BYTES)
        return false;
    query->version = TC_IGMP_V3;
    query->response_ms = code_value(message[1]) * 100;
    query->robustness = message[8] & 0x07;
    query->interval_ms = code_value(message[9]) * 1000;
    query->source_count = tc_load_be16(message + 10);
    query->sources = message + QUERY_V3_BYTES;
    return QUERY_V3_BYTES + (size_t)query->source_count * SOURCE_BYTES <= bytes;
}

/* ---- writing ---- */

/* Ethernet and IPv4 up to the message; answers where that begins. */
static size_t write_headers(uint8_t *frame, const struct tc_igmp_sender *sender, uint32_t to)
{
    size_t at = 2 * TC_MAC_BYTES;

    tc_multicast_mac(to, frame);
    memcpy(frame + TC_MAC_BYTES, sender->mac, TC_MAC_BYTES);
    if (sender->vlan != TC_VLAN_NONE) {
        tc_store_be16(frame + at, TC_ETHERTYPE_VLAN);
        tc_store_be16(frame + at + 2, sender->vlan);
        at += TC_VLAN_BYTES;
    }
    tc_store_be16(frame + at, TC_ETHERTYPE_IPV4);
    at += 2;
    memset(frame + at, 0, IP_BYTES);
    frame[at] = 0x40 | IP_BYTES / 4;
    frame[at + 1] = TOS_CONTROL;
    tc_store_be16(frame + at + 6, DONT_FRAGMENT);
    frame[at + 8] = 1; /* TTL */
    frame[at + 9] = TC_IP_PROTOCOL_IGMP;
    tc_store_be32(frame + at + 12, sender->address);
    tc_store_be32(frame + at + 16, to);
    tc_store_be32(frame + at + 20, ROUTER_ALERT);
    return at + IP_BYTES;
}

/* Lengths and checksums, once the message is whole; answers the length of the frame. */
static size_t complete(uint8_t *frame, size_t message, size_t length)
{
    uint8_t *ip = frame + message - IP_BYTES;

    tc_store_be16(ip + 2, (uint16_t)(IP_BYTES + length - message));
    tc_store_be16(ip + 10, (uint16_t)~tc_ones_sum(ip, IP_BYTES, 0));
    tc_store_be16(frame + message + 2,
                  (uint16_t)~tc_ones_sum(frame + message, length - message, 0));
    if (length >= FRAME_BYTES_MIN)
        return length;
    memset(frame + length, 0, FRAME_BYTES_MIN - length);
    return FRAME_BYTES_MIN;
}

/* Reports go to their group, leaves to the routers (RFC 2236, section 9). */
size_t tc_igmp_message_write(uint8_t *frame, const struct tc_igmp_sender *sender,
                             enum tc_igmp_message type, uint32_t group)
{
    uint32_t to = type == TC_IGMP_LEAVE ? TC_GROUP_ALL_ROUTERS : group;
    size_t message = write_headers(frame, sender, to);

    memset(frame + message, 0, MESSAGE_BYTES);
    frame[message] = (uint8_t)type;
    tc_store_be32(frame + message + 4, group);
    return complete(frame, message, message + MESSAGE_BYTES);
}

void tc_igmp_report_begin(struct tc_igmp_report *report, uint8_t *frame,
                          const struct tc_igmp_sender *sender)
{
    size_t message = write_headers(frame, sender, TC_GROUP_IGMP_V3);

    memset(frame + message, 0, REPORT_BYTES);
    frame[message] = TYPE_REPORT_V3;
    *report = (struct tc_igmp_report){
        .sender = sender,
        .frame = frame,
        .length = message + REPORT_BYTES,
        .most = message - IP_BYTES + sender->packet_bytes,
    };
}

bool tc_igmp_report_record(struct tc_igmp_report *report, enum tc_igmp_record type, uint32_t group)
{
    uint8_t *record = report->frame + report->length;

    if (report->length + RECORD_BYTES + SOURCE_BYTES > report->most)
        return false;
    memset(record, 0, RECORD_BYTES);
    record[0] = (uint8_t)type;
    tc_store_be32(record + 4, group);
    report->record = report->length;
    report->length += RECORD_BYTES;
    report->records++;
    return true;
}

bool tc_igmp_report_source(struct tc_igmp_report *report, uint32_t source)
{
    uint8_t *count = report->frame + report->record + 2;

    if (report->length + SOURCE_BYTES > report->most)
        return false;
    tc_store_be16(count, (uint16_t)(tc_load_be16(count) + 1));
    tc_store_be32(report->frame + report->length, source);
    report->length += SOURCE_BYTES;
    return true;
}

size_t tc_igmp_report_end(struct tc_igmp_report *report)
{
    size_t tag = report->sender->vlan != TC_VLAN_NONE ? TC_VLAN_BYTES : 0;
    size_t message = TC_ETHER_BYTES + tag + IP_BYTES;

    tc_store_be16(report->frame + message + 6, report->records);
    return complete(report->frame, message, report->length);
}
