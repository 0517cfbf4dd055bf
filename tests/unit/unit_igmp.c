/*
 * IGMP on the wire: frames that Linux 6.18 sent (a host, and a bridge as the querier) are what ours
 * must equal and what must be understood; then every field, every length, every flipped bit.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "net/igmp.h"
#include "support.h"

enum { HEX_MAX = 256 };

#define GROUP  UINT32_C(0xe9360c6f) /* 233.54.12.111 */
#define SSM    UINT32_C(0xe8010203) /* 232.1.2.3 */
#define SOURCE UINT32_C(0xcec82b48) /* 206.200.43.72 */

static const struct tc_igmp_sender host = {
    .mac = {2, 0, 0, 0, 0, 10},
    .vlan = TC_VLAN_NONE,
    .address = UINT32_C(0x0a010203), /* 10.1.2.3 */
    .packet_bytes = TC_IGMP_PACKET_BYTES,
};

static size_t unhex(const char *hex, uint8_t *bytes)
{
    size_t length = strlen(hex) / 2;

    for (size_t i = 0; i < length; i++) {
        unsigned byte;

        cr_assert_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
        bytes[i] = (uint8_t)byte;
    }
    return length;
}

/* The kernel leaves padding to the device; ours is zeros up to 60 bytes. */
static void expect_frame(const uint8_t *frame, size_t length, const char *hex)
{
    uint8_t expected[HEX_MAX] = {0};
    size_t bytes = unhex(hex, expected);

    if (bytes < 60)
        bytes = 60;
    cr_assert_eq(length, bytes, "%zu bytes, expected %zu", length, bytes);
    for (size_t i = 0; i < bytes; i++)
        cr_assert_eq(frame[i], expected[i], "byte %zu is %02x, expected %02x", i, frame[i],
                     expected[i]);
}

/* ---- writing ---- */

Test(igmp, messages_are_those_of_linux)
{
    uint8_t frame[TC_IGMP_FRAME_BYTES];

    expect_frame(frame, tc_igmp_message_write(frame, &host, TC_IGMP_REPORT_V2, GROUP),
                 "01005e360c6f02000000000a0800"
                 "46c00020000040000102e26e0a010203e9360c6f94040000"
                 "1600f459e9360c6f");
    expect_frame(frame, tc_igmp_message_write(frame, &host, TC_IGMP_LEAVE, GROUP),
                 "01005e00000202000000000a0800"
                 "46c00020000040000102f8110a010203e000000294040000"
                 "1700f359e9360c6f");
}

Test(igmp, reports_are_those_of_linux)
{
    uint8_t frame[TC_IGMP_FRAME_BYTES];
    struct tc_igmp_report report;

    tc_igmp_report_begin(&report, frame, &host);
    cr_assert(tc_igmp_report_record(&report, TC_IGMP_TO_EXCLUDE, GROUP));
    cr_assert(tc_igmp_report_record(&report, TC_IGMP_ALLOW, SSM));
    cr_assert(tc_igmp_report_source(&report, SOURCE));
    expect_frame(frame, tc_igmp_report_end(&report),
                 "01005e00001602000000000a0800"
                 "46c00034000040000102f7e90a010203e000001694040000"
                 "2200fb4000000002"
                 "04000000e9360c6f"
                 "05000001e8010203cec82b48");
    tc_igmp_report_begin(&report, frame, &host);
    cr_assert(tc_igmp_report_record(&report, TC_IGMP_BLOCK, SSM));
    cr_assert(tc_igmp_report_source(&report, SOURCE));
    cr_assert(tc_igmp_report_record(&report, TC_IGMP_TO_INCLUDE, GROUP));
    expect_frame(frame, tc_igmp_report_end(&report),
                 "01005e00001602000000000a0800"
                 "46c00034000040000102f7e90a010203e000001694040000"
                 "2200fb4000000002"
                 "06000001e8010203cec82b48"
                 "03000000e9360c6f");
}

Test(igmp, a_tag_stands_between_the_addresses_and_the_packet)
{
    struct tc_igmp_sender tagged = host;
    uint8_t plain[TC_IGMP_FRAME_BYTES], frame[TC_IGMP_FRAME_BYTES];
    size_t bytes = tc_igmp_message_write(plain, &host, TC_IGMP_REPORT_V2, GROUP);

    cr_assert_eq(bytes, 60);
    tagged.vlan = 1013;
    cr_assert_eq(tc_igmp_message_write(frame, &tagged, TC_IGMP_REPORT_V2, GROUP), 60);
    cr_assert_eq(memcmp(frame, plain, 12), 0);
    cr_assert_eq(tc_load_be32(frame + 12), 0x810003f5);
    cr_assert_eq(memcmp(frame + 16, plain + 12, 44), 0);
}

