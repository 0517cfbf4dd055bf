/*
 * What a host says and when, against RFC 3376, section 5, and RFC 2236: case by case with a clock
 * that the test turns, then beside a querier that forgets whoever does not answer in time.
 */
#include <criterion/criterion.h>

#include "net/membership.h"
#include "support.h"

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

#define ANY_A UINT32_C(0xe0010101) /* 224.1.1.1 */
#define ANY_B UINT32_C(0xe9360c6f) /* 233.54.12.111 */
#define SSM   UINT32_C(0xe8010203) /* 232.1.2.3 */
#define NONE  UINT32_C(0xefffffff)

enum { LATENESS_MS = 100, HEARD_MAX = 8192, STEP_MS = 5 };

/* One group in one frame, as a querier reads it. */
struct heard {
    uint64_t time_ns;
    uint32_t frame; /* number of it */
    uint32_t group;
    uint8_t version;
    uint8_t type; /* of the message, or of the record in version 3 */
    uint16_t count;
    uint32_t sources[400];
};

static struct bed {
    struct tc_membership membership;
    void *memory;
    uint64_t now_ns;
    uint32_t frames;
    uint32_t count;
    struct heard heard[HEARD_MAX];
} bed;

static const struct tc_membership_want three[] = {{ANY_A, 0}, {SSM, 100}, {SSM, 200}, {ANY_B, 0}};

static struct tc_membership_options options_of(uint64_t seed)
{
    return (struct tc_membership_options){
        .sender = {.mac = {2, 0, 0, 0, 0, 1}, .vlan = 1013, .packet_bytes = TC_IGMP_PACKET_BYTES},
        .version_most = TC_IGMP_V3,
        .lateness_ns = LATENESS_MS * MS,
        .seed = seed,
    };
}

static void begin(const struct tc_membership_want *wants, size_t count,
                  const struct tc_membership_options *options)
{
    size_t bytes = tc_membership_footprint(count);

    free(bed.memory);
    bed.memory = aligned_alloc(64, bytes + 64);
    bed.now_ns = 1000 * S;
    bed.frames = bed.count = 0;
    tc_membership_init(&bed.membership, bed.memory, wants, count, options);
}

static void begin_three(uint64_t seed)
{
    const struct tc_membership_options options = options_of(seed);

    begin(three, sizeof three / sizeof three[0], &options);
}

static struct heard *add(uint8_t version, uint8_t type, uint32_t group)
{
    struct heard *heard = &bed.heard[bed.count++];

    cr_assert_lt(bed.count, (uint32_t)HEARD_MAX);
    *heard = (struct heard){bed.now_ns, bed.frames, group, version, type, 0, {0}};
    return heard;
}

/* Reads a frame as a querier would; everything about its headers must be right. */
static void take(const uint8_t *frame, size_t length)
{
    const uint8_t *ip = frame + 18, *message = ip + 24;
    uint32_t group = tc_load_be32(message + 4), to = tc_load_be32(ip + 16);
    const uint8_t *at = message + 8;
    uint8_t mac[6];

    cr_assert_geq(length, (size_t)60);
    cr_assert_eq(tc_load_be32(frame + 12), 0x810003f5);
    tc_multicast_mac(to, mac);
    cr_assert_eq(memcmp(frame, mac, 6), 0);
    cr_assert_eq(ip[8], 1, "TTL");
    cr_assert_eq(tc_load_be32(ip + 20), 0x94040000, "Router Alert");
    cr_assert_eq(tc_ones_sum(ip, 24, 0), 0xffff);
    cr_assert_eq(tc_ones_sum(message, tc_load_be16(ip + 2) - 24u, 0), 0xffff);
    if (message[0] != 0x22) {
        cr_assert_eq(to, message[0] == TC_IGMP_LEAVE ? TC_GROUP_ALL_ROUTERS : group);
        add(message[0] == TC_IGMP_REPORT_V1 ? 1 : 2, message[0], group);
    } else {
        cr_assert_eq(to, TC_GROUP_IGMP_V3);
        cr_assert_gt(tc_load_be16(message + 6), 0, "a report of nothing");
        for (uint16_t i = 0; i < tc_load_be16(message + 6); i++) {
            struct heard *heard = add(3, at[0], tc_load_be32(at + 4));

            heard->count = tc_load_be16(at + 2);
            for (uint16_t j = 0; j < heard->count; j++)
                heard->sources[j] = tc_load_be32(at + 8 + j * 4);
            at += 8 + heard->count * 4;
        }
        cr_assert_eq(at, ip + tc_load_be16(ip + 2));
    }
    bed.frames++;
}

