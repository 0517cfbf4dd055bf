/* Templates: headers of all shapes taken apart, put together again, and refused where wrong. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "block/template.h"
#include "feed/registry.h"
#include "framesmith.h"

/* A frame with the shape of its header, in memory that may be read a little beyond its end. */
struct made {
    uint8_t bytes[SMITH_FRAME_BYTES + 256];
    uint32_t length;
    uint8_t payload_offset;
    uint32_t messages;
    uint32_t messages_end;
};

static struct tc_capture *capture;
static struct smith_packet packet;
static struct smith_random dice;

static void set_up(void)
{
    capture = smith_capture_of_all_feeds();
    dice.state = 1;
}

static void tear_down(void)
{
    smith_capture_free(capture);
}

TestSuite(template, .init = set_up, .fini = tear_down);

/* A packet of `count` messages with `extra` bytes behind the last one. */
static void make(struct made *made, uint16_t line, const struct smith_envelope *envelope,
                 uint64_t sequence, uint32_t count, uint32_t extra, uint64_t stream_offset)
{
    const struct tc_catalog *catalog = &capture->catalog;
    const struct tc_channel *channel = &catalog->channels[catalog->lines[line].channel];
    struct tc_datagram datagram;
    uint8_t message[256];

    smith_packet_begin(&packet, channel, "SESSION001", sequence);
    for (uint32_t i = 0; i < count; i++)
        smith_packet_add(&packet, message,
                         smith_message(&dice, channel->feed,
                                       (uint8_t)smith_below(&dice, channel->feed->type_count),
                                       message));
    smith_packet_end(&packet, smith_number(&dice), stream_offset);
    made->messages = count;
    made->length = packet.length;
    memset(packet.bytes + packet.length, 0x3c, extra);
    made->length = smith_frame(made->bytes, &catalog->lines[line], envelope, packet.bytes,
                               packet.length + extra);
    cr_assert(tc_datagram_find(made->bytes, made->length, &datagram) && !datagram.cut);
    made->payload_offset = (uint8_t)datagram.payload_offset;
    made->messages_end = datagram.payload_offset + packet.length;
}

static const struct tc_framer *framer_of(uint16_t line)
{
    const struct tc_catalog *catalog = &capture->catalog;

    return &catalog->channels[catalog->lines[line].channel].framer;
}

/* A template as a file would give it back. */
static void restore(struct tc_template *restored, const struct tc_template *from)
{
    memset(restored, 0x55, sizeof *restored);
    memset(restored->bytes, 0, sizeof restored->bytes);
    memcpy(restored->bytes, from->bytes, from->header_bytes);
    restored->line = from->line;
    restored->header_bytes = from->header_bytes;
    cr_assert(tc_template_restore(restored, from->framer));
}

/* Puts the frame together again, from everything but its header. */
static void check_back(struct tc_template *with, const struct tc_header *header,
                       const struct tc_parts *parts, const struct made *made)
{
    static uint8_t frame[SMITH_FRAME_BYTES];

    memset(frame, 0x99, sizeof frame);
    memcpy(frame + parts->header_end, made->bytes + parts->header_end,
           made->length - parts->header_end);
    tc_header_place(with, header, parts, made->messages, frame);
    tc_header_seal(with, header, parts, frame);
    cr_assert_eq(memcmp(frame, made->bytes, made->length), 0);
}

