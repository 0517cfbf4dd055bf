/* Verification finds receive times that go back or were refused, unless an event says why. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "feed/registry.h"
#include "segmentbed.h"

TestSuite(timecheck, .init = segments_set_up, .fini = segments_tear_down);

enum { STEP = -1, END = -2 };

/* A frame `at_ns` after the begin, or the event that a clock was set by `at_ns`. */
struct moment {
    int64_t at_ns;
    int kind; /* flags of a frame, STEP or END */
};

#define FRAME(at_ns) \
    {                \
        at_ns, 0     \
    }
#define BURST(at_ns)                  \
    {                                 \
        at_ns, TC_FRAME_SOFTWARE_TIME \
    }
#define REFUSED(at_ns)           \
    {                            \
        at_ns, TC_FRAME_BAD_TIME \
    }
#define SET_BY(step_ns) \
    {                   \
        step_ns, STEP   \
    }

static void play(struct pipework *work, const struct moment *moments)
{
    const uint64_t begin_ns = UINT64_C(1795185000000000000);
    static const uint8_t bytes[60];

    for (; moments->kind != END; moments++) {
        struct tc_arrival arrival = {
            .bytes = bytes,
            .captured_bytes = sizeof bytes,
            .wire_bytes = sizeof bytes,
            .rx_ns = begin_ns + (uint64_t)moments->at_ns,
            .proc_ns = begin_ns + 1000,
            .flags = (uint16_t)moments->kind,
        };
        const uint64_t step[] = {(uint64_t)moments->at_ns, TC_STEPPED_SYSTEM};

        if (moments->kind == STEP)
            tc_intake_event(&work->intake, TC_EVENT_CLOCK_STEP, 0, begin_ns, step, sizeof step);
        else
            pipework_take(work, &arrival);
    }
    pipework_finish(work, begin_ns + 2000);
}

/* Records the moments and says how many faults there are; the sentence of the first. */
static uint64_t faults_of(const struct moment *moments, enum tc_clock_source source, bool untold,
                          struct faults *faults)
{
    struct tc_capture *capture = segments_capture(&tc_feed_itch50, 1);
    struct pipework_options options = segments_small;
    struct pipework *work;
    uint64_t count;

    options.capture = capture;
    options.directory = segments_folder;
    options.keep = true;
    options.untold = untold;
    work = pipework_new(&options);
    work->intake.clock.source = (uint8_t)source;
    play(work, moments);
    count = segments_verify(segments_folder, faults);
    segments_finish(work, capture);
    segments_tear_down();
    segments_set_up();
    return count;
}

Test(timecheck, times_that_go_back_need_a_clock_that_was_set_back)
{
    static const struct {
        uint64_t faults;
        struct moment moments[8];
    } rows[] = {
        {0, {FRAME(5), FRAME(5), FRAME(6), {0, END}}},
        {1, {FRAME(5), FRAME(4), FRAME(6), {0, END}}},
        {1, {FRAME(5), FRAME(4), {0, END}}},
        {1, {FRAME(9), FRAME(8), FRAME(7), FRAME(10), {0, END}}}, /* the first one is enough */
        /* the event may come before the frames that show it, or after them */
        {0, {FRAME(900), SET_BY(-500), FRAME(450), FRAME(460), {0, END}}},
        {0, {FRAME(900), FRAME(450), FRAME(460), SET_BY(-500), {0, END}}},
        {1, {FRAME(900), FRAME(450), SET_BY(-500), FRAME(40), {0, END}}},
        {1, {FRAME(900), SET_BY(-500), FRAME(450), FRAME(40), {0, END}}},
        {1, {FRAME(100), SET_BY(500), FRAME(50), {0, END}}},
        {1, {FRAME(100), SET_BY(500), FRAME(700), FRAME(50), {0, END}}},
        /* frames without a stamp have the time of their burst, which is later */
        {0, {FRAME(100), BURST(300), FRAME(110), FRAME(120), BURST(300), {0, END}}},
        {1, {FRAME(100), BURST(300), FRAME(110), BURST(299), {0, END}}},
        /* what was refused says nothing */
        {0, {FRAME(100), REFUSED(0), FRAME(100), REFUSED(900), FRAME(110), {0, END}}},
        {1, {FRAME(100), REFUSED(0), FRAME(99), {0, END}}},
    };
    struct faults faults;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t count = faults_of(rows[i].moments, TC_CLOCK_NIC, false, &faults);

        cr_assert_eq(count, rows[i].faults, "row %zu: %lu faults, the first: %s", i, count,
                     faults.first.text);
        cr_assert(count == 0 || strstr(faults.first.text, "before the frame before it") != NULL,
                  "%s", faults.first.text);
        /* files hold what somebody else recorded */
        cr_assert_eq(faults_of(rows[i].moments, TC_CLOCK_FILE, false, &faults), 0, "row %zu: %s", i,
                     faults.first.text);
    }
}

Test(timecheck, times_that_were_refused_are_told_of)
{
    static const struct moment moments[] = {FRAME(5), REFUSED(0), REFUSED(0), FRAME(6), {0, END}};
    struct faults faults;

    cr_assert_eq(faults_of(moments, TC_CLOCK_NIC, false, &faults), 0, "%s", faults.first.text);
    cr_assert_eq(faults_of(moments, TC_CLOCK_NIC, true, &faults), 1);
    cr_assert(strstr(faults.first.text, "of 2 frames was refused, but events tell of 0") != NULL,
              "%s", faults.first.text);
}