Test(igmp, addresses_of_groups)
{
    static const struct {
        uint32_t group;
        const char *mac;
    } rows[] = {
        {UINT32_C(0xe0000001), "01005e000001"},
        {UINT32_C(0xefffffff), "01005e7fffff"},
        {UINT32_C(0xe9b6c8d2), "01005e36c8d2"}, /* its ninth bit has no place */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t mac[6], expected[6];

        unhex(rows[i].mac, expected);
        tc_multicast_mac(rows[i].group, mac);
        cr_assert_eq(memcmp(mac, expected, 6), 0, "%s", rows[i].mac);
        cr_assert(tc_is_multicast(rows[i].group));
    }
    cr_assert_not(tc_is_multicast(UINT32_C(0xdfffffff)));
    cr_assert_not(tc_is_multicast(UINT32_C(0xf0000000)));
}

/* A report takes as many records and sources as the MTU has room for, and not one byte more. */
Test(igmp, a_report_ends_where_the_packet_must)
{
    for (uint32_t mtu = 68; mtu <= TC_IGMP_PACKET_BYTES; mtu++) {
        struct tc_igmp_sender sender = host;
        uint8_t *frame = test_exact(14 + mtu);
        struct tc_igmp_report report;
        uint32_t records = 0, sources = 0;
        size_t length;

        sender.packet_bytes = mtu;
        tc_igmp_report_begin(&report, frame, &sender);
        while (tc_igmp_report_record(&report, TC_IGMP_TO_EXCLUDE, GROUP + records))
            records++;
        /* the last record leaves room for a source that it might have */
        cr_assert_eq(records, (mtu - 24 - 8 - 4) / 8);
        while (tc_igmp_report_source(&report, SOURCE + sources))
            sources++;
        length = tc_igmp_report_end(&report);
        cr_assert_eq(length, 14 + mtu - mtu % 4);
        cr_assert_eq(tc_load_be16(frame + 14 + 2), mtu - mtu % 4);
        cr_assert_eq(tc_load_be16(frame + 14 + 24 + 6), records);
        cr_assert_eq(tc_load_be16(frame + 14 + 24 + 8 + (records - 1) * 8 + 2), sources);
        cr_assert_eq(tc_ones_sum(frame + 14, 24, 0), 0xffff);
        cr_assert_eq(tc_ones_sum(frame + 14 + 24, length - 14 - 24, 0), 0xffff);
        test_exact_free(frame);
    }
}

/* ---- reading ---- */

#define QUERY_V2 "01005e00000102000000000b080046c00020000040000102041700000000e000000194040000"
#define QUERY_V3 "01005e00000102000000000b080046c00024000040000102041300000000e000000194040000"

static bool read_hex(const char *hex, struct tc_igmp_query *query, uint8_t bytes[HEX_MAX])
{
    return tc_igmp_query_read(bytes, unhex(hex, bytes), query);
}

Test(igmp, queries_of_linux_are_understood)
{
    uint8_t bytes[HEX_MAX];
    struct tc_igmp_query query;

    cr_assert(read_hex(QUERY_V2 "111eeee100000000", &query, bytes));
    cr_assert_eq(query.version, TC_IGMP_V2);
    cr_assert_eq(query.group, 0);
    cr_assert_eq(query.vlan, TC_VLAN_NONE);
    cr_assert_eq(query.response_ms, 3000);
    cr_assert_eq(query.robustness, 0);
    cr_assert_eq(query.interval_ms, 0);
    cr_assert_eq(query.source_count, 0);
    cr_assert(read_hex(QUERY_V2 "1102f957e9360c6f", &query, bytes));
    cr_assert_eq(query.group, GROUP);
    cr_assert_eq(query.response_ms, 200);
    cr_assert(read_hex(QUERY_V3 "111eecdf0000000002020000", &query, bytes));
    cr_assert_eq(query.version, TC_IGMP_V3);
    cr_assert_eq(query.group, 0);
    cr_assert_eq(query.response_ms, 3000);
    cr_assert_eq(query.robustness, 2);
    cr_assert_eq(query.interval_ms, 2000);
    cr_assert_eq(query.source_count, 0);
    cr_assert(read_hex(QUERY_V3 "1102f755e9360c6f02020000", &query, bytes));
    cr_assert_eq(query.group, GROUP);
}

