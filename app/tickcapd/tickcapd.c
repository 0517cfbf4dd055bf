/* tickcapd, the appliance: configuration, plan, DPDK, capture, summary. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_version.h>

#include "common/options.h"
#include "common/parse.h"
#include "common/pcapfile.h"
#include "common/report.h"
#include "common/runsummary.h"
#include "tickcapd/capturerun.h"
#include "tickcapd/ealargs.h"
#include "tickcapd/observe.h"
#include "tickcapd/telemetry.h"

enum { OPTION_CHECK = 1000, OPTION_DURATION, OPTION_SET, OPTION_VERSION };

static const struct tc_option options[] = {
    {OPTION_CHECK, "check", NULL, "validate, print the plan, start nothing"},
    {OPTION_DURATION, "duration", "SECONDS", "stop after that long"},
    {OPTION_SET, "set", "PATH=VALUE",
     "change a value of the configuration, as in ports.0.rx_lcores=[2];\nmay be repeated"},
    {OPTION_VERSION, "version", NULL, "say which version this is"},
    {0},
};

static const struct tc_usage usage = {
    .name = "tickcapd",
    .arguments = "CAPTURE.yaml [options] [-- EAL ARGUMENTS]",
    .summary = "Records multicast feeds from DPDK ports until SIGINT or SIGTERM, or until every\n"
               "file source is exhausted.",
    .options = options,
    .details =
        "Exit codes: 0 good, 1 failed, 2 wrong use or configuration, 3 finished cleanly but\n"
        "this host lost frames. Without hugepages: tickcapd CAPTURE.yaml -- --no-huge",
};

struct arguments {
    const char *path;
    const char *sets[TC_OPTIONS_MAX];
    size_t set_count;
    uint64_t duration_s;
    bool check;
    int eal_count;
    char **eal_words;
};

/* ---- DPDK ---- */

/* The last line of DPDK's log that says more than that something failed. */
static void report_log(const char *log)
{
    char *copy = strdup(log);
    char *rest = copy;
    const char *reason = "";
    const char *line;

    while ((line = strsep(&rest, "\n")) != NULL)
        if (*line != '\0' && strstr(line, "Detected") == NULL && strstr(line, "Selected") == NULL)
            reason = line;
    tc_report("DPDK cannot be started: %s", *reason != '\0' ? reason : rte_strerror(rte_errno));
    free(copy);
}

/* DPDK speaks a lot while it starts; it is only heard when it fails. */
static bool start_dpdk(const struct tc_capture_plan *plan, const struct arguments *arguments)
{
    struct tc_eal_args *args = calloc(1, sizeof *args);
    struct tc_error error = {0};
    char *log = NULL;
    size_t log_bytes = 0;
    FILE *stream = open_memstream(&log, &log_bytes);
    bool started = false;

    if (args == NULL || stream == NULL ||
        tc_eal_args_build(args, plan, arguments->eal_count, arguments->eal_words, &error) !=
            TC_OK) {
        tc_report("%s", error.text[0] != '\0' ? error.text : "no memory");
    } else {
        rte_openlog_stream(stream);
        started = rte_eal_init(args->count, args->words) >= 0;
        fflush(stream);
        if (!started)
            report_log(log != NULL ? log : "");
        rte_openlog_stream(NULL);
        rte_log_set_global_level(RTE_LOG_WARNING);
    }
    if (stream != NULL)
        fclose(stream);
    free(log);
    free(args);
    return started;
}

/* ---- endings ---- */

