/* Random numbers, captures, packets and frames from feed tables. */
#include "framesmith.h"

#include <stdio.h>
#include <stdlib.h>

#include "feed/registry.h"

/* ---- random numbers ---- */

uint64_t smith_number(struct smith_random *random)
{
    uint64_t mixed = random->state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

uint32_t smith_below(struct smith_random *random, uint32_t limit)
{
    return (uint32_t)(smith_number(random) % limit);
}

bool smith_once_in(struct smith_random *random, uint32_t times)
{
    return smith_below(random, times) == 0;
}

void smith_fill(struct smith_random *random, uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)smith_number(random);
}

/* ---- captures ---- */

static void *take(size_t count, size_t bytes)
{
    void *memory = calloc(count + 1, bytes);

    if (memory == NULL)
        abort();
    return memory;
}

static void make_lines(struct tc_catalog *catalog, uint16_t channel, uint16_t count)
{
    catalog->channels[channel].first_line = catalog->line_count;
    catalog->channels[channel].line_count = count;
    for (uint16_t i = 0; i < count; i++) {
        struct tc_line *line = &catalog->lines[catalog->line_count];

        *line = (struct tc_line){
            .group = 0xef010000u + catalog->line_count,
            .port = (uint16_t)(20000 + catalog->line_count),
            .vlan = TC_VLAN_NONE,
            .channel = channel,
            .nic_port = TC_PORT_ANY,
        };
        snprintf(line->name, sizeof line->name, "%c", 'a' + i);
        catalog->line_count++;
    }
}

struct tc_capture *smith_capture_new(const struct smith_channel *channels, size_t count,
                                     uint16_t streams)
{
    struct tc_capture *capture = take(1, sizeof *capture);
    struct tc_catalog *catalog = &capture->catalog;
    size_t lines = 0;

    for (size_t i = 0; i < count; i++)
        lines += channels[i].lines;
    snprintf(capture->tool, sizeof capture->tool, "framesmith");
    snprintf(capture->host, sizeof capture->host, "nowhere");
    snprintf(capture->name, sizeof capture->name, "smith");
    memset(capture->run_id, 0x5a, sizeof capture->run_id);
    capture->ports = take(1, sizeof capture->ports[0]);
    capture->port_count = 1;
    snprintf(capture->ports[0].name, sizeof capture->ports[0].name, "p0");
    capture->ports[0].snaplen = TC_SNAPLEN_DEFAULT;
    capture->streams = take(streams, sizeof capture->streams[0]);
    capture->stream_count = streams;
    for (uint16_t i = 0; i < streams; i++)
        capture->streams[i] = (struct tc_stream){.number = i, .queue = i};
    catalog->channels = take(count, sizeof catalog->channels[0]);
    catalog->lines = take(lines, sizeof catalog->lines[0]);
    catalog->group_feeds = take(count, sizeof catalog->group_feeds[0]);
    for (size_t i = 0; i < count; i++) {
        struct tc_channel *channel = &catalog->channels[catalog->channel_count++];

        snprintf(channel->name, sizeof channel->name, "channel%zu", i);
        channel->feed = channels[i].feed;
        tc_framer_init(&channel->framer, channel->feed);
        tc_zone_utc(&channel->zone);
        make_lines(catalog, (uint16_t)i, channels[i].lines);
    }
    tc_catalog_group(catalog);
    return capture;
}

struct tc_capture *smith_capture_of_all_feeds(void)
{
    struct smith_channel channels[64];
    size_t count = 0;

    while (count < tc_feed_count && count < 64) {
        channels[count] = (struct smith_channel){tc_feeds[count], 2};
        count++;
    }
    return smith_capture_new(channels, count, 1);
}

void smith_capture_free(struct tc_capture *capture)
{
    free(capture->catalog.channels);
    free(capture->catalog.lines);
    free(capture->catalog.group_feeds);
    free(capture->ports);
    free(capture->streams);
    free(capture);
}

/* ---- packets ---- */