/* Turns the clock; the owner comes every few milliseconds and sends what is due. */
static void pass(uint64_t ns)
{
    uint64_t end = bed.now_ns + ns;

    for (;; bed.now_ns += STEP_MS * MS) {
        /* in memory of exactly the size that is promised */
        uint8_t *frame = test_exact(TC_IGMP_FRAME_BYTES);
        size_t length;

        while ((length = tc_membership_next(&bed.membership, bed.now_ns, frame)) > 0)
            take(frame, length);
        test_exact_free(frame);
        cr_assert_gt(tc_membership_due_ns(&bed.membership), bed.now_ns, "something was left over");
        if (bed.now_ns >= end)
            break;
    }
}

/* Starts, and forgets what was said at the start. */
static void settle(void)
{
    tc_membership_announce(&bed.membership, bed.now_ns);
    pass(30 * S);
    bed.count = bed.frames = 0;
}

static void ask(uint8_t version, uint32_t group, uint32_t response_ms)
{
    const struct tc_igmp_query query = {
        .version = version, .group = group, .response_ms = response_ms};

    tc_membership_hear(&bed.membership, &query, bed.now_ns);
}

static void ask_sources(uint32_t group, uint32_t response_ms, const uint32_t *sources,
                        uint32_t count)
{
    uint8_t bytes[4 * 64];
    const struct tc_igmp_query query = {.version = TC_IGMP_V3,
                                        .group = group,
                                        .response_ms = response_ms,
                                        .sources = bytes,
                                        .source_count = count};

    for (uint32_t i = 0; i < count; i++)
        tc_store_be32(bytes + i * 4, sources[i]);
    tc_membership_hear(&bed.membership, &query, bed.now_ns);
}

static void expect(uint32_t number, uint8_t version, uint8_t type, uint32_t group, uint16_t count)
{
    const struct heard *heard = &bed.heard[number];

    cr_assert_lt(number, bed.count, "statement %u of %u", number, bed.count);
    cr_assert_eq(heard->version, version, "statement %u: version %u", number, heard->version);
    cr_assert_eq(heard->type, type, "statement %u: type %u", number, heard->type);
    cr_assert_eq(heard->group, group, "statement %u: group %08x", number, heard->group);
    cr_assert_eq(heard->count, count, "statement %u: %u sources", number, heard->count);
}

/* ---- joining and leaving ---- */

Test(membership, a_join_is_said_at_once_and_once_more_within_a_second)
{
    uint64_t gaps[8];

    for (uint64_t seed = 0; seed < 8; seed++) {
        begin_three(seed);
        pass(10 * S);
        cr_assert_eq(bed.count, 0, "nobody was asked to join");
        tc_membership_announce(&bed.membership, bed.now_ns);
        pass(60 * S);
        cr_assert_eq(bed.frames, 2);
        cr_assert_eq(bed.count, 6);
        for (uint32_t i = 0; i < 6; i += 3) {
            expect(i, 3, TC_IGMP_TO_EXCLUDE, ANY_A, 0);
            expect(i + 1, 3, TC_IGMP_ALLOW, SSM, 2);
            cr_assert_eq(bed.heard[i + 1].sources[0], 100);
            cr_assert_eq(bed.heard[i + 1].sources[1], 200);
            expect(i + 2, 3, TC_IGMP_TO_EXCLUDE, ANY_B, 0);
        }
        cr_assert_eq(bed.heard[0].time_ns, 1010 * S);
        gaps[seed] = bed.heard[3].time_ns - bed.heard[0].time_ns;
        cr_assert_leq(gaps[seed], S + STEP_MS * MS);
        cr_assert_eq(bed.membership.figures.reports, 2);
        cr_assert_eq(bed.membership.groups[0].reports, 2);
    }
    cr_assert(gaps[0] != gaps[1] || gaps[1] != gaps[2], "the delays are not random");
}

