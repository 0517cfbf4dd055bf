/*
 * Time zone files: any bytes are a zone that can be used, written and read again, or are refused.
 */
#include "clock/exchtime.h"
#include "feed/registry.h"
#include "file/capture.h"
#include "framesmith.h"
#include "fuzz.h"

enum { DAY_S = 86400 };

/* Any moment has an offset, and any local time a moment. */
static void use(const struct tc_zone *zone, uint64_t seed)
{
    struct smith_random random = {seed};

    for (int i = 0; i < 40; i++) {
        uint64_t number = smith_number(&random) >> smith_below(&random, 64);
        int64_t utc_s = (int64_t)(number % (UINT64_C(1) << 41)) - (INT64_C(1) << 40);
        int64_t local_s = utc_s + tc_zone_offset(zone, utc_s);
        struct tc_midnights midnights;

        tc_midnights_init(&midnights, zone);
        tc_exch_of_midnight(&midnights, number % (DAY_S * UINT64_C(1000000000)), number);
        tc_exch_of_midnight(&midnights, smith_number(&random), smith_number(&random));
        tc_zone_utc_of_local(zone, local_s);
        FUZZ_MUST(local_s - utc_s <= DAY_S && local_s - utc_s >= -DAY_S, "more than a day ahead");
    }
}

static bool same_spans(const struct tc_zone *a, const struct tc_zone *b)
{
    for (uint32_t i = 0; i < a->count && a->count == b->count; i++)
        if (a->spans[i].from_s != b->spans[i].from_s ||
            a->spans[i].offset_s != b->spans[i].offset_s)
            return false;
    return a->count == b->count;
}

/* What a recorded file says of it. */
static void keep(const struct tc_zone *zone)
{
    const struct smith_channel channel = {&tc_feed_itch50, 1};
    struct tc_capture *capture = smith_capture_new(&channel, 1, 1);
    struct tc_capture read = {0};
    struct tc_arena arena = {0};
    struct tc_error error = {0};
    struct tc_cursor boxes, box;
    struct tc_scribe out;
    static uint8_t bytes[1 << 16];
    uint32_t kind;

    capture->catalog.channels[0].zone = *zone;
    out = tc_scribe_of(bytes, sizeof bytes);
    tc_capture_write(&out, capture);
    FUZZ_MUST(!out.failed, "a capture with that zone is too long");
    boxes = tc_cursor_of(bytes, out.length);
    while (tc_box_next(&boxes, &kind, &box))
        FUZZ_MUST(tc_capture_read(&read, &arena, kind, box, &error) == TC_OK, error.text);
    FUZZ_MUST(read.catalog.channel_count == 1 && same_spans(&read.catalog.channels[0].zone, zone),
              "a zone has come back as another");
    tc_arena_free(&arena);
    smith_capture_free(capture);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    uint8_t *exact = fuzz_exact(bytes, length);
    struct tc_zone zone = {.name = "Fuzz/Zone"};
    struct tc_error error = {0};

    if (tc_zone_parse(&zone, exact, length, &error) == TC_OK) {
        FUZZ_MUST(zone.count > 0 && zone.count <= TC_ZONE_SPANS_MAX, "a zone without an offset");
        use(&zone, length);
        keep(&zone);
        tc_zone_narrow(&zone, -(int64_t)length * DAY_S, (int64_t)length * DAY_S);
        FUZZ_MUST(zone.count > 0, "a narrowed zone without an offset");
        use(&zone, length + 1);
        keep(&zone);
    } else {
        FUZZ_MUST(strlen(error.text) > 10 && error.status != TC_OK, "refused without a sentence");
    }
    free(exact);
    return 0;
}
