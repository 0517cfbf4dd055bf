/* Feeds, awkward shapes, giants and noise. */
#include "hostile.h"

#include <stdio.h>
#include <stdlib.h>

enum { STEP_NS = 700 };

struct hostile *hostile_new(const struct tc_capture *capture, uint64_t seed, hostile_take *take,
                            void *context)
{
    struct hostile *hostile = calloc(1, sizeof *hostile);
    size_t channels = capture->catalog.channel_count + 1u;

    if (hostile == NULL)
        abort();
    hostile->capture = capture;
    hostile->take = take;
    hostile->context = context;
    hostile->dice.state = seed;
    hostile->time_ns = UINT64_C(1700000000000000000);
    hostile->next = calloc(channels, sizeof hostile->next[0]);
    hostile->sent = calloc(channels, sizeof hostile->sent[0]);
    hostile->session = calloc(channels, sizeof hostile->session[0]);
    if (hostile->next == NULL || hostile->sent == NULL || hostile->session == NULL)
        abort();
    for (size_t i = 0; i < channels; i++)
        hostile->next[i] = 1;
    return hostile;
}

void hostile_free(struct hostile *hostile)
{
    free(hostile->next);
    free(hostile->sent);
    free(hostile->session);
    free(hostile);
}

/* ---- sending ---- */

static void arrive(struct hostile *hostile, const uint8_t *bytes, uint32_t length)
{
    const struct tc_arrival arrival = {
        .bytes = bytes,
        .captured_bytes = length,
        .wire_bytes = length,
        .rx_ns = hostile->time_ns,
        .proc_ns = hostile->time_ns + smith_below(&hostile->dice, 3) * 1000,
    };

    hostile->take(hostile->context, &arrival);
    hostile->time_ns += smith_below(&hostile->dice, 2 * STEP_NS);
}

/* The packet at hand in that envelope; what does not fit a frame is not sent. */
static void send_in(struct hostile *hostile, uint16_t line, const struct smith_envelope *envelope,
                    uint32_t length)
{
    uint32_t bytes = smith_frame(hostile->frame, &hostile->capture->catalog.lines[line], envelope,
                                 hostile->packet.bytes, length);

    if (bytes > 0)
        arrive(hostile, hostile->frame, bytes);
}

static void send_plain(struct hostile *hostile, uint16_t line)
{
    static const struct smith_envelope plain;

    send_in(hostile, line, &plain, hostile->packet.length);
}

static const struct tc_channel *channel_of(const struct hostile *hostile, uint16_t line)
{
    const struct tc_catalog *catalog = &hostile->capture->catalog;

    return &catalog->channels[catalog->lines[line].channel];
}

/* Adds `count` messages: all types in turn, and now and then one that no row explains. */
static void add_messages(struct hostile *hostile, const struct tc_feed *feed, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint8_t message[4096];
        uint16_t bytes;

        if (smith_once_in(&hostile->dice, 20)) {
            bytes = (uint16_t)smith_below(&hostile->dice,
                                          smith_once_in(&hostile->dice, 9) ? 900 : 60);
            smith_fill(&hostile->dice, message, bytes);
        } else {
            bytes = smith_message(&hostile->dice, feed,
                                  (uint8_t)smith_below(&hostile->dice, feed->type_count), message);
        }
        smith_packet_add(&hostile->packet, message, bytes);
    }
}

/* A packet of a channel that continues it, with `count` messages. */
static void make_packet(struct hostile *hostile, uint16_t number, uint32_t count)
{
    const struct tc_channel *channel = &hostile->capture->catalog.channels[number];
    char session[16];

    snprintf(session, sizeof session, "S%09u", hostile->session[number] % 1000000000);
    smith_packet_begin(&hostile->packet, channel, session, hostile->next[number]);
    add_messages(hostile, channel->feed, count);
    smith_packet_end(&hostile->packet, hostile->time_ns, hostile->sent[number]);
    hostile->next[number] += hostile->packet.messages;
    hostile->sent[number] += hostile->packet.length - channel->framer.header_bytes;
}

/* ---- feeds ---- */