Test(membership, the_querier_says_how_often)
{
    const struct tc_igmp_query query = {.version = 3, .robustness = 5, .group = NONE};

    begin_three(1);
    settle();
    tc_membership_hear(&bed.membership, &query, bed.now_ns);
    tc_membership_announce(&bed.membership, bed.now_ns); /* the link was away */
    pass(60 * S);
    cr_assert_eq(bed.frames, 5);
    tc_membership_leave(&bed.membership, bed.now_ns);
    pass(60 * S);
    cr_assert_eq(bed.frames, 10);
}

Test(membership, leaving_is_said_again_and_nothing_follows)
{
    begin_three(2);
    settle();
    ask(3, 0, 10000);
    tc_membership_announce(&bed.membership, bed.now_ns);
    tc_membership_leave(&bed.membership, bed.now_ns);
    cr_assert_not(tc_membership_has_left(&bed.membership));
    pass(300 * MS);
    cr_assert(tc_membership_has_left(&bed.membership));
    ask(3, 0, 1000);
    ask(2, ANY_A, 1000);
    tc_membership_announce(&bed.membership, bed.now_ns);
    pass(60 * S);
    cr_assert_eq(bed.frames, 2);
    for (uint32_t i = 0; i < 6; i += 3) {
        expect(i, 3, TC_IGMP_TO_INCLUDE, ANY_A, 0);
        expect(i + 1, 3, TC_IGMP_BLOCK, SSM, 2);
        expect(i + 2, 3, TC_IGMP_TO_INCLUDE, ANY_B, 0);
    }
}

Test(membership, nothing_wanted_is_nothing_said)
{
    const struct tc_membership_options options = options_of(1);

    begin(NULL, 0, &options);
    tc_membership_announce(&bed.membership, bed.now_ns);
    ask(3, 0, 1000);
    ask(2, 0, 1000);
    pass(30 * S);
    tc_membership_leave(&bed.membership, bed.now_ns);
    cr_assert(tc_membership_has_left(&bed.membership));
    pass(S);
    cr_assert_eq(bed.frames, 0);
}

Test(membership, from_any_source_is_more_than_from_some)
{
    static const struct tc_membership_want wants[] = {{SSM, 0}, {SSM, 100}, {SSM, 200}, {ANY_B, 7}};
    const struct tc_membership_options options = options_of(1);

    begin(wants, 4, &options);
    tc_membership_announce(&bed.membership, bed.now_ns);
    pass(0);
    cr_assert_eq(bed.count, 2);
    expect(0, 3, TC_IGMP_TO_EXCLUDE, SSM, 0);
    expect(1, 3, TC_IGMP_ALLOW, ANY_B, 1);
    cr_assert_eq(bed.heard[1].sources[0], 7);
}

/* ---- queries ---- */

Test(membership, a_general_query_is_answered_in_time_for_all_groups)
{
    uint64_t earliest = UINT64_MAX, latest = 0;

    for (uint64_t seed = 0; seed < 200; seed++) {
        uint64_t asked_ns, after_ns;

        begin_three(seed);
        settle();
        asked_ns = bed.now_ns;
        ask(3, 0, 2000);
        pass(30 * S);
        cr_assert_eq(bed.frames, 1);
        cr_assert_eq(bed.count, 3);
        expect(0, 3, TC_IGMP_IS_EXCLUDE, ANY_A, 0);
        expect(1, 3, TC_IGMP_IS_INCLUDE, SSM, 2);
        expect(2, 3, TC_IGMP_IS_EXCLUDE, ANY_B, 0);
        after_ns = bed.heard[0].time_ns - asked_ns;
        earliest = after_ns < earliest ? after_ns : earliest;
        latest = after_ns > latest ? after_ns : latest;
    }
    /* spread over the time there is, less what the owner may be late */
    cr_assert_leq(latest, (2000 - LATENESS_MS + STEP_MS) * MS);
    cr_assert_gt(latest, 1500 * MS);
    cr_assert_lt(earliest, 400 * MS);
}

Test(membership, a_hasty_query_is_answered_at_once)
{
    for (uint32_t response_ms = 0; response_ms <= LATENESS_MS; response_ms += 50) {
        begin_three(response_ms);
        settle();
        ask(3, 0, response_ms);
        pass(0);
        cr_assert_eq(bed.count, 3);
    }
}

