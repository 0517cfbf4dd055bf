/*
 * Feed tables as a recorded file brings them: refused, or good for everything that walks a table:
 * printing, recording and reading back, and the head of another file.
 *
 * Input: eight bytes of seed for the messages, then the contents of a box of feed tables.
 */
#include <jansson.h>

#include "feed/print.h"
#include "fuzz.h"
#include "hostile.h"

enum { TABLES_MAX = 4, MESSAGE_BYTES_MAX = 1024, TEXT_BYTES_MAX = 1 << 20, HEAD_BYTES = 1 << 20 };

/* A table that the generator can make messages of, and its messages packets. */
static bool is_small(const struct tc_feed *feed)
{
    for (size_t class = 0; class < feed->type_count; class ++)
        if (feed->types[class].bytes > MESSAGE_BYTES_MAX)
            return false;
    return true;
}

static void print(const struct tc_feed *feed, struct smith_random *random)
{
    static char text[TEXT_BYTES_MAX];

    for (size_t class = 0; class < feed->type_count; class ++) {
        uint8_t made[MESSAGE_BYTES_MAX];
        uint16_t bytes = smith_message(random, feed, (uint8_t) class, made);
        uint8_t *message = fuzz_exact(made, bytes);

        for (int style = TC_PRINT_TEXT; style <= TC_PRINT_JSON; style++) {
            struct tc_scribe out = tc_scribe_of(text, sizeof text);
            json_error_t why;
            json_t *parsed;

            tc_print_message(&out, feed, &feed->types[class], message, bytes, style);
            FUZZ_MUST(!out.failed, "a message has no room");
            if (style != TC_PRINT_JSON)
                continue;
            parsed = json_loadb(text, out.length, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &why);
            FUZZ_MUST(parsed != NULL, why.text);
            json_decref(parsed);
        }
        free(message);
    }
    {
        uint8_t session[TC_SESSION_BYTES];
        struct tc_scribe out = tc_scribe_of(text, sizeof text);

        smith_fill(random, session, sizeof session);
        tc_print_session(&out, feed->framing, session);
    }
}

static void take(void *context, const struct tc_arrival *arrival)
{
    pipework_take(context, arrival);
}

static void record(const struct tc_capture *capture, uint64_t seed)
{
    const struct pipework_options options = {
        .capture = capture,
        .batches = 2,
        .limits = {.batch_messages = 16, .block_messages = 8192 + 64},
        .plain = seed % 2 == 0,
    };
    struct pipework *work = pipework_new(&options);
    struct hostile *hostile = hostile_new(capture, seed, take, work);

    hostile_feed(hostile, 24);
    hostile_noise(hostile, 4);
    pipework_finish(work, hostile->time_ns);
    hostile_free(hostile);
    pipework_free(work);
}

/* The head of another file says the same of the table. */
static void keep(const struct tc_capture *capture)
{
    static uint8_t first[HEAD_BYTES], second[HEAD_BYTES];
    struct tc_scribe out = tc_scribe_of(first, sizeof first);
    struct tc_capture read = {0};
    struct tc_arena arena = {0};
    struct tc_error error = {0};
    struct tc_cursor boxes, box;
    uint32_t kind;

    tc_capture_write(&out, capture);
    FUZZ_MUST(!out.failed, "a head has no room");
    boxes = tc_cursor_of(first, out.length);
    while (tc_box_next(&boxes, &kind, &box))
        FUZZ_MUST(tc_capture_read(&read, &arena, kind, box, &error) == TC_OK, error.text);
    FUZZ_MUST(tc_capture_check(&read, &arena, &error) == TC_OK, error.text);
    out = tc_scribe_of(second, sizeof second);
    tc_capture_write(&out, &read);
    FUZZ_MUST(!out.failed && memcmp(first, second, out.length) == 0,
              "a table has come back as another");
    tc_arena_free(&arena);
}

static void use(const struct tc_feed *feed, uint64_t seed)
{
    const struct smith_channel channel = {feed, 2};
    struct smith_random random = {seed};
    struct tc_capture *capture;

    if (!is_small(feed))
        return;
    print(feed, &random);
    capture = smith_capture_new(&channel, 1, 1);
    keep(capture);
    record(capture, seed);
    smith_capture_free(capture);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct tc_cursor in = tc_cursor_of(bytes, length);
    uint64_t seed = tc_cursor_u64(&in);
    uint8_t *exact = fuzz_exact(in.at, tc_cursor_left(&in));
    struct tc_cursor box = tc_cursor_of(exact, tc_cursor_left(&in));
    struct tc_capture capture = {0};
    struct tc_arena arena = {0};
    struct tc_error error = {0};

    if (!in.failed && tc_capture_read(&capture, &arena, TC_BOX_FEEDS, box, &error) == TC_OK)
        for (uint16_t i = 0; i < capture.catalog.group_count && i < TABLES_MAX; i++)
            use(capture.catalog.group_feeds[i], seed + i);
    else
        FUZZ_MUST(in.failed || strlen(error.text) > 10, "refused without a sentence");
    tc_arena_free(&arena);
    free(exact);
    return 0;
}
