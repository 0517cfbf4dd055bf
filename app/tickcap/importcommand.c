/*
 * tickcap import: pcap files through the same pipeline as live frames, without DPDK.
 *
 * Inputs are merged by time into one stream, so that the files of the two lines of a channel, or
 * the files of two hours, become one capture. The processing time is the receive time, so that what
 * is read back depends on the input alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "block/intake.h"
#include "common/config.h"
#include "common/memory.h"
#include "common/pcapfile.h"
#include "common/progress.h"
#include "common/runsummary.h"
#include "file/recorder.h"
#include "tickcap/command.h"
#include "tickcap/pcapinput.h"

enum { OPTION_SET = 1000, BATCHES = 2 };

static const struct tc_option options[] = {
    {'c', "config", "CAPTURE.yaml", "the channels to find in the input"},
    {'o', "output", "DIR", "where the segments go; made if it is not there"},
    {OPTION_SET, "set", "PATH=VALUE", "change a value of the configuration; may be repeated"},
    {0},
};

static const struct tc_usage usage = {
    .name = "tickcap import",
    .arguments = "IN... -c CAPTURE.yaml -o DIR",
    .summary = "Records pcap and pcapng files as a capture; - is standard input.",
    .options = options,
};

struct import {
    struct tc_config config;
    struct tc_capture capture;
    struct tc_port port;
    struct tc_stream stream;
    struct pcap_input *inputs;
    size_t input_count;
    uint64_t now_ns;     /* the time of the latest frame that has a good one */
    uint64_t refused[3]; /* times since that was told last: frames, the first one, why */
    struct tc_intake intake;
    struct tc_recorder recorder;
    struct tc_batch *free[BATCHES];
    size_t free_count;
    struct tc_sink *sink;
    void *memory;
    size_t memory_bytes;
    struct tc_error error; /* the first failure of the recorder */
    bool failed;
};

/* ---- pipeline ---- */

static struct tc_batch *take_batch(void *context)
{
    struct import *import = context;

    return import->free_count > 0 ? import->free[--import->free_count] : NULL;
}

static void give_batch(void *context, struct tc_batch *batch, uint32_t writer)
{
    struct import *import = context;

    (void)writer;
    if (!import->failed && tc_recorder_batch(&import->recorder, batch, &import->error) != TC_OK)
        import->failed = true;
    import->free[import->free_count++] = batch;
}

/* ---- set-up ---- */

/* Looks at the inputs: the longest frame they could hold, and the unit of their times. */
static enum tc_status look_at_inputs(struct import *import, char **names, struct tc_clock *clock,
                                     struct tc_error *error)
{
    enum tc_clock_unit unit = TC_UNIT_US;

    for (size_t i = 0; i < import->input_count; i++) {
        struct tc_pcap_file file = {.snaplen = TC_SNAPLEN_DEFAULT, .nanoseconds = true};
        enum tc_status status = TC_OK;

        if (strcmp(names[i], "-") != 0)
            status = tc_pcap_look(names[i], &file, error);
        if (status == TC_OK)
            status = pcap_input_open(&import->inputs[i], names[i], error);
        if (status != TC_OK)
            return status;
        if (file.nanoseconds)
            unit = TC_UNIT_NS;
        if (file.snaplen > import->port.snaplen)
            import->port.snaplen = file.snaplen;
    }
    *clock = tc_clock_of_stamps(TC_CLOCK_FILE, unit, TC_EPOCH_UTC, 0);
    return TC_OK;
}

static void describe(struct import *import)
{
    struct tc_capture *capture = &import->capture;

    snprintf(import->port.name, sizeof import->port.name, "import");
    snprintf(import->port.device, sizeof import->port.device, "%.200s%s", import->inputs[0].name,
             import->input_count > 1 ? " and others" : "");
    snprintf(import->port.driver, sizeof import->port.driver, "pcap file");
    import->port.losses = TC_LOSSES_ABSENT; /* whoever made the file knows, perhaps */
    snprintf(capture->tool, sizeof capture->tool, "tickcap import %s", TC_VERSION_TEXT);
    memcpy(capture->host, import->config.host, sizeof capture->host);
    memcpy(capture->name, import->config.name, sizeof capture->name);
    tc_random_id(capture->run_id);
    capture->catalog = import->config.catalog;
    capture->ports = &import->port;
    capture->port_count = 1;
    capture->streams = &import->stream;
    capture->stream_count = 1;
}

static struct tc_batch_limits batch_limits(const struct tc_config *config)
{
    return (struct tc_batch_limits){
        .writers = 1,
        .batch_messages = (uint32_t)config->batch_messages,
        .block_messages = (uint32_t)config->block_messages,
        .block_bytes = (uint32_t)config->block_bytes,
        /* nothing waits to become durable: batches and blocks are closed when they are full */
    };
}

