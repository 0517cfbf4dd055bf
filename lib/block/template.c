/* Taking headers apart and putting them together again. */
#include "block/template.h"

/* IPv4 header, RFC 791 section 3.1 */
enum { IP_TOTAL = 2, IP_ID = 4, IP_CHECKSUM = 10, IP_ADDRESSES = 12 };

/* UDP header, RFC 768 */
enum { UDP_LENGTH = 4, UDP_CHECKSUM = 6 };

bool tc_parts_find(const struct tc_framer *framer, const uint8_t *frame, uint32_t frame_bytes,
                   uint8_t payload_offset, uint32_t messages_end, struct tc_parts *parts)
{
    const uint8_t *payload = frame + payload_offset;
    uint16_t vlan;
    size_t ip_offset = tc_ethertype_offset(frame, frame_bytes, &vlan) + 2;
    uint32_t ip_end = (uint32_t)ip_offset + tc_load_be16(frame + ip_offset + IP_TOTAL);
    uint32_t udp_bytes = tc_load_be16(payload - TC_UDP_BYTES + UDP_LENGTH);

    parts->header_end = (uint16_t)(payload_offset + framer->header_bytes);
    parts->messages_end = messages_end;
    parts->payload_end = payload_offset + udp_bytes - TC_UDP_BYTES;
    parts->frame_end = frame_bytes;
    return ip_end == parts->payload_end && parts->payload_end <= frame_bytes &&
           (framer->payload_bytes.width == 0 ||
            tc_slot_load(framer, payload, framer->payload_bytes) ==
                messages_end - parts->header_end);
}

static void unmask(struct tc_template *made, size_t offset, size_t width)
{
    memset(made->mask + offset, 0, width);
}

bool tc_template_restore(struct tc_template *restored, const struct tc_framer *framer)
{
    struct tc_datagram datagram;
    size_t udp;
    const struct tc_slot slots[] = {framer->sequence, framer->count, framer->payload_bytes,
                                    framer->stream_offset, framer->send_time};

    if (restored->header_bytes > TC_TEMPLATE_BYTES_MAX ||
        !tc_datagram_find(restored->bytes, restored->header_bytes, &datagram) ||
        datagram.payload_offset + framer->header_bytes != restored->header_bytes)
        return false;
    restored->framer = framer;
    restored->ip_offset = (uint8_t)datagram.ip_offset;
    restored->payload_offset = (uint8_t)datagram.payload_offset;
    memset(restored->mask, 0, sizeof restored->mask);
    memset(restored->mask, 0xff, restored->header_bytes);
    udp = restored->payload_offset - (size_t)TC_UDP_BYTES;
    unmask(restored, restored->ip_offset + (size_t)IP_TOTAL, 4); /* and the identification */
    unmask(restored, restored->ip_offset + (size_t)IP_CHECKSUM, 2);
    unmask(restored, udp + UDP_LENGTH, 4); /* and the checksum */
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        unmask(restored, restored->payload_offset + (size_t)slots[i].offset, slots[i].width);

    restored->last_checksums = TC_UDP_CHECKSUM_CORRECT;
    restored->last_ip_id = tc_load_be16(restored->bytes + restored->ip_offset + IP_ID);
    restored->next_sequence = tc_slot_load(framer, restored->bytes + restored->payload_offset,
                                           framer->sequence);
    restored->next_offset = tc_slot_load(framer, restored->bytes + restored->payload_offset,
                                         framer->stream_offset);
    restored->first_sequence = restored->next_sequence;
    restored->end_sequence = restored->next_sequence;
    return true;
}

void tc_template_make(struct tc_template *made, const struct tc_framer *framer, uint16_t line,
                      const uint8_t *frame, uint8_t payload_offset)
{
    made->line = line;
    made->header_bytes = (uint16_t)(payload_offset + framer->header_bytes);
    memset(made->bytes, 0, sizeof made->bytes);
    memcpy(made->bytes, frame, made->header_bytes);
    (void)tc_template_restore(made, framer); /* a frame of the line has its header */
}

/* ---- checksums ---- */

static uint16_t ip_checksum(const uint8_t *ip, size_t header_bytes)
{
    uint16_t present = tc_load_be16(ip + IP_CHECKSUM);

    /* the header's sum without the checksum itself, RFC 1071 */
    return (uint16_t)~tc_ones_sum(ip, header_bytes, (uint16_t)~present);
}

/* RFC 768: addresses, protocol and UDP length. */
static uint16_t pseudo_sum(const uint8_t *ip, uint32_t udp_bytes)
{
    return tc_ones_sum(ip + IP_ADDRESSES, 8, TC_IP_PROTOCOL_UDP + udp_bytes);
}

/* The correct UDP checksum, whatever stands in its place. */
static uint16_t udp_checksum(const uint8_t *ip, const uint8_t *udp, uint32_t udp_bytes)
{
    uint16_t present = tc_load_be16(udp + UDP_CHECKSUM);
    uint32_t seed = (uint32_t)pseudo_sum(ip, udp_bytes) + (uint16_t)~present;
    uint16_t sum = (uint16_t)~tc_ones_sum(udp, udp_bytes, seed);

    return sum == 0 ? 0xffff : sum;
}

