/*
 * Watching a running capture and ending it. The end has phases: receivers poll no more; then the
 * ports' counters are looked at a last time, so that what a port missed up to there is told in its
 * stream, and groups are left; then everything is handed over, the stream of several streams last.
 */
#include "tickcapd/capturerun.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <rte_launch.h>
#include <rte_lcore.h>

enum { PAUSE_NS = 200 * 1000, LEAVING_NS = 500 * 1000 * 1000 };

/* ---- telling receivers ---- */

/* A port's own counters and its link stand in the stream of its first queue. */
static bool tell_port(void *context, const struct tc_notice *notice)
{
    struct tc_capture_run *run = context;

    for (size_t i = 0; i < run->plan->stream_count; i++)
        if (run->plan->streams[i].port == notice->port && run->plan->streams[i].queue == 0)
            return rte_ring_sp_enqueue_elem(run->streams[i].notices, (void *)(uintptr_t)notice,
                                            sizeof *notice) == 0;
    return false;
}

void tc_capture_run_tell(struct tc_capture_run *run, struct tc_notice *notice)
{
    uint16_t port = notice->port;

    for (size_t i = 0; i < run->plan->port_count; i++) {
        notice->port = (uint16_t)i;
        if (port == TC_PORT_NONE || port == i)
            (void)tell_port(run, notice);
    }
    notice->port = port;
}

static bool is_heard(void *context, uint16_t line)
{
    struct tc_figures figures;

    tc_capture_run_figures(context, line, &figures);
    return figures.packets > 0 || figures.malformed > 0;
}

static void look_at_lines(struct tc_capture_run *run, bool ends)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    tc_unheard_look(&run->unheard, (uint64_t)(now.tv_sec - run->started.tv_sec), ends, is_heard,
                    run);
}

static void warn_of(const struct tc_capture_run *run, const char *sentence)
{
    if (run->warn != NULL)
        run->warn(sentence);
}

/* A port that was to stamp and never did, or only with times that cannot be true: told once. */
static void look_at_stamps(struct tc_capture_run *run, uint16_t number)
{
    const struct tc_plan_port *plan = &run->plan->ports[number];
    uint64_t received = 0, unstamped = 0, refused = 0;
    char sentence[400];

    if (run->clocks.ports[number].clock.way == TC_WAY_SOFTWARE || run->told[number].stampless)
        return;
    for (size_t i = 0; i < run->plan->stream_count; i++)
        if (run->plan->streams[i].port == number) {
            const struct tc_run_stream *stream = &run->streams[i];
            struct tc_ledger ledger;

            tc_capture_run_stream_ledger(stream, &ledger);
            received += ledger.received;
            refused += ledger.bad_time;
            unstamped += tc_published_get(&stream->receiver->published.unstamped);
        }
    if (received == 0 || unstamped + refused < received)
        return;
    run->told[number].stampless = true;
    snprintf(sentence, sizeof sentence,
             "port %s: profile %s asks for the time of the %s, but driver %s gave none of the "
             "first %lu frames one%s: receive times are software time, of the burst%s",
             plan->config->name, plan->profile.name, tc_stamps_giver(&plan->profile),
             run->ports[number].driver, received, refused > 0 ? " that can be true" : "",
             refused > 0 && plan->profile.source == TC_CLOCK_NIC
                 ? "; synchronise its clock, or correct timestamp.unit and timestamp.epoch"
                 : "");
    warn_of(run, sentence);
}

/* Stamps are taken as they are from a clock that is far from this host's: somebody should know. */
static void look_at_clock(struct tc_capture_run *run, uint16_t number)
{
    const struct tc_plan_port *plan = &run->plan->ports[number];
    const struct tc_port_clock *clock = &run->clocks.ports[number].clock;
    int64_t apart_ns = -clock->clock.residual_ns;
    char sentence[400];

    if (clock->way != TC_WAY_COMPARED || run->told[number].apart ||
        (apart_ns <= TC_STEP_NS && apart_ns >= -TC_STEP_NS))
        return;
    run->told[number].apart = true;
    snprintf(sentence, sizeof sentence,
             "port %s: the clock of the %s shows %ld ms %s than this host's, and receive times are "
             "as it stamps: synchronise both (chrony, ptp4l, phc2sys), or set timestamp.epoch of "
             "profile %s to start to have them converted",
             plan->config->name, tc_stamps_giver(&plan->profile),
             (labs(apart_ns) + 500000) / 1000000, apart_ns > 0 ? "more" : "less",
             plan->profile.name);
    warn_of(run, sentence);
}

void tc_capture_run_correct(struct tc_capture_run *run)
{
    tc_clock_watch_round(&run->clocks);
    for (size_t i = 0; i < run->plan->stream_count; i++) {
        const struct tc_times times = tc_clock_watch_times(&run->clocks,
                                                           run->plan->streams[i].port);

        /* a receiver that has not taken up the last correction gets the next one */
        (void)tc_time_publish(&run->streams[i].times, &times);
    }
}