void smith_packet_begin(struct smith_packet *packet, const struct tc_channel *channel,
                        const char *session, uint64_t sequence)
{
    const struct tc_framer *framer = &channel->framer;
    size_t letters = strnlen(session, framer->session.width);

    packet->framer = framer;
    packet->length = framer->header_bytes;
    packet->messages = 0;
    memset(packet->bytes, 0, framer->header_bytes);
    if ((framer->flags & TC_FRAMING_VERSIONED) != 0)
        packet->bytes[0] = framer->version;
    memcpy(packet->bytes + framer->session.offset, session, letters);
    tc_slot_store(framer, packet->bytes, framer->sequence, sequence);
}

bool smith_packet_add(struct smith_packet *packet, const uint8_t *message, uint16_t bytes)
{
    /* the largest payload of an IPv4 datagram without options */
    if (packet->length + TC_LENGTH_PREFIX_BYTES + bytes > 65535 - TC_IPV4_BYTES - TC_UDP_BYTES)
        return false;
    tc_store_uint(packet->bytes + packet->length, bytes, TC_LENGTH_PREFIX_BYTES,
                  (packet->framer->flags & TC_FRAMING_BIG_ENDIAN) != 0);
    packet->length += TC_LENGTH_PREFIX_BYTES;
    if (bytes > 0)
        memcpy(packet->bytes + packet->length, message, bytes);
    packet->length += bytes;
    packet->messages++;
    return true;
}

void smith_packet_end(struct smith_packet *packet, uint64_t send_time, uint64_t stream_offset)
{
    const struct tc_framer *framer = packet->framer;

    tc_slot_store(framer, packet->bytes, framer->count, packet->messages);
    tc_slot_store(framer, packet->bytes, framer->payload_bytes,
                  packet->length - framer->header_bytes);
    tc_slot_store(framer, packet->bytes, framer->send_time, send_time);
    tc_slot_store(framer, packet->bytes, framer->stream_offset, stream_offset);
}

void smith_packet_count(struct smith_packet *packet, uint16_t count)
{
    tc_slot_store(packet->framer, packet->bytes, packet->framer->count, count);
}

uint16_t smith_message(struct smith_random *random, const struct tc_feed *feed, uint8_t class,
                       uint8_t *message)
{
    static const char letters[] = "ABZ   ";
    const struct tc_type *type = &feed->types[class];

    for (uint8_t i = 0; i < type->field_count; i++) {
        const struct tc_field *field = &type->fields[i];
        /* numbers of all magnitudes, so that every kind of column is chosen now and then */
        unsigned shift = smith_below(random, 64);

        for (uint8_t j = 0; j < field->width && field->format == TC_FORMAT_TEXT; j++)
            message[field->offset + j] = (uint8_t)letters[smith_below(random, 6)];
        if (field->format == TC_FORMAT_BYTES)
            smith_fill(random, message + field->offset, field->width);
        else if (field->meaning == TC_MEAN_LOCATE)
            tc_store_uint(message + field->offset, smith_below(random, 300), field->width,
                          tc_feed_big_endian(feed));
        else if (field->format != TC_FORMAT_TEXT)
            tc_store_uint(message + field->offset, smith_number(random) >> shift, field->width,
                          tc_feed_big_endian(feed));
    }
    message[0] = type->code;
    return type->bytes;
}

/* ---- frames ---- */