/* Takes all memory and puts the pipeline together. */
static enum tc_status build_pipeline(struct import *import, const char *directory,
                                     const struct tc_clock *clock, struct tc_error *error)
{
    const struct tc_config *config = &import->config;
    const struct tc_catalog *catalog = &import->capture.catalog;
    const struct tc_intake_options intake = {
        .nic_port = TC_PORT_ANY,
        .filter_unmatched = config->unmatched == TC_UNMATCHED_FILTER,
        .symbols = config->filter,
        .limits = batch_limits(config),
    };
    const struct tc_batch_supply supply = {take_batch, give_batch, import};
    const struct tc_recorder_options recorder = {
        .writer = {.directory = directory,
                   .writers = 1,
                   .rotate_bytes = config->rotate_bytes,
                   .rotate_ns = config->rotate_seconds * UINT64_C(1000000000)},
        .limits = tc_block_limits_of(
            (uint32_t)config->block_messages, (uint32_t)config->block_bytes,
            (uint32_t)config->batch_messages, (uint32_t)config->batch_bytes),
        .compress = config->codec_level != TC_LEVEL_NONE,
        .latency_bound_ns = config->latency_bound_ns,
    };
    size_t intake_bytes = tc_intake_footprint(catalog, &intake);
    size_t recorder_bytes = tc_recorder_footprint(&import->capture, &recorder);
    uint8_t *memory;

    import->memory_bytes = intake_bytes + recorder_bytes + BATCHES * config->batch_bytes;
    import->memory = memory = tc_memory_take(import->memory_bytes);
    import->sink = tc_file_sink_new();
    if (memory == NULL || import->sink == NULL)
        return tc_fail(error, TC_MEMORY, "no memory: %zu bytes are needed", import->memory_bytes);
    tc_intake_init(&import->intake, memory, catalog, &intake, &supply);
    import->intake.clock = *clock;
    tc_recorder_init(&import->recorder, memory + intake_bytes, &import->capture, &recorder,
                     import->sink, tc_random_id);
    for (size_t i = 0; i < BATCHES; i++)
        import->free[import->free_count++] = tc_batch_init(
            memory + intake_bytes + recorder_bytes + i * config->batch_bytes, config->batch_bytes);
    return TC_OK;
}

/* ---- the run ---- */

/* One event for all refused times in a row. */
static void tell_refused(struct import *import)
{
    if (import->refused[0] > 0)
        tc_intake_event(&import->intake, TC_EVENT_BAD_TIME, 0, import->now_ns, import->refused,
                        sizeof import->refused);
    import->refused[0] = 0;
}

/*
 * Takes the frame at hand. Where its time cannot be meant it keeps it, but what goes by time here
 * (names of segments, rotation, silence) goes by the frame before it.
 */
static void take_frame(struct import *import, const struct pcap_input *input)
{
    struct tc_arrival arrival = {
        .bytes = input->bytes,
        .captured_bytes = input->header->caplen,
        .wire_bytes = input->header->len,
        .rx_ns = input->time_ns,
    };

    if (input->verdict == TC_TIME_GOOD) {
        tell_refused(import);
        import->now_ns = input->time_ns;
    } else {
        if (import->now_ns == 0)
            import->now_ns = pcap_input_first_good_ns(import->inputs, import->input_count);
        if (import->refused[0]++ == 0) {
            import->refused[1] = input->time_ns;
            import->refused[2] = input->verdict;
        }
        arrival.flags = TC_FRAME_BAD_TIME | TC_FRAME_PROC_IS_RX;
    }
    arrival.proc_ns = import->now_ns;
    tc_intake_tick(&import->intake, arrival.proc_ns);
    tc_intake_frame(&import->intake, &arrival);
}

/* All frames; answers the first trouble with an input, after which the others go on. */
static enum tc_status take_frames(struct import *import, struct tc_error *error)
{
    enum tc_status trouble = TC_OK;
    struct tc_progress progress;
    struct pcap_input *input;
    uint64_t bytes = 0;

    for (size_t i = 0; i < import->input_count; i++) {
        enum tc_status status = pcap_input_advance(&import->inputs[i],
                                                   trouble == TC_OK ? error : NULL);

        trouble = trouble == TC_OK ? status : trouble;
    }
    tc_progress_begin(&progress, "importing", 0);
    while (!import->failed &&
           (input = pcap_input_earliest(import->inputs, import->input_count)) != NULL) {
        enum tc_status status;

        take_frame(import, input);
        bytes += input->header->caplen;
        tc_progress_show(&progress, bytes);
        status = pcap_input_advance(input, trouble == TC_OK ? error : NULL);
        trouble = trouble == TC_OK ? status : trouble;
    }
    tc_progress_end(&progress);
    tell_refused(import);
    return trouble;
}