void tc_capture_run_watch(struct tc_capture_run *run, uint64_t now_ns)
{
    tc_clock_watch_host(&run->clocks);
    for (size_t i = 0; i < run->plan->port_count; i++) {
        tc_port_watch_look(&run->watches[i], now_ns, tell_port, run);
        tc_port_joins_link(&run->joins[i], tc_eth_port_link_up(&run->ports[i]));
        look_at_stamps(run, (uint16_t)i);
        look_at_clock(run, (uint16_t)i);
    }
    look_at_lines(run, false);
}

bool tc_capture_run_joins(const struct tc_capture_run *run)
{
    for (size_t i = 0; i < run->plan->port_count; i++)
        if (run->joins[i].network_count > 0)
            return true;
    return false;
}

void tc_capture_run_answer(struct tc_capture_run *run, uint64_t now_ns)
{
    struct tc_stray stray;

    for (size_t i = 0; i < run->plan->stream_count; i++)
        for (int left = TC_STRAYS; left > 0 && tc_stray_take(run->streams[i].strays, &stray);
             left--) {
            if (stray.kind == TC_STRAY_QUERY)
                tc_port_joins_hear(&run->joins[stray.port], &stray, now_ns);
            else
                tc_unheard_near(&run->unheard, &stray);
        }
    for (size_t i = 0; i < run->plan->port_count; i++)
        tc_port_joins_step(&run->joins[i]);
}

void tc_capture_run_hear(struct tc_capture_run *run, uint64_t now_ns)
{
    uint64_t lost = 0;

    if (run->chorus == NULL)
        return;
    for (size_t i = 0; i < run->plan->stream_count; i++) {
        const struct tc_receiver *receiver = run->streams[i].receiver;

        lost += tc_published_get(&receiver->published.reports_lost);
        run->chorus->stream.reports.sources[i].ended =
            atomic_load_explicit(&receiver->task.done, memory_order_acquire) ||
            tc_published_get(&receiver->published.exhausted) != 0;
    }
    tc_chorus_stream_step(&run->chorus->stream, now_ns, lost);
}

/* ---- the end ---- */

static uint64_t utc_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void pause_a_little(void)
{
    nanosleep(&(const struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}

static bool all_quiet(const struct tc_capture_run *run)
{
    for (size_t i = 0; i < run->plan->stream_count; i++)
        if (tc_published_get(&run->streams[i].receiver->published.quiet) == 0)
            return false;
    return true;
}

static bool all_received(const struct tc_capture_run *run)
{
    for (size_t i = 0; i < run->plan->stream_count; i++)
        if (!atomic_load_explicit(&run->streams[i].receiver->task.done, memory_order_acquire))
            return false;
    return true;
}

/* Says good-bye to the switches; one that cannot be reached forgets by itself. */
static void leave_groups(struct tc_capture_run *run)
{
    uint64_t patience = LEAVING_NS / PAUSE_NS;

    for (size_t i = 0; i < run->plan->port_count; i++)
        tc_port_joins_leave(&run->joins[i]);
    for (size_t i = 0; i < run->plan->port_count; i++)
        for (; !tc_port_joins_left(&run->joins[i]) && patience > 0; patience--) {
            tc_port_joins_step(&run->joins[i]);
            pause_a_little();
        }
}

/* Hears the receivers out, and then ends the stream of what they had in common. */
static void end_chorus(struct tc_capture_run *run)
{
    bool received = false;

    if (run->chorus == NULL)
        return;
    while (!received) {
        received = all_received(run);
        tc_capture_run_hear(run, utc_ns());
        pause_a_little();
    }
    while (!tc_chorus_stream_finish(&run->chorus->stream, utc_ns()))
        pause_a_little();
}

void tc_capture_run_end(struct tc_capture_run *run)
{
    atomic_store_explicit(&run->phase, TC_PHASE_QUIET, memory_order_release);
    if (!run->launched)
        return;
    while (!all_quiet(run)) {
        tc_capture_run_hear(run, utc_ns());
        pause_a_little();
    }
    tc_capture_run_answer(run, utc_ns());
    tc_capture_run_watch(run, utc_ns());
    leave_groups(run);
    atomic_store_explicit(&run->phase, TC_PHASE_END, memory_order_release);
    end_chorus(run);
    rte_eal_mp_wait_lcore();
    run->launched = false;
    /* the lcores have ended; whoever sees that a task is done sees all that it did */
    for (uint32_t i = 0; i < TC_CPUS_MAX; i++)
        for (uint32_t j = 0; j < run->lcores[i].task_count; j++)
            (void)atomic_load_explicit(&run->lcores[i].tasks[j]->done, memory_order_acquire);
    look_at_lines(run, true);
}
