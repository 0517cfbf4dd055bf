/*
 * Latencies of lines: what is counted against sorted lists of the same values, one to a hundred
 * seconds of either sign; what counts only with its block; and what is told once.
 */
#include <criterion/criterion.h>

#include "block/latency.h"
#include "feed/registry.h"
#include "framesmith.h"
#include "support.h"

enum { FRAMES = 64, MESSAGES = 64, LINES = 2 };

#define DAY_NS   UINT64_C(1795132800000000000) /* a midnight, UTC */
#define BOUND_NS UINT64_C(3600000000000)

static struct tc_capture *capture;
static struct tc_latencies latencies;
static void *memory;

static void open_bed(void)
{
    const struct smith_channel channel = {&tc_feed_itch50, LINES};
    size_t bytes;

    capture = smith_capture_new(&channel, 1, 1);
    bytes = tc_align_up(tc_latencies_footprint(&capture->catalog, FRAMES, MESSAGES), 64);
    memory = aligned_alloc(64, bytes);
    cr_assert_not_null(memory);
    memset(memory, 0, bytes);
    tc_latencies_init(&latencies, memory, &capture->catalog, FRAMES, MESSAGES, BOUND_NS);
}

static void close_bed(void)
{
    free(memory);
    smith_capture_free(capture);
}

TestSuite(latency, .init = open_bed, .fini = close_bed);

/* A frame with one message made so long after noon, and received and handled so much later. */
static bool take(uint16_t line, uint64_t since_noon_ns, int64_t network, int64_t processing,
                 uint16_t flags, struct tc_latency_breach *breach)
{
    uint64_t since_ns = 12 * BOUND_NS + since_noon_ns;
    uint8_t payload[64] = {0};
    const struct tc_mark mark = {.offset = 22, .class = 0};
    struct tc_latency_frame frame = {
        .payload = payload, .marks = &mark, .messages = 1, .line = line, .flags = flags};

    tc_store_uint(payload + 22 + 5, since_ns, 6, true);
    frame.rx_ns = DAY_NS + since_ns + (uint64_t)network;
    frame.proc_ns = frame.rx_ns + (uint64_t)processing;
    return tc_latencies_take(&latencies, &frame, breach);
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return left < right ? -1 : left > right;
}

static int64_t random_latency(struct test_random *random)
{
    int64_t latency = (int64_t)(test_random(random) >> (27 + test_below(random, 36)));

    latency = latency > INT64_C(100000000000) ? INT64_C(100000000000) : latency;
    return test_below(random, 3) == 0 ? -latency : latency;
}

static void compare_row(const struct tc_histogram *histogram, int64_t *values, size_t count)
{
    static const double shares[] = {0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1};

    cr_assert_eq(histogram->total, count);
    qsort(values, count, sizeof values[0], compare);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        size_t rank = (size_t)(shares[i] * (double)count + 0.999999);
        int64_t expected = values[(rank > 0 ? rank : 1) - 1];
        int64_t found = tc_histogram_quantile(histogram, shares[i]);

        cr_assert_leq(100 * labs(found - expected), labs(expected), "%g: %ld is not %ld", shares[i],
                      found, expected);
    }
}

Test(latency, histograms_are_within_one_percent_of_sorted_lists)
{
    enum { VALUES = 4000 };
    static int64_t network[LINES][VALUES], processing[LINES][VALUES], total[LINES][VALUES];
    struct test_random random = {1};
    struct tc_latency_breach breach;
    size_t count[LINES] = {0};

    while (count[0] < VALUES && count[1] < VALUES) {
        uint16_t line = (uint16_t)test_below(&random, LINES);
        size_t i = count[line]++;

        network[line][i] = random_latency(&random);
        processing[line][i] = random_latency(&random);
        total[line][i] = network[line][i] + processing[line][i];
        cr_assert_not(take(line, test_below(&random, BOUND_NS), network[line][i],
                           processing[line][i], 0, &breach));
        if (latencies.log_count == FRAMES)
            tc_latencies_commit(&latencies);
    }
    tc_latencies_commit(&latencies);
    for (uint16_t line = 0; line < LINES; line++) {
        compare_row(&latencies.lines[line].network, network[line], count[line]);
        compare_row(&latencies.lines[line].processing, processing[line], count[line]);
        compare_row(&latencies.lines[line].total, total[line], count[line]);
    }
}