/* Frames of one shape with everything changing that may change. */
static void round_trips(uint16_t line, struct smith_envelope envelope)
{
    const struct tc_framer *framer = framer_of(line);
    struct tc_template first, second;
    uint64_t sequence = 100;
    static struct made made;

    for (int i = 0; i < 60; i++) {
        struct tc_header header;
        struct tc_parts parts;

        envelope.udp_checksum = (uint8_t)smith_below(&dice, SMITH_CHECKSUMS);
        envelope.ip_wrong = smith_once_in(&dice, 4);
        envelope.ip_id = (uint16_t)smith_number(&dice);
        envelope.pad = (uint16_t)(smith_once_in(&dice, 3) ? smith_below(&dice, 60) : 0);
        sequence = smith_once_in(&dice, 3) ? smith_number(&dice) >> smith_below(&dice, 64)
                                           : sequence + made.messages;
        make(&made, line, &envelope, sequence, smith_below(&dice, 6), smith_below(&dice, 20),
             smith_number(&dice));
        cr_assert(tc_parts_find(framer, made.bytes, made.length, made.payload_offset,
                                made.messages_end, &parts));
        cr_assert_eq(parts.frame_end, made.length);
        if (i == 0) {
            memset(&first, 0xaa, sizeof first);
            tc_template_make(&first, framer, line, made.bytes, made.payload_offset);
            restore(&second, &first);
        }
        cr_assert(tc_template_matches(&first, made.bytes));
        memset(&header, 0xaa, sizeof header);
        tc_header_take(&first, made.bytes, &parts, made.messages, &header);
        cr_assert(header.checksums <= (TC_UDP_CHECKSUM_MODE | TC_IP_CHECKSUM_STORED));
        check_back(&second, &header, &parts, &made);
        cr_assert_eq(first.next_sequence, second.next_sequence);
        cr_assert_eq(first.last_ip_id, second.last_ip_id);
    }
}

Test(template, every_shape_comes_back)
{
    for (uint16_t line = 0; line < capture->catalog.line_count; line++)
        for (uint8_t tags = 0; tags <= TC_VLAN_TAGS_MAX; tags++)
            for (uint8_t words = 0; words <= 10; words++)
                round_trips(line, (struct smith_envelope){.vlans = {7, 4095},
                                                          .vlan_count = tags,
                                                          .option_words = words,
                                                          .fragment = 0x4000});
}

/* What continues as expected costs nothing: differences are zero. */
Test(template, what_follows_is_predicted)
{
    for (uint16_t line = 0; line < capture->catalog.line_count; line++) {
        const struct tc_framer *framer = framer_of(line);
        struct smith_envelope envelope = {.ip_id = 65530};
        uint64_t sequence = UINT64_MAX - 20, offset = 5000;
        struct tc_template with;
        static struct made made;

        for (int i = 0; i < 10; i++, envelope.ip_id++) {
            struct tc_header header;
            struct tc_parts parts;

            make(&made, line, &envelope, sequence, 2, 0, offset);
            cr_assert(tc_parts_find(framer, made.bytes, made.length, made.payload_offset,
                                    made.messages_end, &parts));
            if (i == 0)
                tc_template_make(&with, framer, line, made.bytes, made.payload_offset);
            tc_header_take(&with, made.bytes, &parts, 2, &header);
            cr_assert_eq(header.sequence, 0);
            cr_assert_eq(header.stream_offset, 0);
            cr_assert_eq(header.ip_id, i > 0 ? 1 : 0);
            cr_assert_eq(header.count, 2);
            cr_assert_eq(header.checksums, TC_UDP_CHECKSUM_CORRECT);
            sequence += 2;
            offset += parts.messages_end - parts.header_end;
        }
        cr_assert_eq(with.first_sequence, sequence - 20);
        cr_assert_eq(with.end_sequence, sequence);
    }
}

Test(template, every_checksum_mode_is_recognised)
{
    static const uint8_t expected[SMITH_CHECKSUMS] = {
        [SMITH_CORRECT] = TC_UDP_CHECKSUM_CORRECT,
        [SMITH_ZERO] = TC_UDP_CHECKSUM_ZERO,
        [SMITH_PARTIAL] = TC_UDP_CHECKSUM_PARTIAL,
        [SMITH_WRONG] = TC_UDP_CHECKSUM_STORED,
    };

    /* two modes after each other, as what was last is tried first */
    for (uint8_t mode = 0; mode < SMITH_CHECKSUMS * SMITH_CHECKSUMS * 2; mode++) {
        struct smith_envelope envelope = {.ip_wrong = mode >= SMITH_CHECKSUMS * SMITH_CHECKSUMS};
        static struct made made;
        struct tc_template with;

        for (int i = 0; i < 2; i++) {
            struct tc_header header;
            struct tc_parts parts;

            envelope.udp_checksum = i == 0 ? mode % SMITH_CHECKSUMS
                                           : mode / SMITH_CHECKSUMS % SMITH_CHECKSUMS;
            make(&made, 0, &envelope, 1, 1, 0, 0);
            cr_assert(tc_parts_find(framer_of(0), made.bytes, made.length, made.payload_offset,
                                    made.messages_end, &parts));
            if (i == 0)
                tc_template_make(&with, framer_of(0), 0, made.bytes, made.payload_offset);
            tc_header_take(&with, made.bytes, &parts, 1, &header);
            cr_assert_eq(header.checksums, expected[envelope.udp_checksum] |
                                               (envelope.ip_wrong ? TC_IP_CHECKSUM_STORED : 0));
        }
    }
}