static double seconds_since(clockid_t clock, const struct timespec *start)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void print_summary(const struct tc_capture_run *run)
{
    const struct tc_catalog *catalog = &run->capture.catalog;
    struct tc_figures *figures = calloc(catalog->line_count + 1u, sizeof *figures);
    struct tc_run_summary summary = {
        .capture = &run->capture,
        .figures = figures,
        .seconds = seconds_since(CLOCK_MONOTONIC, &run->started),
        .cpu_seconds = seconds_since(CLOCK_PROCESS_CPUTIME_ID, &run->cpu_started),
        .where = tc_config_directory(run->plan->config, 0),
    };

    if (figures == NULL)
        return;
    tc_capture_run_ledger(run, &summary.ledger);
    for (uint16_t i = 0; i < catalog->line_count; i++)
        tc_capture_run_figures(run, i, &figures[i]);
    for (size_t i = 0; i < run->plan->stream_count; i++)
        for (uint32_t j = 0; j < run->streams[i].rings.writer_count; j++) {
            const struct tc_writer_published *writer = &run->streams[i].writers[j]->published;

            summary.bytes_stored += tc_published_get(&writer->bytes_stored);
            summary.segments += tc_published_get(&writer->segments);
        }
    tc_run_summary_print(stderr, &summary);
    free(figures);
}

/* net_pcap ends without a word where a file is cut off; here it is found out and said. */
static bool check_file_sources(const struct tc_capture_run *run)
{
    bool whole = true;

    for (size_t i = 0; i < run->plan->stream_count; i++) {
        const struct tc_plan_port *port = &run->plan->ports[run->plan->streams[i].port];
        const struct tc_receiver_published *published = &run->streams[i].receiver->published;
        struct tc_error error = {0};
        struct tc_ledger ledger;

        if (port->source_file[0] == '\0' || port->config->rx_lcores.count > 1 ||
            tc_published_get(&published->exhausted) == 0)
            continue;
        tc_published_rows(published->ledger, &ledger, TC_LEDGER_ROWS);
        if (tc_pcap_check_end(port->source_file, ledger.received,
                              tc_published_get(&published->polled_bytes), &error) != TC_OK) {
            tc_report("%s", error.text);
            whole = false;
        }
    }
    return whole;
}

/* Frames that this host lost: before a queue as far as the driver counts them, and after. */
static bool host_lost_frames(const struct tc_capture_run *run)
{
    struct tc_ledger ledger;
    bool lost;

    tc_capture_run_ledger(run, &ledger);
    lost = tc_ledger_dropped(&ledger) > 0;
    for (size_t i = 0; i < run->plan->port_count; i++) {
        struct tc_port_losses losses = tc_eth_port_losses(&run->ports[i]);

        if (run->plan->ports[i].source_file[0] != '\0')
            losses.errors = 0; /* a file that is cut off; that has been told */
        if (losses.missed == 0 && losses.errors == 0 && losses.no_buffer == 0)
            continue;
        tc_report("port %s: the driver lost %lu frames, %lu more had errors, %lu found no buffer",
                  run->plan->ports[i].config->name, losses.missed, losses.errors, losses.no_buffer);
        lost |= losses.missed > 0 || losses.no_buffer > 0;
    }
    if (!tc_ledger_closes(&ledger)) {
        tc_report("the ledger does not close: %lu received, %lu recorded, %lu dropped",
                  ledger.received, ledger.recorded, tc_ledger_dropped(&ledger));
        lost = true;
    }
    return lost;
}

static enum tc_exit end_run(struct tc_capture_run *run)
{
    struct tc_error failure = {0};
    bool whole, lost;

    tc_capture_run_end(run);
    whole = check_file_sources(run);
    lost = host_lost_frames(run);
    print_summary(run);
    if (tc_capture_run_failure(run, &failure)) {
        tc_report("%s", failure.text);
        return TC_EXIT_FAULT;
    }
    if (!whole)
        return TC_EXIT_FAULT;
    return lost ? TC_EXIT_LOSS : TC_EXIT_GOOD;
}

/* ---- the run ---- */

static void warn(const char *sentence)
{
    tc_report("%s", sentence);
}