/* What a line does to a packet. */
static void send_on(struct hostile *hostile, uint16_t line, struct smith_envelope *envelope)
{
    uint32_t length = hostile->packet.length;
    uint32_t at;

    switch (smith_below(&hostile->dice, 40)) {
    case 0: return;
    case 1: send_in(hostile, line, envelope, length); break; /* twice */
    case 2:
        if (hostile->sound)
            break;
        at = smith_below(&hostile->dice, length);
        hostile->packet.bytes[at] ^= (uint8_t)(1 << smith_below(&hostile->dice, 8));
        send_in(hostile, line, envelope, length);
        hostile->packet.bytes[at] ^= 0xff; /* and once more, different again */
        break;
    case 3: envelope->ip_id = (uint16_t)smith_number(&hostile->dice); break;
    case 4:
        memset(hostile->packet.bytes + length, 0x21, 8);
        length += 8;
        break;
    default: break;
    }
    send_in(hostile, line, envelope, length);
}

static void next_session(struct hostile *hostile, uint16_t number)
{
    if (smith_once_in(&hostile->dice, 3))
        hostile->session[number]++;
    hostile->next[number] = 1;
    hostile->sent[number] = 0;
}

void hostile_feed(struct hostile *hostile, uint32_t packets)
{
    const struct tc_catalog *catalog = &hostile->capture->catalog;
    uint16_t ip_id = 0;

    for (uint32_t i = 0; i < packets; i++) {
        uint16_t number = (uint16_t)smith_below(&hostile->dice, catalog->channel_count);
        const struct tc_channel *channel = &catalog->channels[number];
        struct smith_envelope envelope = {.ip_id = ip_id++,
                                          .udp_checksum = number % SMITH_CHECKSUMS};
        uint32_t count = smith_once_in(&hostile->dice, 10) ? 0 : smith_below(&hostile->dice, 12);

        make_packet(hostile, number, count);
        if (smith_once_in(&hostile->dice, 300)) {
            smith_packet_count(&hostile->packet, 0xffff); /* the end, where the feed has one */
            next_session(hostile, number);
        }
        for (uint16_t line = 0; line < channel->line_count; line++)
            send_on(hostile, (uint16_t)(channel->first_line + line), &envelope);
        if (smith_once_in(&hostile->dice, 400))
            next_session(hostile, number);
        if (smith_once_in(&hostile->dice, 100))
            hostile->next[number] += smith_below(&hostile->dice, 9);
    }
}

/* ---- shapes ---- */

static void send_runts(struct hostile *hostile, uint16_t line)
{
    uint8_t bytes[64];
    uint32_t length;

    make_packet(hostile, hostile->capture->catalog.lines[line].channel, 1);
    for (length = 0; length <= 60; length++) {
        memset(bytes, 0, sizeof bytes);
        arrive(hostile, bytes, length);
        smith_fill(&hostile->dice, bytes, sizeof bytes);
        arrive(hostile, bytes, length);
    }
}

/* A good frame with tags and options, cut at every byte; the wire length stays what it was. */
static void send_cuts(struct hostile *hostile, uint16_t line)
{
    const struct smith_envelope envelope = {
        .vlans = {12, 13}, .vlan_count = 2, .option_words = 1, .pad = 5};
    uint32_t length;

    make_packet(hostile, hostile->capture->catalog.lines[line].channel, 3);
    length = smith_frame(hostile->frame, &hostile->capture->catalog.lines[line], &envelope,
                         hostile->packet.bytes, hostile->packet.length);
    for (uint32_t cut = 0; cut <= length; cut++) {
        const struct tc_arrival arrival = {.bytes = hostile->frame,
                                           .captured_bytes = cut,
                                           .wire_bytes = length,
                                           .rx_ns = hostile->time_ns,
                                           .proc_ns = hostile->time_ns};

        hostile->take(hostile->context, &arrival);
    }
}