/* A UDP checksum that comes out as 0 is sent as 0xffff (RFC 768); both forms come back. */
Test(template, the_checksum_that_is_never_zero)
{
    struct tc_template with, restored;
    static struct made made;
    unsigned met = 0;

    for (uint32_t i = 0; i < 400000 && met < 3; i++) {
        struct smith_envelope envelope = {.source = 0x0a000000 + i};
        struct tc_header header;
        struct tc_parts parts;

        make(&made, 0, &envelope, i, 0, 0, 0);
        if (tc_load_be16(made.bytes + made.payload_offset - 2) != 0xffff)
            continue;
        met++;
        cr_assert(tc_parts_find(framer_of(0), made.bytes, made.length, made.payload_offset,
                                made.messages_end, &parts));
        tc_template_make(&with, framer_of(0), 0, made.bytes, made.payload_offset);
        restore(&restored, &with);
        tc_header_take(&with, made.bytes, &parts, 0, &header);
        cr_assert_eq(header.checksums, TC_UDP_CHECKSUM_CORRECT);
        check_back(&restored, &header, &parts, &made);
    }
    cr_assert_gt(met, 0);
}

/* Where a single changed byte makes another template, and where it does not. */
Test(template, the_mask_is_exact)
{
    for (uint16_t line = 0; line < capture->catalog.line_count; line++) {
        const struct tc_framer *framer = framer_of(line);
        const struct tc_slot free_slots[] = {framer->sequence, framer->count, framer->payload_bytes,
                                             framer->stream_offset, framer->send_time};
        struct smith_envelope envelope = {.vlans = {5}, .vlan_count = 1, .option_words = 2};
        struct tc_template with;
        static struct made made;
        bool changes[TC_TEMPLATE_BYTES_MAX] = {0};

        make(&made, line, &envelope, 1, 3, 0, 0);
        tc_template_make(&with, framer, line, made.bytes, made.payload_offset);
        for (size_t i = 2; i < 6; i++)
            changes[with.ip_offset + i] = true; /* IP length and identification */
        changes[with.ip_offset + 10] = changes[with.ip_offset + 11] = true;
        for (size_t i = 4; i < 8; i++)
            changes[made.payload_offset - 8 + i] = true; /* UDP length and checksum */
        for (size_t i = 0; i < sizeof free_slots / sizeof free_slots[0]; i++)
            for (size_t j = 0; j < free_slots[i].width; j++)
                changes[made.payload_offset + free_slots[i].offset + j] = true;
        for (uint32_t i = 0; i < with.header_bytes; i++) {
            made.bytes[i] ^= 0x80;
            cr_assert_eq(tc_template_matches(&with, made.bytes), changes[i], "byte %u", i);
            made.bytes[i] ^= 0x80;
        }
        /* what is behind the header is none of its business */
        memset(made.bytes + with.header_bytes, 0xff, 64);
        cr_assert(tc_template_matches(&with, made.bytes));
    }
}

Test(template, contradicting_lengths_are_beyond_prediction)
{
    static const struct smith_envelope envelopes[] = {
        {.ip_extra = 1},
        {.udp_length_by = -1},
        {.pad = 9, .ip_length_by = 3},
    };

    for (uint16_t line = 0; line < capture->catalog.line_count; line++)
        for (size_t i = 0; i < sizeof envelopes / sizeof envelopes[0]; i++) {
            static struct made made;
            struct tc_parts parts;

            make(&made, line, &envelopes[i], 1, 1, 4, 0);
            cr_assert_not(tc_parts_find(framer_of(line), made.bytes, made.length,
                                        made.payload_offset, made.messages_end, &parts));
        }
}