static uint8_t udp_mode(const struct tc_template *with, const uint8_t *ip, const uint8_t *udp,
                        uint32_t udp_bytes)
{
    uint16_t present = tc_load_be16(udp + UDP_CHECKSUM);
    bool partial_first = (with->last_checksums & TC_UDP_CHECKSUM_MODE) == TC_UDP_CHECKSUM_PARTIAL;

    if (present == 0)
        return TC_UDP_CHECKSUM_ZERO;
    if (partial_first && present == pseudo_sum(ip, udp_bytes))
        return TC_UDP_CHECKSUM_PARTIAL;
    if (present == udp_checksum(ip, udp, udp_bytes))
        return TC_UDP_CHECKSUM_CORRECT;
    return present == pseudo_sum(ip, udp_bytes) ? TC_UDP_CHECKSUM_PARTIAL : TC_UDP_CHECKSUM_STORED;
}

/* ---- apart and together ---- */

static void move_on(struct tc_template *with, uint64_t sequence, uint64_t stream_offset,
                    uint16_t ip_id, const struct tc_parts *parts, uint32_t messages)
{
    with->last_ip_id = ip_id;
    with->next_sequence = sequence + messages;
    if (with->framer->stream_offset.width != 0)
        with->next_offset = stream_offset + (parts->messages_end - parts->header_end);
}

void tc_header_take(struct tc_template *with, const uint8_t *frame, const struct tc_parts *parts,
                    uint32_t messages, struct tc_header *header)
{
    const struct tc_framer *framer = with->framer;
    const uint8_t *payload = frame + with->payload_offset;
    const uint8_t *udp = payload - TC_UDP_BYTES;
    const uint8_t *ip = frame + with->ip_offset;
    uint64_t sequence = tc_slot_load(framer, payload, framer->sequence);
    uint64_t stream_offset = tc_slot_load(framer, payload, framer->stream_offset);
    uint16_t ip_id = tc_load_be16(ip + IP_ID);

    header->ip_id = (uint16_t)(ip_id - with->last_ip_id);
    header->count = (uint16_t)tc_slot_load(framer, payload, framer->count);
    header->sequence = sequence - with->next_sequence;
    header->stream_offset = stream_offset - with->next_offset;
    header->send_time = tc_slot_load(framer, payload, framer->send_time);
    header->ip_checksum = tc_load_be16(ip + IP_CHECKSUM);
    header->udp_checksum = tc_load_be16(udp + UDP_CHECKSUM);
    header->checksums = udp_mode(with, ip, udp,
                                 parts->payload_end + TC_UDP_BYTES - with->payload_offset);
    if (header->ip_checksum != ip_checksum(ip, (size_t)(udp - ip)))
        header->checksums |= TC_IP_CHECKSUM_STORED;
    with->last_checksums = header->checksums;
    if (sequence < with->first_sequence)
        with->first_sequence = sequence;
    if (sequence + messages > with->end_sequence)
        with->end_sequence = sequence + messages;
    move_on(with, sequence, stream_offset, ip_id, parts, messages);
}

void tc_header_place(struct tc_template *with, const struct tc_header *header,
                     const struct tc_parts *parts, uint32_t messages, uint8_t *frame)
{
    const struct tc_framer *framer = with->framer;
    uint8_t *payload = frame + with->payload_offset;
    uint8_t *udp = payload - TC_UDP_BYTES;
    uint8_t *ip = frame + with->ip_offset;
    uint64_t sequence = header->sequence + with->next_sequence;
    uint64_t stream_offset = header->stream_offset + with->next_offset;
    uint16_t ip_id = (uint16_t)(header->ip_id + with->last_ip_id);

    memcpy(frame, with->bytes, with->header_bytes);
    tc_store_be16(ip + IP_TOTAL, (uint16_t)(parts->payload_end - with->ip_offset));
    tc_store_be16(ip + IP_ID, ip_id);
    tc_store_be16(udp + UDP_LENGTH,
                  (uint16_t)(parts->payload_end + TC_UDP_BYTES - with->payload_offset));
    tc_slot_store(framer, payload, framer->count, header->count);
    tc_slot_store(framer, payload, framer->sequence, sequence);
    tc_slot_store(framer, payload, framer->stream_offset, stream_offset);
    tc_slot_store(framer, payload, framer->send_time, header->send_time);
    tc_slot_store(framer, payload, framer->payload_bytes, parts->messages_end - parts->header_end);
    move_on(with, sequence, stream_offset, ip_id, parts, messages);
}

void tc_header_seal(const struct tc_template *with, const struct tc_header *header,
                    const struct tc_parts *parts, uint8_t *frame)
{
    uint8_t *udp = frame + with->payload_offset - TC_UDP_BYTES;
    uint8_t *ip = frame + with->ip_offset;
    uint32_t udp_bytes = parts->payload_end + TC_UDP_BYTES - with->payload_offset;
    uint16_t ip_sum = header->ip_checksum;
    uint16_t udp_sum = header->udp_checksum;

    if ((header->checksums & TC_IP_CHECKSUM_STORED) == 0)
        ip_sum = ip_checksum(ip, (size_t)(udp - ip));
    tc_store_be16(ip + IP_CHECKSUM, ip_sum);
    switch (header->checksums & TC_UDP_CHECKSUM_MODE) {
    case TC_UDP_CHECKSUM_ZERO: udp_sum = 0; break;
    case TC_UDP_CHECKSUM_CORRECT: udp_sum = udp_checksum(ip, udp, udp_bytes); break;
    case TC_UDP_CHECKSUM_PARTIAL: udp_sum = pseudo_sum(ip, udp_bytes); break;
    default: break;
    }
    tc_store_be16(udp + UDP_CHECKSUM, udp_sum);
}