/* A query by the numbers of this test; answers its length. */
struct asked {
    uint16_t vlan; /* 0: no tag */
    unsigned option_words;
    uint8_t code;
    uint32_t group;
    uint8_t flags;
    uint8_t interval;
    unsigned sources;
    unsigned message_bytes; /* 0: as the sources need */
    unsigned pad_bytes;
};

static size_t build(const struct asked *asked, uint8_t *frame)
{
    size_t ip = asked->vlan != 0 ? 18 : 14;
    size_t message = ip + 20 + asked->option_words * 4;
    size_t bytes = asked->message_bytes != 0 ? asked->message_bytes : 12 + asked->sources * 4;

    memset(frame, 0, HEX_MAX);
    if (asked->vlan != 0)
        tc_store_be32(frame + 12, 0x81000000 | asked->vlan);
    tc_store_be16(frame + ip - 2, 0x0800);
    frame[ip] = (uint8_t)(0x45 + asked->option_words);
    tc_store_be16(frame + ip + 2, (uint16_t)(message - ip + bytes));
    frame[ip + 8] = 1;
    frame[ip + 9] = 2;
    tc_store_be32(frame + ip + 16, 0xe0000001);
    tc_store_be16(frame + ip + 10, (uint16_t)~tc_ones_sum(frame + ip, message - ip, 0));
    frame[message] = 0x11;
    frame[message + 1] = asked->code;
    tc_store_be32(frame + message + 4, asked->group);
    if (bytes >= 12) {
        frame[message + 8] = asked->flags;
        frame[message + 9] = asked->interval;
        tc_store_be16(frame + message + 10, (uint16_t)asked->sources);
    }
    for (unsigned i = 0; i < asked->sources; i++)
        tc_store_be32(frame + message + 12 + i * 4, SOURCE + i);
    tc_store_be16(frame + message + 2, (uint16_t)~tc_ones_sum(frame + message, bytes, 0));
    memset(frame + message + bytes, 0xee, asked->pad_bytes);
    return message + bytes + asked->pad_bytes;
}

static bool read_asked(const struct asked *asked, struct tc_igmp_query *query)
{
    static uint8_t frame[HEX_MAX];

    return tc_igmp_query_read(frame, build(asked, frame), query);
}

Test(igmp, all_of_a_query_is_read)
{
    struct tc_igmp_query query;

    cr_assert(read_asked(&(struct asked){.vlan = 1013,
                                         .option_words = 3,
                                         .code = 10,
                                         .group = SSM,
                                         .flags = 0x0b, /* its fourth bit tells routers */
                                         .interval = 60,
                                         .sources = 3,
                                         .pad_bytes = 9},
                         &query));
    cr_assert_eq(query.version, TC_IGMP_V3);
    cr_assert_eq(query.vlan, 1013);
    cr_assert_eq(query.group, SSM);
    cr_assert_eq(query.response_ms, 1000);
    cr_assert_eq(query.robustness, 3);
    cr_assert_eq(query.interval_ms, 60000);
    cr_assert_eq(query.source_count, 3);
    for (uint32_t i = 0; i < 3; i++)
        cr_assert_eq(tc_load_be32(query.sources + i * 4), SOURCE + i);
}

Test(igmp, the_version_shows_in_length_and_code)
{
    struct tc_igmp_query query;

    cr_assert(read_asked(&(struct asked){.message_bytes = 8}, &query));
    cr_assert_eq(query.version, TC_IGMP_V1);
    cr_assert_eq(query.response_ms, 10000);
    cr_assert(read_asked(&(struct asked){.message_bytes = 8, .code = 255}, &query));
    cr_assert_eq(query.version, TC_IGMP_V2);
    cr_assert_eq(query.response_ms, 25500, "version 2 has no floating point numbers");
    for (unsigned bytes = 9; bytes < 12; bytes++)
        cr_assert_not(read_asked(&(struct asked){.message_bytes = bytes, .code = 1}, &query));
    cr_assert(read_asked(&(struct asked){.message_bytes = 12}, &query));
    cr_assert_eq(query.version, TC_IGMP_V3);
    cr_assert_eq(query.response_ms, 0);
    /* more than the sources need is for later versions */
    cr_assert(read_asked(&(struct asked){.message_bytes = 40, .sources = 2}, &query));
    cr_assert_eq(query.source_count, 2);
    cr_assert_not(read_asked(&(struct asked){.message_bytes = 16, .sources = 2}, &query));
}

