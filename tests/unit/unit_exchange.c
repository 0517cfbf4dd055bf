/*
 * Exchange times of a made-up feed that has every form of them, against the truth: seconds told
 * before, since 1970 or since midnight, per line and session; whole times; and none.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

#include "block/exchange.h"
#include "feed/registry.h"
#include "feed/table.h"
#include "framesmith.h"
#include "support.h"

#define SECOND_NS UINT64_C(1000000000)

static const struct tc_field second_fields[] = {TC_FIELD("type", 0, 1, TEXT, TYPE),
                                                TC_FIELD("second", 1, 4, EPOCH_S, EXCH_SECOND)};
static const struct tc_field rest_fields[] = {TC_FIELD("type", 0, 1, TEXT, TYPE),
                                              TC_FIELD("ns", 1, 4, SECOND_NS, EXCH_TIME)};
static const struct tc_field both_fields[] = {TC_FIELD("type", 0, 1, TEXT, TYPE),
                                              TC_FIELD("second", 1, 4, EPOCH_S, EXCH_SECOND),
                                              TC_FIELD("ns", 5, 4, SECOND_NS, EXCH_TIME)};
static const struct tc_field whole_fields[] = {TC_FIELD("type", 0, 1, TEXT, TYPE),
                                               TC_FIELD("time", 1, 8, EPOCH_NS, EXCH_TIME)};
static const struct tc_field none_fields[] = {TC_FIELD("type", 0, 1, TEXT, TYPE),
                                              TC_FIELD("code", 1, 1, TEXT, CODE)};

enum { SECOND, REST, BOTH, WHOLE, NONE, CLASSES };

static const struct tc_type types[CLASSES] = {
    [SECOND] = TC_TYPE('T', "second", 5, second_fields, 0),
    [REST] = TC_TYPE('A', "rest", 5, rest_fields, 0),
    [BOTH] = TC_TYPE('B', "both", 9, both_fields, 0),
    [WHOLE] = TC_TYPE('E', "whole", 9, whole_fields, 0),
    [NONE] = TC_TYPE('X', "none", 2, none_fields, 0),
};

static const struct tc_feed feed = {
    .name = "moldudp64/seconds",
    .source = "this test",
    .framing = &tc_framing_moldudp64,
    .types = types,
    .id = 999,
    .type_count = CLASSES,
    .flags = TC_FEED_BIG_ENDIAN,
};

/* The same, but seconds since midnight. */
static const struct tc_field midnight_fields[] = {
    TC_FIELD("type", 0, 1, TEXT, TYPE), TC_FIELD("second", 1, 4, MIDNIGHT_S, EXCH_SECOND)};
static const struct tc_type midnight_types[] = {TC_TYPE('T', "second", 5, midnight_fields, 0),
                                                TC_TYPE('A', "rest", 5, rest_fields, 0)};
static const struct tc_feed midnight_feed = {
    .name = "moldudp64/midnight",
    .source = "this test",
    .framing = &tc_framing_moldudp64,
    .types = midnight_types,
    .id = 998,
    .type_count = 2,
    .flags = TC_FEED_BIG_ENDIAN,
};

static struct tc_capture *capture;
static struct tc_exchange exchange;
static void *memory;

static void open_feed(const struct tc_feed *of, uint16_t lines, const char *zone)
{
    const struct smith_channel channel = {of, lines};
    struct tc_error error = {0};
    size_t bytes;

    cr_assert_eq(tc_feed_check(of, &error), TC_OK, "%s", error.text);
    capture = smith_capture_new(&channel, 1, 1);
    if (zone != NULL)
        cr_assert_eq(tc_zone_load(&capture->catalog.channels[0].zone, zone, NULL, &error), TC_OK,
                     "%s", error.text);
    bytes = tc_align_up(tc_exchange_footprint(&capture->catalog), 64);
    memory = aligned_alloc(64, bytes);
    cr_assert_not_null(memory);
    memset(memory, 0, bytes);
    tc_exchange_init(&exchange, memory, &capture->catalog);
}