Test(membership, a_question_asked_again_is_answered_once_and_no_later)
{
    for (uint64_t seed = 0; seed < 100; seed++) {
        uint32_t group = seed % 2 == 0 ? 0 : ANY_A;
        uint64_t due_ns;

        begin_three(seed);
        settle();
        ask(3, group, 10000);
        due_ns = tc_membership_due_ns(&bed.membership);
        for (uint32_t i = 0; i < 3; i++) {
            ask(3, group, 10000);
            cr_assert_leq(tc_membership_due_ns(&bed.membership), due_ns);
            due_ns = tc_membership_due_ns(&bed.membership);
        }
        pass(60 * S);
        cr_assert_eq(bed.frames, 1);
        cr_assert_leq(bed.heard[0].time_ns, due_ns + STEP_MS * MS);
    }
}

Test(membership, a_query_about_a_group_is_answered_for_it_alone)
{
    begin_three(3);
    settle();
    ask(3, NONE, 1000);
    ask(3, ANY_B, 1000);
    ask(3, SSM, 1000);
    pass(10 * S);
    cr_assert_eq(bed.count, 2);
    for (uint32_t i = 0; i < 2; i++)
        if (bed.heard[i].group == SSM)
            expect(i, 3, TC_IGMP_IS_INCLUDE, SSM, 2);
        else
            expect(i, 3, TC_IGMP_IS_EXCLUDE, ANY_B, 0);
    cr_assert_neq(bed.heard[0].group, bed.heard[1].group);
    cr_assert_eq(bed.membership.figures.queries, 3);
}

Test(membership, a_query_about_sources_is_answered_for_those_that_are_wanted)
{
    begin_three(4);
    settle();
    ask_sources(SSM, 1000, (const uint32_t[]){50, 200, 300}, 3);
    pass(10 * S);
    cr_assert_eq(bed.count, 1);
    expect(0, 3, TC_IGMP_IS_INCLUDE, SSM, 1);
    cr_assert_eq(bed.heard[0].sources[0], 200);
    ask_sources(SSM, 1000, (const uint32_t[]){50, 300}, 2);
    pass(10 * S);
    cr_assert_eq(bed.count, 1, "none of them is wanted");
    /* of a group that is wanted from anywhere, every source is */
    ask_sources(ANY_A, 1000, (const uint32_t[]){50, 300}, 2);
    pass(10 * S);
    cr_assert_eq(bed.count, 2);
    expect(1, 3, TC_IGMP_IS_INCLUDE, ANY_A, 2);
    cr_assert_eq(bed.heard[1].sources[0], 50);
    cr_assert_eq(bed.heard[1].sources[1], 300);
}

/* Section 5.2, rules 4 and 5. */
Test(membership, questions_about_a_group_add_up)
{
    uint32_t many[TC_ASKED_SOURCES_MAX + 1];

    begin_three(5);
    settle();
    ask_sources(ANY_A, 4000, (const uint32_t[]){50, 60}, 2);
    ask_sources(ANY_A, 4000, (const uint32_t[]){60, 70}, 2);
    pass(10 * S);
    cr_assert_eq(bed.count, 1);
    expect(0, 3, TC_IGMP_IS_INCLUDE, ANY_A, 3);
    ask_sources(ANY_A, 4000, (const uint32_t[]){50}, 1);
    ask(3, ANY_A, 4000);
    pass(10 * S);
    cr_assert_eq(bed.count, 2);
    expect(1, 3, TC_IGMP_IS_EXCLUDE, ANY_A, 0);
    ask(3, ANY_A, 4000);
    ask_sources(ANY_A, 4000, (const uint32_t[]){50}, 1);
    pass(10 * S);
    cr_assert_eq(bed.count, 3);
    expect(2, 3, TC_IGMP_IS_EXCLUDE, ANY_A, 0);
    /* more than can be kept in mind */
    for (uint32_t i = 0; i <= TC_ASKED_SOURCES_MAX; i++)
        many[i] = i + 1;
    ask_sources(ANY_A, 4000, many, TC_ASKED_SOURCES_MAX);
    pass(10 * S);
    expect(3, 3, TC_IGMP_IS_INCLUDE, ANY_A, TC_ASKED_SOURCES_MAX);
    ask_sources(ANY_A, 4000, many, TC_ASKED_SOURCES_MAX + 1);
    pass(10 * S);
    cr_assert_eq(bed.count, 5);
    expect(4, 3, TC_IGMP_IS_EXCLUDE, ANY_A, 0);
}