static void send_envelopes(struct hostile *hostile, uint16_t line)
{
    static const struct smith_envelope envelopes[] = {
        {.vlans = {1, 2, 3}, .vlan_count = 3},
        {.vlans = {4095, 0}, .vlan_count = 2},
        {.vlans = {0xe00a}, .vlan_count = 1},
        {.option_words = 10},
        {.option_words = 10, .vlans = {1, 2}, .vlan_count = 2, .pad = 3},
        {.pad = 1},
        {.pad = 1400},
        {.ip_extra = 1},
        {.ip_extra = 40, .pad = 40},
        {.fragment = 0x2000},
        {.fragment = 0x2001},
        {.fragment = 0x1fff},
        {.fragment = 0x8000},
        {.ip_wrong = true},
        {.ip_wrong = true, .udp_checksum = SMITH_WRONG},
        {.udp_checksum = SMITH_PARTIAL},
        {.udp_checksum = SMITH_ZERO, .ip_id = 0xffff},
        {.udp_length_by = 1},
        {.udp_length_by = -1},
        {.udp_length_by = -100},
        {.udp_length_by = 30000},
        {.ip_length_by = 1},
        {.ip_length_by = -1},
        {.ip_length_by = -25},
        {.pad = 9, .ip_length_by = 9},
        {.pad = 9, .udp_length_by = 9},
        {.pad = 9, .ip_length_by = 9, .udp_length_by = 9},
        {.source = 0xffffffff},
    };

    for (size_t i = 0; i < sizeof envelopes / sizeof envelopes[0]; i++)
        for (uint32_t count = 0; count < 3; count++) {
            make_packet(hostile, hostile->capture->catalog.lines[line].channel, count);
            send_in(hostile, line, &envelopes[i], hostile->packet.length);
        }
}