static void close_feed(void)
{
    free(memory);
    smith_capture_free(capture);
}

/* A message as it travels. */
struct sent {
    uint8_t class;
    uint16_t line;
    uint64_t sequence;
    uint64_t time_ns; /* the truth */
};

static bool time_of(const struct sent *sent, const char *session, uint64_t midnight_ns,
                    uint64_t *exch_ns)
{
    uint8_t bytes[16] = {0};
    uint8_t header[20] = {0};
    uint64_t second = (sent->time_ns - midnight_ns) / SECOND_NS;
    const struct tc_exch_message message = {
        .bytes = bytes,
        .session = header,
        .sequence = sent->sequence,
        .rx_ns = sent->time_ns + 170000,
        .line = sent->line,
        .class = sent->class,
    };

    memcpy(header, session, strlen(session));
    switch (sent->class) {
    case SECOND: tc_store_uint(bytes + 1, second, 4, true); break;
    case REST: tc_store_uint(bytes + 1, sent->time_ns % SECOND_NS, 4, true); break;
    case BOTH:
        tc_store_uint(bytes + 1, second, 4, true);
        tc_store_uint(bytes + 5, sent->time_ns % SECOND_NS, 4, true);
        break;
    case WHOLE: tc_store_uint(bytes + 1, sent->time_ns, 8, true); break;
    default: break;
    }
    return tc_exchange_time(&exchange, &message, exch_ns);
}

/* What a message must be found to say; 0: nothing. */
static void expect(const struct sent *sent, const char *session, uint64_t midnight_ns,
                   uint64_t expected_ns)
{
    uint64_t exch_ns = 0;
    bool found = time_of(sent, session, midnight_ns, &exch_ns);

    cr_assert_eq(found, expected_ns != 0, "class %u, sequence %lu of line %u in %s", sent->class,
                 sent->sequence, sent->line, session);
    cr_assert_eq(exch_ns, expected_ns, "class %u, sequence %lu of line %u in %s: %lu is not %lu",
                 sent->class, sent->sequence, sent->line, session, exch_ns, expected_ns);
}

/* The next message of a feed that tells each second before it is used. */
static struct sent next_sent(struct test_random *random, struct sent *last)
{
    uint64_t step_ns = test_random(random) >> (34 + test_below(random, 20));
    struct sent next = {.line = last->line, .sequence = last->sequence + 1};

    next.time_ns = last->time_ns + step_ns;
    next.class = (uint8_t)(REST + test_below(random, CLASSES - REST));
    if (next.time_ns / SECOND_NS != last->time_ns / SECOND_NS || last->sequence == 0) {
        next.class = SECOND;
        next.time_ns -= next.time_ns % SECOND_NS;
    }
    *last = next;
    return next;
}

Test(exchange, in_order_every_message_has_its_time)
{
    struct test_random random = {1};
    struct sent last[2];

    open_feed(&feed, 2, NULL);
    for (int session = 0; session < 30; session++) {
        char name[11];

        snprintf(name, sizeof name, "S%d", session);
        for (uint16_t line = 0; line < 2; line++)
            last[line] = (struct sent){
                .line = line, .time_ns = (946684800 + test_below(&random, 3155760000)) * SECOND_NS};
        for (int i = 0; i < 2000; i++) {
            struct sent sent = next_sent(&random, &last[test_below(&random, 2)]);

            expect(&sent, name, 0, sent.class == NONE ? 0 : sent.time_ns);
        }
    }
    close_feed();
}