/* RFC 1071 word by word. */
static uint32_t plain_sum(const uint8_t *bytes, uint32_t length, uint32_t sum)
{
    for (uint32_t i = 0; i < length; i++)
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static uint8_t *put_ethernet(uint8_t *at, const struct tc_line *line,
                             const struct smith_envelope *envelope)
{
    static const uint8_t from[] = {2, 0, 0, 0, 0, 1};

    memcpy(at, "\x01\x00\x5e", 3);
    at[3] = (uint8_t)(line->group >> 16 & 0x7f);
    tc_store_be16(at + 4, (uint16_t)line->group);
    memcpy(at + 6, from, sizeof from);
    at += 12;
    for (uint8_t i = 0; i < envelope->vlan_count; i++, at += TC_VLAN_BYTES) {
        tc_store_be16(at, i == 0 ? TC_ETHERTYPE_VLAN : TC_ETHERTYPE_SERVICE);
        tc_store_be16(at + 2, envelope->vlans[i]);
    }
    tc_store_be16(at, TC_ETHERTYPE_IPV4);
    return at + 2;
}

static void put_ip(uint8_t *ip, const struct tc_line *line, const struct smith_envelope *envelope,
                   uint32_t header_bytes, uint32_t udp_bytes)
{
    uint32_t total = header_bytes + udp_bytes + envelope->ip_extra;
    uint16_t checksum;

    memset(ip, 0, header_bytes);
    ip[0] = (uint8_t)(0x40 | header_bytes / 4);
    tc_store_be16(ip + 2, (uint16_t)(total + (uint32_t)envelope->ip_length_by));
    tc_store_be16(ip + 4, envelope->ip_id);
    tc_store_be16(ip + 6, envelope->fragment);
    ip[8] = 16;
    ip[9] = TC_IP_PROTOCOL_UDP;
    tc_store_be32(ip + 12, envelope->source != 0 ? envelope->source : 0x0a000001);
    tc_store_be32(ip + 16, line->group);
    memset(ip + TC_IPV4_BYTES, 1, header_bytes - TC_IPV4_BYTES); /* the option "no operation" */
    checksum = (uint16_t)~plain_sum(ip, header_bytes, 0);
    tc_store_be16(ip + 10, (uint16_t)(checksum + envelope->ip_wrong));
}

static void put_udp_checksum(const uint8_t *ip, uint8_t *udp, uint32_t udp_bytes,
                             enum smith_checksum mode)
{
    uint32_t pseudo = plain_sum(ip + 12, 8, TC_IP_PROTOCOL_UDP + udp_bytes);
    uint16_t checksum = 0;

    tc_store_be16(udp + 6, 0);
    switch (mode) {
    case SMITH_ZERO: return;
    case SMITH_PARTIAL: checksum = (uint16_t)pseudo; break;
    case SMITH_CORRECT:
    case SMITH_WRONG:
    case SMITH_CHECKSUMS:
        checksum = (uint16_t)~plain_sum(udp, udp_bytes, pseudo);
        if (checksum == 0)
            checksum = 0xffff; /* RFC 768 */
        if (mode != SMITH_CORRECT)
            checksum ^= 0x1234;
        break;
    }
    tc_store_be16(udp + 6, checksum);
}

uint32_t smith_frame(uint8_t *frame, const struct tc_line *line,
                     const struct smith_envelope *envelope, const uint8_t *payload,
                     uint32_t payload_bytes)
{
    uint32_t header_bytes = TC_IPV4_BYTES + envelope->option_words * 4u;
    uint32_t udp_bytes = TC_UDP_BYTES + payload_bytes;
    uint8_t *ip = put_ethernet(frame, line, envelope);
    uint8_t *udp = ip + header_bytes;
    uint32_t tail = (uint32_t)envelope->ip_extra + envelope->pad;

    if (header_bytes + udp_bytes + envelope->ip_extra > 65535 ||
        (size_t)(udp - frame) + udp_bytes + tail > TC_FRAME_BYTES_MAX)
        return 0;
    put_ip(ip, line, envelope, header_bytes, udp_bytes);
    tc_store_be16(udp, 40000);
    tc_store_be16(udp + 2, line->port);
    tc_store_be16(udp + 4, (uint16_t)(udp_bytes + (uint32_t)envelope->udp_length_by));
    if (payload_bytes > 0)
        memcpy(udp + TC_UDP_BYTES, payload, payload_bytes);
    memset(udp + udp_bytes, 0xee, tail);
    put_udp_checksum(ip, udp, udp_bytes, (enum smith_checksum)envelope->udp_checksum);
    return (uint32_t)(udp - frame) + udp_bytes + tail;
}
