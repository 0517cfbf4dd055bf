/*
 * tickcap gen: makes a feed, sends it over its lines, and writes what arrives.
 *
 *   market -> day -> publisher -> delivery -> pcap, and the expectation beside it
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tickcap/command.h"
#include "tickcap/gen/captureconfig.h"
#include "tickcap/gen/companion.h"
#include "tickcap/gen/expectationjson.h"
#include "tickcap/gen/genoptions.h"
#include "tickcap/gen/nanopcap.h"
#include "tickcap/gen/newyork.h"
#include "tickcap/gen/tradingday.h"

#define PROGRESS_NS 250000000

/* Everything that one run of the command owns. */
struct generator {
    const struct tc_gen_plan *plan;
    struct tc_listing listing;
    struct tc_market market;
    struct tc_publisher publisher;
    struct tc_delivery delivery;
    struct tc_nanopcap pcap;
    struct tc_companion expect;
    struct tc_companion expect_gaps;
    struct tc_companion config;
    struct tc_expectation expectation; /* kept where somebody asks for it */
    uint64_t frames;
    uint64_t begun_ns;
    uint64_t shown_ns;
};

static bool expects(const struct tc_gen_plan *plan)
{
    return plan->expect != NULL || plan->expect_gaps != NULL;
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static double millions_a_second(const struct generator *generator, uint64_t messages)
{
    return 1e3 * (double)messages / (double)(now_ns() - generator->begun_ns + 1);
}

/* Rewrites one line on a terminal, a few times a second. */
static void show_progress(void *context, uint64_t made)
{
    struct generator *generator = context;
    uint64_t now = now_ns();

    if (now - generator->shown_ns < PROGRESS_NS)
        return;
    generator->shown_ns = now;
    fprintf(stderr, "\r%lu of %lu messages, %.1f M/s ", made, generator->plan->messages,
            millions_a_second(generator, made));
}

static enum tc_status record(void *context, const struct tc_arrival *arrival,
                             struct tc_error *error)
{
    struct generator *generator = context;
    enum tc_status status = tc_nanopcap_write(&generator->pcap, arrival->rx_ns, arrival->frame,
                                              arrival->bytes, error);

    generator->frames++;
    if (status == TC_OK && expects(generator->plan))
        status = tc_expectation_note(&generator->expectation, arrival, error);
    return status;
}

static enum tc_status open_market(struct generator *generator, struct tc_error *error)
{
    const struct tc_gen_plan *plan = generator->plan;
    struct tc_random random = tc_random_of(plan->seed, TC_RANDOM_LISTING);
    enum tc_status status = tc_listing_init(&generator->listing, (uint32_t)plan->symbols, &random);

    if (status == TC_OK)
        status = tc_market_init(&generator->market, plan->pace, &generator->listing,
                                tc_random_of(plan->seed, TC_RANDOM_MARKET));
    if (status != TC_OK)
        return tc_fail(error, status, "no memory for %lu symbols", plan->symbols);
    return TC_OK;
}

static void open_delivery(struct generator *generator, uint64_t midnight_ns)
{
    const struct tc_gen_plan *plan = generator->plan;
    struct tc_delivery_plan lines = {
        .address = {plan->address[0], plan->address[1]},
        .trouble = plan->trouble,
        .checksum = (enum tc_wire_checksum)plan->checksum,
        .line_count = (unsigned)plan->lines,
        .midnight_ns = midnight_ns,
        .seed = plan->seed,
    };

    tc_delivery_init(&generator->delivery, &lines, record, generator);
    generator->publisher.publish = tc_delivery_send;
    generator->publisher.context = &generator->delivery;
}

static enum tc_status run_day(struct generator *generator, struct tc_error *error)
{
    const struct tc_gen_plan *plan = generator->plan;
    int64_t date = tc_newyork_day((int64_t)(plan->start_ns / 1000000000));
    uint64_t midnight_ns = (uint64_t)tc_newyork_midnight_s(date) * 1000000000;
    bool watched = isatty(STDERR_FILENO) == 1;
    struct tc_day day = {
        .market = &generator->market,
        .publisher = &generator->publisher,
        .listing = &generator->listing,
        .date = tc_date_of_days(date),
        .time_ns = plan->start_ns - midnight_ns,
        .messages = plan->messages,
        .sessions = (unsigned)plan->sessions,
        .directory = plan->directory,
        .progress = watched ? show_progress : NULL,
        .context = generator,
    };
    enum tc_status status;

    open_delivery(generator, midnight_ns);
    status = tc_day_run(&day, error);
    if (status == TC_OK)
        status = tc_delivery_finish(&generator->delivery, error);
    if (watched)
        fprintf(stderr, "\r\033[K");
    return status;
}

/* Everything that can be refused is tried before the first message is made. */
static enum tc_status open_files(struct generator *generator, struct tc_error *error)
{
    const struct tc_gen_plan *plan = generator->plan;
    enum tc_status status = tc_nanopcap_open(&generator->pcap, plan->output, error);

    if (status == TC_OK)
        status = tc_companion_open(&generator->expect, plan->expect, error);
    if (status == TC_OK)
        status = tc_companion_open(&generator->expect_gaps, plan->expect_gaps, error);
    if (status == TC_OK)
        status = tc_companion_open(&generator->config, plan->config, error);
    if (status == TC_OK && plan->config != NULL)
        status = tc_capture_config_print(plan, generator->config.file, error);
    if (status == TC_OK && expects(plan))
        status = tc_expectation_init(&generator->expectation, (unsigned)plan->lines, error);
    return status;
}

static enum tc_status close_files(struct generator *generator, struct tc_error *error)
{
    enum tc_status status = tc_nanopcap_close(&generator->pcap, error);

    if (status == TC_OK && generator->plan->expect != NULL)
        status = tc_expectation_print(&generator->expectation, generator->expect.file, error);
    if (status == TC_OK && generator->plan->expect_gaps != NULL)
        status = tc_expectation_print_gaps(&generator->expectation, generator->expect_gaps.file,
                                           error);
    if (status == TC_OK)
        status = tc_companion_close(&generator->expect, error);
    if (status == TC_OK)
        status = tc_companion_close(&generator->expect_gaps, error);
    if (status == TC_OK)
        status = tc_companion_close(&generator->config, error);
    return status;
}

static void release(struct generator *generator)
{
    tc_nanopcap_abandon(&generator->pcap);
    tc_companion_abandon(&generator->expect);
    tc_companion_abandon(&generator->expect_gaps);
    tc_companion_abandon(&generator->config);
    tc_expectation_free(&generator->expectation);
    tc_delivery_free(&generator->delivery);
    tc_market_free(&generator->market);
    tc_listing_free(&generator->listing);
}

static enum tc_status generate(struct generator *generator, struct tc_error *error)
{
    enum tc_status status = open_files(generator, error);

    if (status == TC_OK)
        status = open_market(generator, error);
    if (status == TC_OK)
        status = run_day(generator, error);
    if (status == TC_OK)
        status = close_files(generator, error);
    return status;
}

static enum tc_exit run(int count, char **words)
{
    struct tc_error error = {TC_OK, ""};
    struct tc_gen_plan plan;
    struct generator generator = {.plan = &plan, .begun_ns = now_ns()};
    enum tc_status status = tc_gen_options(count, words, &plan);

    if (status != TC_OK)
        return status == TC_END ? TC_EXIT_GOOD : TC_EXIT_USAGE;
    status = generate(&generator, &error);
    if (status == TC_OK)
        tc_report("%lu messages in %lu frames, %.1f bytes a message, %.1f M messages/s",
                  plan.messages, generator.frames,
                  (double)generator.pcap.bytes / (double)plan.messages,
                  millions_a_second(&generator, plan.messages));
    release(&generator);
    return status == TC_OK ? TC_EXIT_GOOD : tc_report_error(&error);
}

const struct tc_command tc_command_gen = {
    .usage = &tc_gen_usage,
    .name = "gen",
    .run = run,
};
