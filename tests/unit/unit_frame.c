/* From a frame's bytes to its datagram: every shape of header, every length, and the checksum. */
#include <criterion/criterion.h>

#include "net/frame.h"
#include "support.h"

enum { FRAME_BYTES = 256 };

/* A frame as the tests want it; zeros mean the plainest one. */
struct plan {
    unsigned tags;
    uint16_t tag_types[3];
    unsigned option_words; /* of the IPv4 header */
    uint16_t fragment;     /* flags and offset, as on the wire */
    uint8_t protocol;      /* 0: UDP */
    unsigned payload_bytes;
    unsigned pad_bytes; /* behind the datagram */
};

#define SOURCE UINT32_C(0xcec82b48)
#define GROUP  UINT32_C(0xe9c4316f)

enum { SOURCE_PORT = 4711, PORT = 26477 };

static size_t headers_of(const struct plan *plan)
{
    return 14 + plan->tags * 4 + 20 + plan->option_words * 4 + 8;
}

/* Written with its own numbers, not with those of the library. Answers the frame's length. */
static size_t build(const struct plan *plan, uint8_t *frame)
{
    size_t ip = 14 + plan->tags * 4;
    size_t udp = ip + 20 + plan->option_words * 4;
    size_t udp_bytes = 8 + plan->payload_bytes;

    memset(frame, 0x5a, FRAME_BYTES);
    for (unsigned tag = 0; tag < plan->tags; tag++) {
        tc_store_be16(frame + 12 + tag * 4, plan->tag_types[tag]);
        tc_store_be16(frame + 14 + tag * 4, (uint16_t)(0xe000 + 100 + tag)); /* priority 7 */
    }
    tc_store_be16(frame + ip - 2, 0x0800);
    frame[ip] = (uint8_t)(0x45 + plan->option_words);
    tc_store_be16(frame + ip + 2, (uint16_t)(udp - ip + udp_bytes));
    tc_store_be16(frame + ip + 6, plan->fragment);
    frame[ip + 9] = plan->protocol != 0 ? plan->protocol : 17;
    tc_store_be32(frame + ip + 12, SOURCE);
    tc_store_be32(frame + ip + 16, GROUP);
    tc_store_be16(frame + udp, SOURCE_PORT);
    tc_store_be16(frame + udp + 2, PORT);
    tc_store_be16(frame + udp + 4, (uint16_t)udp_bytes);
    return udp + udp_bytes + plan->pad_bytes;
}

/* The frame in memory of exactly its length. */
static bool find(const uint8_t *frame, size_t length, struct tc_datagram *found)
{
    uint8_t *exact = test_exact_copy(frame, length);
    bool is_datagram;

    memset(found, 0xee, sizeof *found);
    is_datagram = tc_datagram_find(exact, length, found);
    test_exact_free(exact);
    return is_datagram;
}

static void expect_headers(const struct plan *plan, const struct tc_datagram *found)
{
    cr_assert_eq(found->source, SOURCE);
    cr_assert_eq(found->group, GROUP);
    cr_assert_eq(found->source_port, SOURCE_PORT);
    cr_assert_eq(found->port, PORT);
    cr_assert_eq(found->vlan, plan->tags > 0 ? 99 + plan->tags : TC_VLAN_NONE);
    cr_assert_eq(found->ip_offset, 14 + plan->tags * 4);
    cr_assert_eq(found->payload_offset, headers_of(plan));
}

/* Cut off at each length: first nothing is known, then the address, and at last the whole. */
static void expect_all_lengths(const struct plan *plan)
{
    uint8_t frame[FRAME_BYTES];
    size_t length = build(plan, frame);
    size_t whole = headers_of(plan) + plan->payload_bytes;

    for (size_t cut = 0; cut <= length; cut++) {
        struct tc_datagram found;
        bool is_datagram = find(frame, cut, &found);

        cr_assert_eq(is_datagram, cut >= headers_of(plan), "cut at %zu of %zu", cut, length);
        if (!is_datagram)
            continue;
        expect_headers(plan, &found);
        cr_assert_eq(found.cut, cut < whole, "cut at %zu of %zu", cut, length);
        if (!found.cut)
            cr_assert_eq(found.payload_bytes, plan->payload_bytes);
    }
}