/* Rule 1: what is to be said of all groups sooner is not said of one again. */
Test(membership, a_general_answer_that_comes_sooner_is_enough)
{
    begin_three(6);
    settle();
    ask(3, 0, 50);
    ask(3, ANY_A, 10000);
    ask_sources(SSM, 10000, (const uint32_t[]){100}, 1);
    pass(30 * S);
    cr_assert_eq(bed.count, 3);
    cr_assert_eq(bed.frames, 1);
}

/* ---- older queriers ---- */

Test(membership, an_old_querier_is_answered_in_its_own_words)
{
    static const uint8_t types[] = {[1] = TC_IGMP_REPORT_V1, [2] = TC_IGMP_REPORT_V2};

    for (uint8_t version = 1; version <= 2; version++) {
        uint64_t asked_ns;
        uint32_t groups = 0;

        begin_three(version);
        settle();
        asked_ns = bed.now_ns;
        ask(version, 0, 10000);
        cr_assert_eq(bed.membership.figures.version, version);
        pass(30 * S);
        cr_assert_eq(bed.count, 3);
        for (uint32_t i = 0; i < 3; i++) {
            cr_assert_eq(bed.heard[i].version, version);
            cr_assert_eq(bed.heard[i].type, types[version]);
            cr_assert_leq(bed.heard[i].time_ns - asked_ns, 10 * S);
            groups ^= bed.heard[i].group;
        }
        cr_assert_eq(groups, ANY_A ^ ANY_B ^ SSM, "each group once");
        cr_assert(bed.heard[0].time_ns != bed.heard[2].time_ns, "each group has its own time");
        /* a question about sources is one about the group, for whoever knows no sources */
        ask_sources(SSM, 1000, (const uint32_t[]){300}, 1);
        pass(10 * S);
        cr_assert_eq(bed.count, 4);
        expect(3, version, types[version], SSM, 0);
        tc_membership_announce(&bed.membership, bed.now_ns);
        pass(30 * S);
        cr_assert_eq(bed.count, 10, "joined again, twice");
        cr_assert_leq(bed.heard[7].time_ns - bed.heard[4].time_ns, 10 * S + STEP_MS * MS);
    }
}

/* Sections 7.2.1 and 8.12: for robustness times the query interval, and the response time. */
Test(membership, an_old_querier_is_forgotten)
{
    const struct tc_igmp_query new = {
        .version = 3, .group = NONE, .robustness = 3, .interval_ms = 20000};

    for (uint8_t version = 1; version <= 2; version++) {
        begin_three(version);
        settle();
        tc_membership_hear(&bed.membership, &new, bed.now_ns);
        ask(version, 0, 10000);
        pass(69900 * MS);
        cr_assert_eq(bed.membership.figures.version, version);
        pass(200 * MS);
        cr_assert_eq(bed.membership.figures.version, 3);
        bed.count = 0;
        ask(3, 0, 1000);
        pass(5 * S);
        cr_assert_eq(bed.count, 3);
        expect(0, 3, TC_IGMP_IS_EXCLUDE, ANY_A, 0);
    }
    begin_three(3);
    settle();
    ask(2, 0, 10000); /* by the defaults: 2 times 125 s, and 10 s */
    pass(259900 * MS);
    cr_assert_eq(bed.membership.figures.version, 2);
    pass(200 * MS);
    cr_assert_eq(bed.membership.figures.version, 3);
}

Test(membership, the_oldest_querier_decides_and_a_change_cancels_what_is_due)
{
    begin_three(7);
    settle();
    ask(3, 0, 60000);
    tc_membership_announce(&bed.membership, bed.now_ns + 1);
    ask(2, NONE, 1000);
    pass(100 * S);
    cr_assert_eq(bed.count, 0, "what was due in version 3 is not said in version 2");
    ask(1, ANY_A, 10000);
    ask(3, 0, 1000);
    ask(2, 0, 1000);
    pass(20 * S);
    cr_assert_eq(bed.membership.figures.version, 1);
    for (uint32_t i = 0; i < bed.count; i++)
        cr_assert_eq(bed.heard[i].version, 1);
    cr_assert_geq(bed.count, 3);
}

