/* Published counters as telemetry; the rows of the tables name the values. */
#include "tickcapd/telemetry.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_telemetry.h>

/* DPDK hands callbacks no context. Set once, before the first callback can come. */
static const struct tc_capture_run *answering;

static double seconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void add_ledger(struct rte_tel_data *data, const struct tc_ledger *ledger)
{
    for (size_t row = 0; row < TC_LEDGER_ROWS; row++)
        rte_tel_data_add_dict_u64(data, tc_ledger_rows[row].name, tc_ledger_get(ledger, row));
}

static void add_figures(struct rte_tel_data *data, const struct tc_figures *figures)
{
    for (size_t row = 0; row < TC_FIGURE_ROWS; row++)
        rte_tel_data_add_dict_u64(data, tc_figure_rows[row].name, tc_figures_get(figures, row));
}

static uint64_t bytes_stored(const struct tc_capture_run *run)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < run->plan->stream_count; i++)
        for (uint32_t j = 0; j < run->streams[i].rings.writer_count; j++)
            bytes += tc_published_get(&run->streams[i].writers[j]->published.bytes_stored);
    return bytes;
}

static int summary(const char *command, const char *parameters, struct rte_tel_data *data)
{
    const struct tc_capture_run *run = answering;
    struct tc_ledger ledger;

    (void)command;
    (void)parameters;
    tc_capture_run_ledger(run, &ledger);
    rte_tel_data_start_dict(data);
    rte_tel_data_add_dict_string(data, "name", run->capture.name);
    rte_tel_data_add_dict_string(data, "host", run->capture.host);
    rte_tel_data_add_dict_string(data, "tool", run->capture.tool);
    rte_tel_data_add_dict_u64(data, "seconds", (uint64_t)seconds_since(&run->started));
    add_ledger(data, &ledger);
    rte_tel_data_add_dict_u64(data, "bytes_stored", bytes_stored(run));
    return 0;
}

static int streams(const char *command, const char *parameters, struct rte_tel_data *data)
{
    const struct tc_capture_run *run = answering;

    (void)command;
    (void)parameters;
    rte_tel_data_start_array(data, RTE_TEL_CONTAINER);
    for (size_t i = 0; i < run->plan->stream_count; i++) {
        const struct tc_run_stream *stream = &run->streams[i];
        const struct tc_plan_stream *planned = stream->rings.plan;
        const struct tc_receiver_published *published = &stream->receiver->published;
        struct rte_tel_data *entry = rte_tel_data_alloc();
        struct tc_ledger ledger;

        if (entry == NULL)
            return -1;
        tc_capture_run_stream_ledger(stream, &ledger);
        rte_tel_data_start_dict(entry);
        rte_tel_data_add_dict_u64(entry, "stream", planned->number);
        rte_tel_data_add_dict_string(entry, "port", run->capture.ports[planned->port].name);
        rte_tel_data_add_dict_u64(entry, "queue", planned->queue);
        rte_tel_data_add_dict_u64(entry, "bursts", tc_published_get(&published->bursts));
        rte_tel_data_add_dict_u64(entry, "empty_polls", tc_published_get(&published->empty_polls));
        add_ledger(entry, &ledger);
        rte_tel_data_add_array_container(data, entry, 0);
    }
    return 0;
}

static int channels(const char *command, const char *parameters, struct rte_tel_data *data)
{
    const struct tc_capture_run *run = answering;
    const struct tc_catalog *catalog = &run->capture.catalog;

    (void)command;
    (void)parameters;
    rte_tel_data_start_array(data, RTE_TEL_CONTAINER);
    for (uint16_t i = 0; i < catalog->channel_count; i++) {
        const struct tc_channel *channel = &catalog->channels[i];
        struct rte_tel_data *entry = rte_tel_data_alloc();
        struct tc_figures sum = {0};

        if (entry == NULL)
            return -1;
        for (uint16_t j = 0; j < channel->line_count; j++) {
            struct tc_figures figures;

            tc_capture_run_figures(run, (uint16_t)(channel->first_line + j), &figures);
            tc_figures_add(&sum, &figures);
        }
        rte_tel_data_start_dict(entry);
        rte_tel_data_add_dict_string(entry, "name", channel->name);
        rte_tel_data_add_dict_string(entry, "feed", channel->feed->name);
        rte_tel_data_add_dict_u64(entry, "lines", channel->line_count);
        add_figures(entry, &sum);
        rte_tel_data_add_array_container(data, entry, 0);
    }
    return 0;
}

/* /tickcap/lines,CHANNEL */
static int lines(const char *command, const char *parameters, struct rte_tel_data *data)
{
    const struct tc_capture_run *run = answering;
    const struct tc_catalog *catalog = &run->capture.catalog;

    (void)command;
    rte_tel_data_start_array(data, RTE_TEL_CONTAINER);
    for (uint16_t i = 0; i < catalog->line_count; i++) {
        const struct tc_line *line = &catalog->lines[i];
        const char *channel = catalog->channels[line->channel].name;
        struct rte_tel_data *entry;
        struct tc_figures figures;

        if (parameters != NULL && strcmp(parameters, channel) != 0)
            continue;
        entry = rte_tel_data_alloc();
        if (entry == NULL)
            return -1;
        tc_capture_run_figures(run, i, &figures);
        rte_tel_data_start_dict(entry);
        rte_tel_data_add_dict_string(entry, "channel", channel);
        rte_tel_data_add_dict_string(entry, "line", line->name);
        add_figures(entry, &figures);
        rte_tel_data_add_array_container(data, entry, 0);
    }
    return 0;
}

void tc_telemetry_register(const struct tc_capture_run *run)
{
    static const struct {
        const char *command;
        telemetry_cb answer;
        const char *help;
    } rows[] = {
        {"/tickcap/summary", summary, "the capture's ledger and what it has stored"},
        {"/tickcap/streams", streams, "the ledger of each stream"},
        {"/tickcap/channels", channels, "figures of each channel, all its lines together"},
        {"/tickcap/lines", lines, "figures of each line; parameter: name of a channel"},
    };

    answering = run;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        rte_telemetry_register_cmd(rows[i].command, rows[i].answer, rows[i].help);
}