Test(frame, every_shape_at_every_length)
{
    static const uint16_t tag_types[] = {0x8100, 0x88a8, 0x9100};
    static const unsigned payloads[] = {0, 1, 33};

    for (unsigned tags = 0; tags <= 2; tags++)
        for (unsigned types = 0; types < 9; types++)
            for (unsigned options = 0; options <= 10; options++)
                for (unsigned i = 0; i < 6; i++) {
                    struct plan plan = {
                        .tags = tags,
                        .tag_types = {tag_types[types % 3], tag_types[types / 3]},
                        .option_words = options,
                        .payload_bytes = payloads[i / 2],
                        .pad_bytes = i % 2 * 18,
                    };

                    expect_all_lengths(&plan);
                }
}

Test(frame, a_third_tag_is_not_looked_behind)
{
    struct plan plan = {.tags = 3, .tag_types = {0x9100, 0x88a8, 0x8100}, .payload_bytes = 5};
    uint8_t frame[FRAME_BYTES];
    size_t length = build(&plan, frame);
    struct tc_datagram found;

    for (size_t cut = 0; cut <= length; cut++)
        cr_assert_not(find(frame, cut, &found));
}

Test(frame, the_innermost_tag_counts_without_its_priority)
{
    struct plan plan = {.tags = 2, .tag_types = {0x88a8, 0x8100}, .payload_bytes = 5};
    uint8_t frame[FRAME_BYTES];
    size_t length = build(&plan, frame);
    struct tc_datagram found;

    tc_store_be16(frame + 14, 0xffff);
    tc_store_be16(frame + 18, 0xf3f5); /* 1013 with all other bits set */
    cr_assert(find(frame, length, &found));
    cr_assert_eq(found.vlan, 1013);
    tc_store_be16(frame + 18, 0x0000); /* a priority tag is a tag */
    cr_assert(find(frame, length, &found));
    cr_assert_eq(found.vlan, 0);
}

Test(frame, other_ether_types_have_no_datagram)
{
    struct plan plan = {.payload_bytes = 5};
    uint8_t frame[FRAME_BYTES];
    size_t length = build(&plan, frame);
    struct tc_datagram found;
    int datagrams = 0;

    for (uint32_t type = 0; type <= 0xffff; type++) {
        tc_store_be16(frame + 12, (uint16_t)type);
        datagrams += tc_datagram_find(frame, length, &found);
    }
    cr_assert_eq(datagrams, 1);
}

Test(frame, other_protocols_have_no_datagram)
{
    for (unsigned protocol = 1; protocol < 256; protocol++) {
        struct plan plan = {.protocol = (uint8_t)protocol, .payload_bytes = 5};
        uint8_t frame[FRAME_BYTES];
        size_t length = build(&plan, frame);
        struct tc_datagram found;

        cr_assert_eq(find(frame, length, &found), protocol == 17);
    }
}

Test(frame, only_version_4_with_a_whole_header)
{
    struct plan plan = {.option_words = 10, .payload_bytes = 60};
    uint8_t frame[FRAME_BYTES];
    size_t length = build(&plan, frame);

    for (unsigned first = 0; first < 256; first++) {
        struct tc_datagram found;
        bool good = first >> 4 == 4 && (first & 15) >= 5;

        frame[14] = (uint8_t)first;
        cr_assert_eq(find(frame, length, &found), good, "first byte 0x%02x", first);
    }
}

Test(frame, of_fragments_only_the_first_has_an_address)
{
    struct plan plan = {.payload_bytes = 24};
    uint8_t frame[FRAME_BYTES];
    struct tc_datagram found;

    for (uint32_t fragment = 0; fragment <= 0xffff; fragment++) {
        size_t length;

        plan.fragment = (uint16_t)fragment;
        length = build(&plan, frame);
        cr_assert_eq(tc_datagram_find(frame, length, &found), (fragment & 0x1fff) == 0);
    }

    /* the first fragment of a long datagram: it says whose it is, and that it is cut */
    plan.fragment = 0x2000;
    build(&plan, frame);
    tc_store_be16(frame + 14 + 20 + 4, 3000);
    cr_assert(find(frame, headers_of(&plan) + 24, &found));
    expect_headers(&plan, &found);
    cr_assert(found.cut);
}