Test(template, a_payload_length_that_is_not_that_of_the_messages)
{
    for (uint16_t line = 0; line < capture->catalog.line_count; line++) {
        const struct tc_framer *framer = framer_of(line);
        struct smith_envelope envelope = {0};
        static struct made made;
        struct tc_parts parts;

        make(&made, line, &envelope, 1, 1, 4, 0);
        cr_assert(tc_parts_find(framer, made.bytes, made.length, made.payload_offset,
                                made.messages_end, &parts));
        if (framer->payload_bytes.width == 0)
            continue;
        made.bytes[made.payload_offset + framer->payload_bytes.offset]++;
        cr_assert_not(tc_parts_find(framer, made.bytes, made.length, made.payload_offset,
                                    made.messages_end, &parts));
    }
}

/* ---- what is no header ---- */

static bool restores(const uint8_t *bytes, uint32_t header_bytes, uint16_t line)
{
    struct tc_template restored = {.line = line, .header_bytes = (uint16_t)header_bytes};

    if (header_bytes <= TC_TEMPLATE_BYTES_MAX)
        memcpy(restored.bytes, bytes, header_bytes);
    return tc_template_restore(&restored, framer_of(line));
}

Test(template, restore_wants_exactly_a_header)
{
    for (uint16_t line = 0; line < capture->catalog.line_count; line++) {
        struct smith_envelope envelope = {.vlans = {5, 6}, .vlan_count = 2, .option_words = 3};
        uint32_t header_bytes;
        static struct made made;

        make(&made, line, &envelope, 1, 3, 0, 0);
        header_bytes = made.payload_offset + framer_of(line)->header_bytes;
        for (uint32_t length = 0; length <= 0xffff; length += length < 300 ? 1 : 997)
            cr_assert_eq(restores(made.bytes, length, line), length == header_bytes, "%u bytes",
                         length);
    }
}

Test(template, restore_refuses_other_protocols)
{
    struct smith_envelope envelope = {0};
    uint32_t header_bytes;
    static struct made made;
    static const struct {
        uint8_t at, value;
    } changes[] = {
        {12, 0x86},  /* EtherType */
        {14, 0x60},  /* IP version */
        {14, 0x44},  /* IP header of 16 bytes */
        {14, 0x46},  /* IP header of 24 bytes: the payload begins later */
        {14 + 9, 6}, /* TCP */
        {14 + 7, 1}, /* a fragment after the first */
    };

    make(&made, 0, &envelope, 1, 3, 0, 0);
    header_bytes = made.payload_offset + framer_of(0)->header_bytes;
    cr_assert(restores(made.bytes, header_bytes, 0));
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint8_t before = made.bytes[changes[i].at];

        made.bytes[changes[i].at] = changes[i].value;
        cr_assert_not(restores(made.bytes, header_bytes, 0), "change %zu", i);
        made.bytes[changes[i].at] = before;
    }
    /* three VLAN tags are no header that is known */
    envelope = (struct smith_envelope){.vlans = {1, 2, 3}, .vlan_count = 3};
    cr_assert_gt(
        smith_frame(made.bytes, &capture->catalog.lines[0], &envelope, packet.bytes, packet.length),
        0);
    for (uint32_t length = 0; length <= TC_TEMPLATE_BYTES_MAX; length++)
        cr_assert_not(restores(made.bytes, length, 0));
}

Test(template, random_bytes_are_no_header)
{
    uint8_t bytes[TC_TEMPLATE_BYTES_MAX];

    for (int i = 0; i < 20000; i++) {
        smith_fill(&dice, bytes, sizeof bytes);
        cr_assert_not(restores(bytes, smith_below(&dice, TC_TEMPLATE_BYTES_MAX + 1), 0));
    }
}