/* Section 4.1.1: 1 mmm eeee is a number, 1 eee mmmm another. */
Test(igmp, long_times_are_floating_point_numbers)
{
    static const struct {
        uint8_t code;
        uint32_t value;
    } rows[] = {{0, 0}, {127, 127}, {128, 128}, {0x8f, 248}, {0x90, 256}, {0xff, 31744}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tc_igmp_query query;

        cr_assert(
            read_asked(&(struct asked){.code = rows[i].code, .interval = rows[i].code}, &query));
        cr_assert_eq(query.response_ms, rows[i].value * 100, "code %u", rows[i].code);
        cr_assert_eq(query.interval_ms, rows[i].value * 1000, "code %u", rows[i].code);
    }
}

/* Cut anywhere it is none, and nothing behind its end is looked at. */
Test(igmp, a_query_that_is_cut_is_none)
{
    const struct asked asked = {.vlan = 7, .option_words = 1, .group = SSM, .sources = 2};
    uint8_t frame[HEX_MAX];
    size_t length = build(&asked, frame);
    struct tc_igmp_query query;

    for (size_t left = 0; left <= length; left++) {
        uint8_t *exact = test_exact_copy(frame, left);
        bool maybe = tc_igmp_maybe_query(exact, left);

        cr_assert_eq(tc_igmp_query_read(exact, left, &query), left == length, "%zu bytes", left);
        cr_assert_eq(maybe, left >= 18 + 24 + 1, "%zu bytes", left);
        test_exact_free(exact);
    }
}

/* One flipped bit anywhere in the packet: some checksum or some field refuses it. */
Test(igmp, a_flipped_bit_is_noticed)
{
    const struct asked asked = {.option_words = 1, .group = SSM, .sources = 2};
    uint8_t frame[HEX_MAX];
    size_t length = build(&asked, frame);
    struct tc_igmp_query query;

    for (size_t bit = 12 * 8; bit < length * 8; bit++) {
        frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_not(tc_igmp_query_read(frame, length, &query), "bit %zu", bit);
        frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    cr_assert(tc_igmp_query_read(frame, length, &query));
}

Test(igmp, what_is_no_query)
{
    static const uint8_t others[] = {TC_IGMP_REPORT_V1, TC_IGMP_REPORT_V2, TC_IGMP_LEAVE, 0x22};
    uint8_t frame[TC_IGMP_FRAME_BYTES];
    struct tc_igmp_query query;
    size_t length;

    for (size_t i = 0; i < sizeof others; i++) {
        length = tc_igmp_message_write(frame, &host, others[i], GROUP);
        cr_assert_not(tc_igmp_maybe_query(frame, length));
        cr_assert_not(tc_igmp_query_read(frame, length, &query));
    }
    length = tc_igmp_message_write(frame, &host, (enum tc_igmp_message)TC_IGMP_TYPE_QUERY, GROUP);
    cr_assert(tc_igmp_maybe_query(frame, length));
    cr_assert(tc_igmp_query_read(frame, length, &query));
    tc_store_be16(frame + 14 + 6, 0x2000); /* the first of several fragments */
    tc_store_be16(frame + 14 + 10, 0);
    tc_store_be16(frame + 14 + 10, (uint16_t)~tc_ones_sum(frame + 14, 24, 0));
    cr_assert_not(tc_igmp_query_read(frame, length, &query));
}

/* Whatever comes, no byte outside is read: a sanitizer watches. */
Test(igmp, random_bytes_do_no_harm)
{
    struct test_random random = {.state = 3376};

    for (unsigned i = 0; i < 200000; i++) {
        const struct asked asked = {
            .vlan = (uint16_t)test_below(&random, 2),
            .option_words = (unsigned)test_below(&random, 11),
            .sources = (unsigned)test_below(&random, 8),
        };
        uint8_t frame[HEX_MAX];
        size_t length = build(&asked, frame);
        uint8_t *exact;
        struct tc_igmp_query query;

        for (unsigned j = 0; j < 3; j++)
            frame[test_below(&random, length)] = (uint8_t)test_random(&random);
        length = test_below(&random, length + 1);
        exact = test_exact_copy(frame, length);
        if (tc_igmp_query_read(exact, length, &query)) {
            cr_assert(tc_igmp_maybe_query(exact, length));
            for (uint32_t j = 0; j < query.source_count * 4; j++)
                cr_assert_lt(query.sources + j, exact + length);
        }
        test_exact_free(exact);
    }
}