Test(frame, lengths_that_contradict_are_cut)
{
    enum { HEADER = 20, UDP = 8, PAYLOAD = 40, TOTAL = HEADER + UDP + PAYLOAD };
    static const struct {
        uint16_t ip_total, udp_length;
        bool cut;
        uint32_t payload_bytes;
    } rows[] = {
        {TOTAL, UDP + PAYLOAD, false, PAYLOAD},
        {TOTAL, UDP, false, 0},
        {TOTAL, UDP + PAYLOAD - 1, false, PAYLOAD - 1}, /* the rest is kept, but not looked at */
        {TOTAL, UDP + PAYLOAD + 1, true, 0},
        {TOTAL, UDP - 1, true, 0},
        {TOTAL, 0, true, 0},
        {TOTAL, 0xffff, true, 0},
        {TOTAL - 1, UDP + PAYLOAD, true, 0},
        {TOTAL + 1, UDP + PAYLOAD, true, 0}, /* longer than the frame */
        {HEADER + UDP, UDP, false, 0},
        {HEADER + UDP - 1, UDP, true, 0},
        {HEADER, UDP, true, 0},
        {0, UDP, true, 0},
        {0, 0, true, 0},
        {0xffff, 0xffff, true, 0},
    };
    struct plan plan = {.payload_bytes = PAYLOAD};
    uint8_t frame[FRAME_BYTES];
    size_t length = build(&plan, frame);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tc_datagram found;

        tc_store_be16(frame + 14 + 2, rows[i].ip_total);
        tc_store_be16(frame + 14 + 20 + 4, rows[i].udp_length);
        cr_assert(find(frame, length, &found));
        expect_headers(&plan, &found);
        cr_assert_eq(found.cut, rows[i].cut, "row %zu", i);
        if (!found.cut)
            cr_assert_eq(found.payload_bytes, rows[i].payload_bytes, "row %zu", i);
    }
}

Test(frame, what_is_found_is_inside_whatever_the_bytes)
{
    struct test_random random = {1};
    int whole = 0;

    for (int round = 0; round < 200000; round++) {
        struct plan plan = {
            .tags = (unsigned)test_below(&random, 3),
            .tag_types = {0x8100, 0x88a8},
            .option_words = (unsigned)test_below(&random, 11),
            .payload_bytes = (unsigned)test_below(&random, 50),
        };
        uint8_t frame[FRAME_BYTES];
        struct tc_datagram found;
        size_t length = build(&plan, frame);

        for (uint64_t i = test_below(&random, 4); i > 0; i--)
            frame[12 + test_below(&random, length - 12)] = (uint8_t)test_random(&random);
        length = test_below(&random, 4) == 0 ? test_below(&random, length + 1) : length;
        if (!find(frame, length, &found))
            continue;
        cr_assert_leq(found.payload_offset, length);
        if (!found.cut)
            cr_assert_leq(found.payload_offset + found.payload_bytes, length);
        whole += !found.cut;
    }
    cr_assert_gt(whole, 50000);
}

/* RFC 1071 word for word. */
static uint16_t naive_sum(const uint8_t *bytes, size_t length, uint32_t seed)
{
    uint64_t sum = seed;

    for (size_t i = 0; i + 1 < length; i += 2)
        sum += (uint64_t)bytes[i] << 8 | bytes[i + 1];
    if (length % 2 != 0)
        sum += (uint64_t)bytes[length - 1] << 8;
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

Test(ones_sum, agrees_with_the_rfc)
{
    static const uint8_t fills[] = {0x00, 0xff};
    struct test_random random = {2};

    for (size_t length = 0; length <= 200; length++)
        for (int round = 0; round < 200; round++) {
            uint8_t *bytes = test_exact(length);
            uint32_t seed = (uint32_t)(test_random(&random) >> test_below(&random, 33));

            test_fill(&random, bytes, length);
            if (round < 4)
                memset(bytes, fills[round % 2], length);
            if (round == 2 || round == 3)
                seed = round == 2 ? 0 : UINT32_MAX;
            cr_assert_eq(tc_ones_sum(bytes, length, seed), naive_sum(bytes, length, seed),
                         "%zu bytes, seed %u", length, seed);
            test_exact_free(bytes);
        }
}

Test(ones_sum, of_a_correct_header_is_all_ones)
{
    /* the example of many textbooks: 4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7 */
    static const uint8_t header[] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                                     0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};

    cr_assert_eq(tc_ones_sum(header, sizeof header, 0), 0xffff);
    cr_assert_eq(tc_ones_sum(header, 0, 0x12345678), 0x68ac);
}

Test(ones_sum, holds_for_the_longest_frame)
{
    size_t length = TC_FRAME_BYTES_MAX;
    uint8_t *bytes = test_exact(length);
    struct test_random random = {3};

    memset(bytes, 0xff, length);
    cr_assert_eq(tc_ones_sum(bytes, length, UINT32_MAX), naive_sum(bytes, length, UINT32_MAX));
    test_fill(&random, bytes, length);
    cr_assert_eq(tc_ones_sum(bytes, length, 77), naive_sum(bytes, length, 77));
    test_exact_free(bytes);
}