Test(membership, leaving_in_older_versions)
{
    begin_three(8);
    settle();
    ask(2, NONE, 1000);
    tc_membership_leave(&bed.membership, bed.now_ns);
    pass(S);
    cr_assert(tc_membership_has_left(&bed.membership));
    cr_assert_eq(bed.count, 3, "said once");
    expect(0, 2, TC_IGMP_LEAVE, ANY_A, 0);
    expect(1, 2, TC_IGMP_LEAVE, SSM, 0);
    expect(2, 2, TC_IGMP_LEAVE, ANY_B, 0);
    begin_three(8);
    settle();
    ask(1, NONE, 1000);
    tc_membership_leave(&bed.membership, bed.now_ns);
    cr_assert(tc_membership_has_left(&bed.membership), "version 1 has no word for it");
    pass(S);
    cr_assert_eq(bed.count, 0);
}

Test(membership, version_3_can_be_ruled_out)
{
    struct tc_membership_options options = options_of(1);

    options.version_most = TC_IGMP_V2;
    begin(three, 4, &options);
    tc_membership_announce(&bed.membership, bed.now_ns);
    pass(30 * S);
    cr_assert_eq(bed.count, 6);
    ask(3, 0, 1000);
    pass(10 * S);
    cr_assert_eq(bed.count, 9);
    tc_membership_leave(&bed.membership, bed.now_ns);
    pass(S);
    cr_assert_eq(bed.count, 12);
    for (uint32_t i = 0; i < 12; i++)
        expect(i, 2, i < 9 ? TC_IGMP_REPORT_V2 : TC_IGMP_LEAVE,
               i < 9 && i >= 6 ? bed.heard[i].group : (uint32_t[]){ANY_A, SSM, ANY_B}[i % 3], 0);
}

/* ---- many ---- */

enum { MANY_GROUPS = 1500, MANY_SOURCES = 1000 };

Test(membership, many_groups_take_many_frames)
{
    static struct tc_membership_want wants[MANY_GROUPS];
    const struct tc_membership_options options = options_of(1);
    uint8_t frame[TC_IGMP_FRAME_BYTES];
    size_t length;

    for (uint32_t i = 0; i < MANY_GROUPS; i++)
        wants[i] = (struct tc_membership_want){ANY_A + i, 0};
    begin(wants, MANY_GROUPS, &options);
    tc_membership_announce(&bed.membership, bed.now_ns);
    /* a frame at a time, as when the port takes no more; a question in between waits its turn */
    length = tc_membership_next(&bed.membership, bed.now_ns, frame);
    take(frame, length);
    ask(3, ANY_A, 0);
    pass(0);
    cr_assert_eq(bed.count, MANY_GROUPS + 1);
    for (uint32_t i = 0; i < MANY_GROUPS; i++)
        expect(i, 3, TC_IGMP_TO_EXCLUDE, ANY_A + i, 0);
    expect(MANY_GROUPS, 3, TC_IGMP_IS_EXCLUDE, ANY_A, 0);
    cr_assert_eq(bed.frames, 10, "183 records a frame");
}

Test(membership, a_list_of_sources_goes_on_in_the_next_frame)
{
    static struct tc_membership_want wants[MANY_SOURCES + 1];
    const struct tc_membership_options options = options_of(1);

    wants[0] = (struct tc_membership_want){ANY_A, 0};
    for (uint32_t i = 0; i < MANY_SOURCES; i++)
        wants[i + 1] = (struct tc_membership_want){SSM, 1 + i};
    begin(wants, MANY_SOURCES + 1, &options);
    tc_membership_announce(&bed.membership, bed.now_ns);
    for (uint32_t round = 0; round < 2; round++) {
        uint32_t sources = 0;

        bed.count = 0;
        pass(round == 0 ? 0 : 2 * S);
        expect(0, 3, TC_IGMP_TO_EXCLUDE, ANY_A, 0);
        for (uint32_t i = 1; i < bed.count; i++) {
            expect(i, 3, TC_IGMP_ALLOW, SSM, bed.heard[i].count);
            cr_assert_gt(bed.heard[i].count, 0);
            for (uint32_t j = 0; j < bed.heard[i].count; j++)
                cr_assert_eq(bed.heard[i].sources[j], 1 + sources++);
        }
        cr_assert_eq(sources, MANY_SOURCES);
    }
}

/* ---- beside a querier ---- */

enum { WANTS = 40, INTERVAL_MS = 2000, RESPONSE_MS = 1000 };

/* What a querier keeps of a group and a source (0: any): until when it is wanted. */
struct kept {
    uint64_t until_ns;
    bool lost; /* what was said of it last did not arrive */
};