static void print_summary(const struct import *import, const char *directory, double seconds)
{
    const struct tc_catalog *catalog = &import->capture.catalog;
    struct tc_figures *figures = calloc(catalog->line_count + 1u, sizeof *figures);
    struct tc_merged *merged = calloc(catalog->channel_count + 1u, sizeof *merged);
    struct tc_run_summary summary = {
        .capture = &import->capture,
        .ledger = import->intake.ledger,
        .figures = figures,
        .merged = merged,
        .bytes_stored = import->recorder.writer.bytes_stored,
        .segments = import->recorder.writer.number,
        .seconds = seconds,
        .cpu_seconds = (double)clock() / CLOCKS_PER_SEC,
        .where = directory,
    };

    if (figures != NULL && merged != NULL) {
        for (uint16_t i = 0; i < catalog->line_count; i++)
            figures[i] = import->intake.sequences[i].figures;
        for (uint16_t i = 0; i < catalog->channel_count; i++)
            if (import->intake.arbiters[i] != NULL)
                merged[i] = tc_arbiter_figures(import->intake.arbiters[i]);
        tc_run_summary_print(stderr, &summary);
    }
    free(figures);
    free(merged);
}

static enum tc_status make_directory(const char *path, struct tc_error *error)
{
    struct stat about;

    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return tc_fail(error, TC_USAGE, "%s: cannot be made: %s", path, strerror(errno));
    if (stat(path, &about) == 0 && !S_ISDIR(about.st_mode))
        return tc_fail(error, TC_USAGE, "%s: is not a directory", path);
    if (access(path, W_OK | X_OK) != 0)
        return tc_fail(error, TC_USAGE, "%s: cannot be written: %s", path, strerror(errno));
    return TC_OK;
}

static enum tc_exit run_import(struct import *import, char **names, const char *directory)
{
    struct tc_error error = {0};
    struct tc_clock clock;
    struct timespec start, end;
    enum tc_status trouble;

    clock_gettime(CLOCK_MONOTONIC, &start);
    if (look_at_inputs(import, names, &clock, &error) != TC_OK)
        return tc_report_error(&error);
    if (make_directory(directory, &error) != TC_OK)
        return tc_report_error(&error);
    describe(import);
    if (build_pipeline(import, directory, &clock, &error) != TC_OK)
        return tc_report_error(&error);
    trouble = take_frames(import, &error);
    if (!import->failed) {
        bool finished = tc_intake_finish(&import->intake, import->intake.batcher.batch_since_ns);

        if (!finished && !import->failed) {
            tc_report("a batch is missing at the end of the import");
            return TC_EXIT_FAULT;
        }
    }
    if (trouble != TC_OK)
        tc_report("%s", error.text);
    if (import->failed)
        return tc_report_error(&import->error);
    clock_gettime(CLOCK_MONOTONIC, &end);
    print_summary(import, directory,
                  (double)(end.tv_sec - start.tv_sec) +
                      (double)(end.tv_nsec - start.tv_nsec) / 1e9);
    return trouble == TC_OK ? TC_EXIT_GOOD : TC_EXIT_FAULT;
}

static void free_import(struct import *import)
{
    for (size_t i = 0; i < import->input_count; i++)
        pcap_input_close(&import->inputs[i]);
    free(import->inputs);
    tc_file_sink_free(import->sink);
    tc_memory_free(import->memory, import->memory_bytes);
    tc_config_free(&import->config);
    free(import);
}

static enum tc_exit import_command(int count, char **words)
{
    struct tc_options parsed = tc_options_of(&usage, count, words);
    const char *config = NULL, *directory = NULL, *argument;
    const char *sets[TC_OPTIONS_MAX];
    size_t set_count = 0;
    struct tc_error error = {0};
    struct import *import;
    enum tc_exit exit;
    int id;

    while ((id = tc_options_next(&parsed, &argument)) != TC_OPTION_END) {
        switch (id) {
        case 'c': config = argument; break;
        case 'o': directory = argument; break;
        case OPTION_SET:
            if (set_count < TC_OPTIONS_MAX)
                sets[set_count++] = argument;
            break;
        case TC_OPTION_HELP: return TC_EXIT_GOOD;
        default: return TC_EXIT_USAGE;
        }
    }
    if (config == NULL || directory == NULL || parsed.operand == count) {
        tc_report("%s is missing, see tickcap import --help", parsed.operand == count ? "IN"
                                                              : config == NULL ? "-c CAPTURE.yaml"
                                                                               : "-o DIR");
        return TC_EXIT_USAGE;
    }
    import = calloc(1, sizeof *import);
    if (import == NULL ||
        (import->inputs = calloc((size_t)count, sizeof import->inputs[0])) == NULL) {
        free(import);
        tc_report("no memory");
        return TC_EXIT_FAULT;
    }
    import->input_count = (size_t)(count - parsed.operand);
    exit = tc_config_load(&import->config, config, sets, set_count, TC_CONFIG_IMPORT, &error) ==
                   TC_OK
               ? run_import(import, words + parsed.operand, directory)
               : tc_report_error(&error);
    free_import(import);
    return exit;
}

const struct tc_command tc_command_import = {&usage, "import", import_command};