/* Headers that do not say what is inside. */
static void send_lies(struct hostile *hostile, uint16_t line)
{
    static const uint64_t numbers[] = {
        0, 1, 2, UINT32_MAX, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 2};
    uint16_t number = hostile->capture->catalog.lines[line].channel;
    const struct tc_framer *framer = &channel_of(hostile, line)->framer;

    for (uint32_t count = 0; count < 8; count++) {
        make_packet(hostile, number, 3);
        smith_packet_count(&hostile->packet, (uint16_t)(count < 6    ? count
                                                        : count == 6 ? 0xffff
                                                                     : 0x8000));
        send_plain(hostile, line);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        for (uint32_t count = 0; count < 4; count++) {
            make_packet(hostile, number, count);
            tc_slot_store(framer, hostile->packet.bytes, framer->sequence, numbers[i]);
            tc_slot_store(framer, hostile->packet.bytes, framer->stream_offset, numbers[i]);
            tc_slot_store(framer, hostile->packet.bytes, framer->send_time, numbers[i]);
            send_plain(hostile, line);
        }
    for (uint32_t by = 0; by < 4; by++) {
        make_packet(hostile, number, 2);
        tc_slot_store(framer, hostile->packet.bytes, framer->payload_bytes,
                      hostile->packet.length - framer->header_bytes + by - 2);
        send_plain(hostile, line);
    }
    make_packet(hostile, number, 2);
    hostile->packet.bytes[0] ^= 0x40; /* another session, or another version */
    send_plain(hostile, line);
}

/* Messages of lengths that their types do not have, empty ones, and bytes behind the last one. */
static void send_odd_messages(struct hostile *hostile, uint16_t line)
{
    uint16_t number = hostile->capture->catalog.lines[line].channel;
    const struct tc_feed *feed = channel_of(hostile, line)->feed;

    for (uint8_t class = 0; class < feed->type_count; class ++)
        for (int by = -1; by <= 1; by++) {
            uint8_t message[1024] = {0};
            uint16_t bytes = smith_message(&hostile->dice, feed, class, message);

            make_packet(hostile, number, 1);
            smith_packet_add(&hostile->packet, message, (uint16_t)(bytes + by));
            smith_packet_add(&hostile->packet, message, 0);
            smith_packet_add(&hostile->packet, message, 1);
            smith_packet_end(&hostile->packet, 0, 0);
            memset(hostile->packet.bytes + hostile->packet.length, 0xfe, 20);
            send_in(hostile, line, &(struct smith_envelope){0},
                    hostile->packet.length + smith_below(&hostile->dice, 20));
        }
}

/* Times that no clock gives, and lengths that contradict each other. */
static void send_odd_times(struct hostile *hostile, uint16_t line)
{
    static const uint64_t times[] = {0, UINT64_MAX, 1, UINT64_MAX - 1, 0, INT64_MAX, 5, 4, 3, 2};
    static const uint16_t flags[] = {0, TC_FRAME_SOFTWARE_TIME, TC_FRAME_BAD_TIME,
                                     TC_FRAME_SOFTWARE_TIME | TC_FRAME_BAD_TIME};

    for (uint32_t i = 0; i < 40; i++) {
        uint32_t length;

        make_packet(hostile, hostile->capture->catalog.lines[line].channel, i % 3);
        length = smith_frame(hostile->frame, &hostile->capture->catalog.lines[line],
                             &(struct smith_envelope){.pad = 7}, hostile->packet.bytes,
                             hostile->packet.length);
        const struct tc_arrival arrival = {
            .bytes = hostile->frame,
            .captured_bytes = length,
            .wire_bytes = i % 4 == 0   ? length + 100
                          : i % 4 == 1 ? 0
                          : i % 4 == 2 ? UINT32_MAX
                                       : length,
            .rx_ns = times[i % 10],
            .proc_ns = times[(i + i / 10) % 10],
            .flags = flags[i / 10],
        };

        hostile->take(hostile->context, &arrival);
    }
}

void hostile_shapes(struct hostile *hostile)
{
    for (uint16_t line = 0; line < hostile->capture->catalog.line_count; line++) {
        send_runts(hostile, line);
        send_cuts(hostile, line);
        send_envelopes(hostile, line);
        send_lies(hostile, line);
        send_odd_messages(hostile, line);
        send_odd_times(hostile, line);
    }
}

/* ---- giants ---- */

static void send_giant(struct hostile *hostile, uint16_t line, uint32_t messages, uint16_t bytes)
{
    static const struct smith_envelope envelopes[] = {
        {.ip_id = 0},
        {.vlans = {1, 2}, .vlan_count = 2},
        {.pad = 22, .udp_checksum = SMITH_WRONG},
    };
    uint8_t message[2048];

    for (size_t i = 0; i < sizeof envelopes / sizeof envelopes[0]; i++) {
        make_packet(hostile, hostile->capture->catalog.lines[line].channel, 0);
        smith_fill(&hostile->dice, message, bytes);
        for (uint32_t j = 0; j < messages; j++)
            if (!smith_packet_add(&hostile->packet, message, bytes))
                break;
        smith_packet_end(&hostile->packet, 1, 2);
        send_in(hostile, line, &envelopes[i], hostile->packet.length);
        /* filled up to the last byte */
        if (hostile->packet.length < 65507)
            smith_fill(&hostile->dice, hostile->packet.bytes + hostile->packet.length,
                       65507 - hostile->packet.length);
        send_in(hostile, line, &envelopes[i], 65507);
    }
}

void hostile_giants(struct hostile *hostile)
{
    for (uint16_t line = 0; line < hostile->capture->catalog.line_count; line++) {
        send_giant(hostile, line, 30000, 0);
        send_giant(hostile, line, 65535, 0);
        send_giant(hostile, line, 65535, 1);
        send_giant(hostile, line, 40, 1500);
        send_giant(hostile, line, 0, 0);
    }
    smith_fill(&hostile->dice, hostile->frame, sizeof hostile->frame);
    arrive(hostile, hostile->frame, TC_FRAME_BYTES_MAX);
    arrive(hostile, hostile->frame, TC_FRAME_BYTES_MAX - 1);
}

/* ---- noise ---- */

void hostile_noise(struct hostile *hostile, uint32_t frames)
{
    struct smith_random *dice = &hostile->dice;

    for (uint32_t i = 0; i < frames; i++) {
        uint16_t line = (uint16_t)smith_below(dice, hostile->capture->catalog.line_count);
        struct smith_envelope envelope = {
            .vlan_count = (uint8_t)smith_below(dice, 3),
            .option_words = (uint8_t)(smith_once_in(dice, 4) ? smith_below(dice, 11) : 0),
            .udp_checksum = (uint8_t)smith_below(dice, 4),
            .pad = (uint16_t)smith_below(dice, 30)};
        uint32_t length, changes = smith_below(dice, 4);

        make_packet(hostile, hostile->capture->catalog.lines[line].channel, smith_below(dice, 9));
        length = smith_frame(hostile->frame, &hostile->capture->catalog.lines[line], &envelope,
                             hostile->packet.bytes, hostile->packet.length);
        if (smith_once_in(dice, 10)) {
            length = smith_below(dice, 2000);
            smith_fill(dice, hostile->frame, length);
        }
        for (uint32_t j = 0; j < changes && length > 0; j++)
            hostile->frame[smith_below(dice, length)] ^= (uint8_t)(1u << smith_below(dice, 8));
        if (smith_once_in(dice, 5) && length > 0)
            length = smith_below(dice, length);
        arrive(hostile, hostile->frame, length);
    }
}
