/* tickcapd, the appliance: configuration, plan, DPDK, capture, summary. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_version.h>

#include "common/options.h"
#include "common/parse.h"
#include "common/report.h"
#include "tickcapd/capturerun.h"
#include "tickcapd/ealargs.h"
#include "tickcapd/hostcheck.h"
#include "tickcapd/observe.h"
#include "tickcapd/reckoning.h"
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

static char runtime_folder[512]; /* of DPDK's files */

/* DPDK removes its files when the process exits, and leaves their folder. */
static void remove_runtime_folder(void)
{
    (void)rmdir(runtime_folder);
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
        atexit(remove_runtime_folder); /* before DPDK's own, so it runs after them */
        started = rte_eal_init(args->count, args->words) >= 0;
        snprintf(runtime_folder, sizeof runtime_folder, "%s", rte_eal_get_runtime_dir());
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
        tc_capture_run_end(&run);
        exit = tc_reckon(&run);
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
    if (exit == TC_EXIT_GOOD && tc_host_check(plan, &error) != TC_OK)
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