Test(latency, only_complete_blocks_count)
{
    struct tc_latency_breach breach;

    take(0, 0, 5, 0, 0, &breach);
    cr_assert_eq(latencies.lines[0].network.total, 0);
    tc_latencies_clear(&latencies); /* the segment before has ended: it is not of that one */
    tc_latencies_commit(&latencies);
    cr_assert_eq(latencies.lines[0].network.total, 1);
    tc_latencies_clear(&latencies);
    cr_assert_eq(latencies.lines[0].network.total, 0);
}

Test(latency, refused_times_say_nothing)
{
    struct tc_latency_breach breach;

    cr_assert_not(take(0, 0, 2 * (int64_t)BOUND_NS, 0, TC_FRAME_BAD_TIME, &breach));
    tc_latencies_commit(&latencies);
    cr_assert_eq(latencies.lines[0].network.total, 0);
    cr_assert_eq(latencies.lines[0].processing.total, 0);
}

Test(latency, beyond_the_bound_is_told_once_a_segment_and_line)
{
    const int64_t far = (int64_t)BOUND_NS + 1;
    struct tc_latency_breach breach = {0};

    cr_assert_not(take(0, 7, (int64_t)BOUND_NS, 0, 0, &breach));
    cr_assert_not(take(0, 7, -(int64_t)BOUND_NS, 0, 0, &breach));
    cr_assert(take(0, 7, far, 0, 0, &breach));
    cr_assert_eq(breach.exch_ns, DAY_NS + 12 * BOUND_NS + 7);
    cr_assert_eq(breach.rx_ns, breach.exch_ns + BOUND_NS + 1);
    cr_assert_not(take(0, 7, far, 0, 0, &breach));
    cr_assert(take(1, 7, -far, 0, 0, &breach), "another line is told of too");
    tc_latencies_commit(&latencies);
    cr_assert_not(take(0, 7, far, 0, 0, &breach));
    tc_latencies_commit(&latencies);
    tc_latencies_clear(&latencies);
    cr_assert_not(take(0, 7, 5, 0, 0, &breach));
    tc_latencies_commit(&latencies);
    cr_assert(take(0, 7, far, 0, 0, &breach), "a new segment");
    /* the block with it opens the next segment: the event stands there */
    tc_latencies_clear(&latencies);
    tc_latencies_commit(&latencies);
    cr_assert_not(take(0, 7, far, 0, 0, &breach), "it has been told in this segment");
}

Test(latency, written_and_read_again)
{
    static uint8_t bytes[3 * LINES * TC_HISTOGRAM_BYTES_MAX];
    static struct tc_latency found[LINES];
    struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);
    struct test_random random = {5};
    struct tc_latency_breach breach;
    struct tc_cursor in;
    uint64_t left_out = 0;

    for (int i = 0; i < FRAMES; i++)
        take(1, test_below(&random, BOUND_NS), random_latency(&random), random_latency(&random), 0,
             &breach);
    tc_latencies_commit(&latencies);
    tc_latencies_write(&out, &latencies, sizeof bytes);
    cr_assert_not(out.failed);
    in = tc_cursor_of(bytes, out.length);
    tc_latencies_read(&in, found, LINES, &left_out);
    cr_assert(!in.failed && tc_cursor_left(&in) == 0);
    cr_assert_eq(left_out, 0);
    cr_assert_eq(memcmp(found, latencies.lines, sizeof found), 0);
    /* a line that finds no room is counted instead */
    out = tc_scribe_of(bytes, sizeof bytes);
    tc_latencies_write(&out, &latencies, 8);
    in = tc_cursor_of(bytes, out.length);
    tc_latencies_read(&in, found, LINES, &left_out);
    cr_assert_eq(left_out, 1);
}