static struct querier {
    uint32_t read; /* of what was heard */
    struct kept kept[WANTS][4];
} querier;

/* Section 8.4, for a robustness of 2. */
#define MEMBERSHIP_NS ((2 * INTERVAL_MS + RESPONSE_MS) * MS)

/* A robustness of 2 stands one loss; so nothing is lost twice running. */
static void keep(struct kept *kept, uint64_t until_ns, struct test_random *random, uint64_t lose)
{
    kept->lost = !kept->lost && test_below(random, 100) < lose;
    if (!kept->lost)
        kept->until_ns = until_ns;
}

/* Takes what was heard since, of which `lose` in a hundred does not arrive. */
static void listen_to(struct test_random *random, uint64_t lose)
{
    for (; querier.read < bed.count; querier.read++) {
        const struct heard *heard = &bed.heard[querier.read];
        struct kept *kept = querier.kept[heard->group - ANY_A];
        bool out = heard->type == TC_IGMP_LEAVE || heard->type == TC_IGMP_TO_INCLUDE ||
                   heard->type == TC_IGMP_BLOCK;
        uint64_t until_ns = out ? 0 : heard->time_ns + MEMBERSHIP_NS;

        if (heard->version < 3 || heard->type == TC_IGMP_IS_EXCLUDE ||
            heard->type == TC_IGMP_TO_EXCLUDE || heard->type == TC_IGMP_TO_INCLUDE)
            keep(&kept[0], until_ns, random, lose);
        for (uint32_t i = 0; i < heard->count; i++)
            keep(&kept[heard->sources[i]], until_ns, random, lose);
        /* the querier asks about the sources that it knows besides, and nobody answers */
        for (uint32_t i = 1; heard->type == TC_IGMP_TO_INCLUDE && i < 4; i++)
            kept[i].until_ns = 0;
    }
}

static bool is_kept(const struct tc_membership_want *want)
{
    const struct kept *kept = querier.kept[want->group - ANY_A];

    return kept[0].until_ns > bed.now_ns || kept[want->source].until_ns > bed.now_ns;
}

/* General queries go on, others come in between; nothing that is wanted may ever be forgotten. */
Test(membership, a_querier_never_forgets_what_is_wanted)
{
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct test_random random = {.state = seed};
        struct tc_membership_options options = options_of(seed);
        struct tc_membership_want wants[WANTS];
        uint8_t version = seed % 3 == 0 ? 2 : 3;
        size_t count = 0;

        for (uint32_t group = 0; count + 3 < WANTS; group++)
            for (uint32_t source = 0; source < 4; source++)
                if (test_below(&random, 3) == 0)
                    wants[count++] = (struct tc_membership_want){ANY_A + group, source};
        options.sender.packet_bytes = 68 + (uint32_t)test_below(&random, 200);
        options.version_most = seed % 3 == 1 ? TC_IGMP_V2 : TC_IGMP_V3;
        begin(wants, count, &options);
        querier = (struct querier){0};
        ask(version, 0, RESPONSE_MS); /* so the first words are of the right version */
        tc_membership_announce(&bed.membership, bed.now_ns);
        for (uint32_t turn = 0; turn < 200; turn++) {
            pass(test_below(&random, INTERVAL_MS / 10) * MS);
            listen_to(&random, 40);
            if (turn % 10 == 0)
                ask(version, 0, RESPONSE_MS);
            if (test_below(&random, 4) == 0)
                ask(version, wants[test_below(&random, count)].group, RESPONSE_MS);
            if (version == 3 && test_below(&random, 4) == 0)
                ask_sources(wants[test_below(&random, count)].group, RESPONSE_MS,
                            (const uint32_t[]){1, 2, 3}, 3);
            for (size_t i = 0; turn > 50 && i < count; i++)
                cr_assert(is_kept(&wants[i]), "seed %lu, turn %u: %zu is forgotten", seed, turn, i);
            if (querier.read == bed.count)
                querier.read = bed.count = 0;
        }
        tc_membership_leave(&bed.membership, bed.now_ns);
        pass(S);
        listen_to(&random, 0);
        for (size_t i = 0; i < count; i++)
            cr_assert_not(is_kept(&wants[i]), "seed %lu: %zu is still wanted", seed, i);
    }
}