static enum tc_exit run_capture(const struct tc_capture_plan *plan,
                                const struct arguments *arguments)
{
    struct tc_capture_run run;
    struct tc_error error = {0};
    enum tc_exit exit;

    tc_observe_block_signals();
    if (!start_dpdk(plan, arguments))
        return TC_EXIT_USAGE;
    if (tc_capture_run_open(&run, plan, warn, &error) == TC_OK &&
        tc_capture_run_launch(&run, &error) == TC_OK) {
        tc_telemetry_register(&run);
        tc_report("capturing into %s, pid %d", tc_config_directory(plan->config, 0), (int)getpid());
        (void)tc_observe(&run, arguments->duration_s);
        exit = end_run(&run);
        tc_telemetry_stop();
    } else {
        tc_capture_run_end(&run);
        exit = error.status == TC_USAGE || error.status == TC_BUSY ? TC_EXIT_USAGE : TC_EXIT_FAULT;
        tc_report("%s", error.text);
    }
    tc_capture_run_close(&run);
    rte_eal_cleanup();
    return exit;
}

static enum tc_exit plan_and_run(struct tc_config *config, const struct arguments *arguments)
{
    bool use_huge = !tc_eal_without_huge(arguments->eal_count, arguments->eal_words);
    struct tc_capture_plan *plan = calloc(1, sizeof *plan);
    struct tc_error error = {0};
    enum tc_exit exit = TC_EXIT_GOOD;

    if (plan == NULL)
        return TC_EXIT_FAULT;
    if (tc_plan_make(plan, config, use_huge, &error) != TC_OK)
        exit = tc_report_error(&error);
    else if (arguments->check)
        tc_plan_print(stdout, plan);
    if (exit == TC_EXIT_GOOD && tc_plan_check_host(plan, &error) != TC_OK)
        exit = tc_report_error(&error);
    if (exit == TC_EXIT_GOOD && !arguments->check)
        exit = run_capture(plan, arguments);
    free(plan);
    return exit;
}

/* ---- the command line ---- */

/* Splits off what follows "--"; answers how many words are before it. */
static int split_words(int count, char **words, struct arguments *arguments)
{
    for (int i = 1; i < count; i++)
        if (strcmp(words[i], "--") == 0) {
            arguments->eal_count = count - i - 1;
            arguments->eal_words = words + i + 1;
            return i;
        }
    return count;
}

/* TC_OPTION_END when the capture is to run. */
static int read_words(int count, char **words, struct arguments *arguments)
{
    struct tc_options parsed = tc_options_of(&usage, count, words);
    struct tc_error error = {0};
    const char *argument;
    int id;

    while ((id = tc_options_next(&parsed, &argument)) >= 0) {
        if (id == OPTION_CHECK)
            arguments->check = true;
        if (id == OPTION_SET && arguments->set_count < TC_OPTIONS_MAX)
            arguments->sets[arguments->set_count++] = argument;
        if (id == OPTION_VERSION) {
            printf("tickcapd %s, %s\n", TC_VERSION_TEXT, rte_version());
            return TC_OPTION_HELP;
        }
        if (id == OPTION_DURATION &&
            tc_parse_uint(argument, 1, 1U << 31, &arguments->duration_s, &error) != TC_OK) {
            tc_report("--duration: %s", error.text);
            return TC_OPTION_BAD;
        }
    }
    if (id == TC_OPTION_END && parsed.operand != count - 1) {
        tc_report("%s, see tickcapd --help", parsed.operand == count
                                                 ? "CAPTURE.yaml is missing"
                                                 : "more than one CAPTURE.yaml");
        return TC_OPTION_BAD;
    }
    if (id == TC_OPTION_END)
        arguments->path = words[parsed.operand];
    return id;
}

int main(int count, char **words)
{
    struct arguments arguments = {0};
    struct tc_config config;
    struct tc_error error = {0};
    enum tc_exit exit;
    int id;

    tc_report_as("tickcapd");
    count = split_words(count, words, &arguments);
    id = read_words(count, words, &arguments);
    if (id != TC_OPTION_END)
        return id == TC_OPTION_HELP ? TC_EXIT_GOOD : TC_EXIT_USAGE;
    exit = tc_config_load(&config, arguments.path, arguments.sets, arguments.set_count,
                          TC_CONFIG_CAPTURE, &error) == TC_OK
               ? plan_and_run(&config, &arguments)
               : tc_report_error(&error);
    tc_config_free(&config);
    return (int)exit;
}