/* Late and again: of the second told before them, as long as that was one of the last two. */
Test(exchange, late_messages_belong_to_the_second_told_before_them)
{
    enum { MESSAGES = 3000 };
    static struct sent sent[MESSAGES];
    struct test_random random = {2};
    struct sent last = {.time_ns = UINT64_C(1795185000000000000)};
    uint64_t told[2] = {0}; /* sequences of the latest messages with a second */
    uint32_t known = 0, unknown = 0;

    open_feed(&feed, 1, NULL);
    for (int i = 0; i < MESSAGES; i++) {
        sent[i] = next_sent(&random, &last);
        if (sent[i].class == SECOND || sent[i].class == BOTH) {
            told[1] = told[0];
            told[0] = sent[i].sequence;
        }
        expect(&sent[i], "S", 0, sent[i].class == NONE ? 0 : sent[i].time_ns);
        /* and one of those before once more; seconds of old are no news */
        uint64_t back = test_below(&random, i % 2 == 0 ? 8 : (uint64_t)i + 1);
        const struct sent *again = &sent[back > (uint64_t)i ? 0 : (uint64_t)i - back];
        bool since = again->sequence >= (told[1] != 0 ? told[1] : told[0]);

        if (again->class == NONE || (again->class == REST && !since)) {
            unknown += again->class == REST;
            expect(again, "S", 0, 0);
            continue;
        }
        known += again->class == REST;
        expect(again, "S", 0, again->time_ns);
    }
    cr_assert_gt(known, 100);
    cr_assert_gt(unknown, 100);
    close_feed();
}

Test(exchange, lines_and_sessions_know_nothing_of_each_other)
{
    const uint64_t time_ns = UINT64_C(1795185000123456789);
    const struct sent second = {SECOND, 0, 5, time_ns - time_ns % SECOND_NS};
    const struct sent rest = {REST, 0, 6, time_ns};
    const struct sent other_line = {REST, 1, 6, time_ns};
    const struct sent before = {REST, 0, 4, time_ns};
    const struct sent first = {REST, 0, 1, time_ns};

    open_feed(&feed, 2, NULL);
    expect(&rest, "A", 0, 0); /* nothing has been told yet: no guess */
    expect(&second, "A", 0, second.time_ns);
    expect(&rest, "A", 0, time_ns);
    expect(&before, "A", 0, 0);
    expect(&other_line, "A", 0, 0);
    expect(&rest, "B", 0, 0);
    expect(&rest, "A", 0, time_ns);
    expect(&second, "B", 0, second.time_ns);
    expect(&first, "B", 0, 0);
    expect(&rest, "B", 0, time_ns);
    expect(&rest, "A", 0, 0); /* that session is over */
    close_feed();
}

/* When that local day began, as the C library says. */
static uint64_t midnight_of(int year, int day)
{
    struct tm local = {.tm_year = year - 1900, .tm_mday = day, .tm_isdst = -1};

    return (uint64_t)mktime(&local) * SECOND_NS;
}

/* Seconds since midnight on every day of some years, those on which clocks change among them. */
Test(exchange, seconds_since_midnight)
{
    static const int years[] = {2000, 2007, 2024, 2026, 2096, 2099};
    struct test_random random = {3};
    uint64_t sequence = 0;

    open_feed(&midnight_feed, 1, "America/New_York");
    setenv("TZ", "America/New_York", 1);
    tzset();
    for (size_t i = 0; i < sizeof years / sizeof years[0]; i++)
        for (int day = 1; day <= 366; day++) {
            uint64_t midnight_ns = midnight_of(years[i], day);
            uint64_t day_ns = midnight_of(years[i], day + 1) - midnight_ns;
            uint64_t since_ns = test_below(&random, day_ns / SECOND_NS) * SECOND_NS;
            struct sent sent = {SECOND, 0, ++sequence, midnight_ns + since_ns};

            expect(&sent, "S", midnight_ns, sent.time_ns);
            sent = (struct sent){REST, 0, ++sequence,
                                 sent.time_ns + test_below(&random, SECOND_NS)};
            expect(&sent, "S", midnight_ns, sent.time_ns);
        }
    close_feed();
}

Test(exchange, a_type_that_nobody_knows_has_no_time)
{
    const struct sent sent = {TC_CLASS_OTHER, 0, 1, 5};

    open_feed(&feed, 1, NULL);
    expect(&sent, "S", 0, 0);
    close_feed();
}
