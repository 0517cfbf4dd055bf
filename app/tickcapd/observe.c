/*
 * A round every 100 ms; clocks every second, the drivers' counters every minute, queries of IGMP
 * every 20 ms. A signal ends the pause between rounds at once.
 */
#include "tickcapd/observe.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
    ROUND_NS = 100 * 1000 * 1000,
    ROUNDS_A_SECOND = 10,
    ROUNDS_A_MINUTE = 600,
    JOIN_PARTS = 5, /* of a round, where a port joins: queries may want an answer within 100 ms */
};

#define SECOND_NS UINT64_C(1000000000)

static sigset_t ending_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

void tc_observe_block_signals(void)
{
    sigset_t signals = ending_signals();

    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static uint64_t utc_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* Bends the conversion of the processor's counter towards the system clock. */
static void correct_clocks(struct tc_capture_run *run)
{
    struct tc_clock_sample sample = tc_tsc_sample();
    uint32_t steps = run->discipline.steps;

    tc_discipline_take(&run->discipline, &sample, SECOND_NS);
    if (run->discipline.steps != steps)
        tc_capture_run_tell(run,
                            &(struct tc_notice){.kind = TC_NOTICE_EVENT,
                                                .event = TC_EVENT_CLOCK_STEP,
                                                .port = TC_PORT_NONE,
                                                .time_ns = sample.utc_ns,
                                                .values = {(uint64_t)run->discipline.step_ns}});
    for (size_t i = 0; i < run->plan->stream_count; i++)
        /* a receiver that has not taken up the last correction gets the next one */
        (void)tc_clock_publish(&run->streams[i].clock, &run->discipline.clock);
}

/*
 * Counters of 32 bits in a device stick at their end unless somebody reads them: ixgbe asks for a
 * reading every four minutes (DPDK 22.11, doc/guides/nics/ixgbe.rst, "Statistics").
 */
static void keep_counters(const struct tc_capture_run *run)
{
    for (size_t i = 0; i < run->plan->port_count; i++)
        (void)tc_eth_port_losses(&run->ports[i]);
}

/* One line that is rewritten, where somebody may be watching. */
static void show_progress(const struct tc_capture_run *run, uint64_t seconds, uint64_t *last)
{
    struct tc_ledger ledger;

    tc_capture_run_ledger(run, &ledger);
    fprintf(stderr, "\r%lu s: %lu frames recorded, %lu/s, %lu messages, %lu dropped \033[K",
            seconds, ledger.recorded, ledger.recorded - *last, ledger.messages,
            tc_ledger_dropped(&ledger));
    *last = ledger.recorded;
}

/* Sleeps until the next round; false when a signal has come. */
static bool pause_for_round(struct tc_capture_run *run, const sigset_t *signals, bool joins)
{
    int parts = joins ? JOIN_PARTS : 1;
    const struct timespec part = {.tv_nsec = ROUND_NS / parts};

    for (int i = 0; i < parts; i++) {
        if (sigtimedwait(signals, NULL, &part) >= 0)
            return false;
        tc_capture_run_answer(run, utc_ns());
    }
    return true;
}

enum tc_ending tc_observe(struct tc_capture_run *run, uint64_t duration_s)
{
    const sigset_t signals = ending_signals();
    bool joins = tc_capture_run_joins(run);
    bool terminal = isatty(STDERR_FILENO) == 1;
    enum tc_ending ending = TC_ENDED_SIGNAL;
    uint64_t shown = 0;
    struct tc_error failure;

    tc_capture_run_answer(run, utc_ns());
    for (uint64_t rounds = 1; pause_for_round(run, &signals, joins); rounds++) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        if (duration_s != 0 && (now.tv_sec - run->started.tv_sec > (time_t)duration_s ||
                                (now.tv_sec - run->started.tv_sec == (time_t)duration_s &&
                                 now.tv_nsec >= run->started.tv_nsec))) {
            ending = TC_ENDED_DURATION;
            break;
        }
        if (tc_capture_run_exhausted(run)) {
            ending = TC_ENDED_EXHAUSTED;
            break;
        }
        if (tc_capture_run_failure(run, &failure)) {
            ending = TC_ENDED_FAILURE;
            break;
        }
        tc_capture_run_hear(run, utc_ns());
        if (rounds % ROUNDS_A_SECOND != 0)
            continue;
        correct_clocks(run);
        tc_capture_run_watch(run, utc_ns());
        if (rounds % ROUNDS_A_MINUTE == 0)
            keep_counters(run);
        if (terminal)
            show_progress(run, rounds / ROUNDS_A_SECOND, &shown);
    }
    if (terminal && shown > 0)
        fprintf(stderr, "\r\033[K");
    return ending;
}
