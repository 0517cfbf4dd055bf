/*
 * Published counters as telemetry; the rows of the tables name the values.
 *
 * Streams, channels and lines are given by column, as arrays of the same length: before 23.03 DPDK
 * cannot put objects into an array, and its names of objects may not be those of channels.
 */
#include "tickcapd/telemetry.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_telemetry.h>

#include "common/addresstext.h"

/*
 * DPDK hands callbacks no context, and has no way to end them. So a callback says that it is asking
 * before it looks whether there is a run, and who takes the run away waits until nobody asks.
 */
static const struct tc_capture_run *_Atomic answering;
static atomic_uint asking;

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

/* A column of numbers: those that stand `stride` bytes apart. */
static void add_numbers(struct rte_tel_data *data, const char *name, const uint64_t *first,
                        size_t stride, size_t count)
{
    struct rte_tel_data *column = rte_tel_data_alloc();

    if (column == NULL)
        return;
    rte_tel_data_start_array(column, RTE_TEL_U64_VAL);
    for (size_t i = 0; i < count; i++)
        rte_tel_data_add_array_u64(column, *(const uint64_t *)((const char *)first + i * stride));
    rte_tel_data_add_dict_container(data, name, column, 0);
}

/* An empty column of texts, which is filled and then handed over by the caller. */
static struct rte_tel_data *new_texts(void)
{
    struct rte_tel_data *column = rte_tel_data_alloc();

    if (column != NULL)
        rte_tel_data_start_array(column, RTE_TEL_STRING_VAL);
    return column;
}

static void add_text(struct rte_tel_data *column, const char *text)
{
    if (column != NULL)
        rte_tel_data_add_array_string(column, text);
}

static void hand_over(struct rte_tel_data *data, const char *name, struct rte_tel_data *column)
{
    if (column != NULL)
        rte_tel_data_add_dict_container(data, name, column, 0);
}

static void add_figures(struct rte_tel_data *data, const struct tc_figures *figures, size_t count)
{
    for (size_t row = 0; row < TC_FIGURE_ROWS; row++)
        add_numbers(data, tc_figure_rows[row].name, (const uint64_t *)figures + row,
                    sizeof figures[0], count);
}

static void summary(const struct tc_capture_run *run, const char *parameters,
                    struct rte_tel_data *data)
{
    struct tc_stored stored = tc_capture_run_stored(run);
    struct tc_ledger ledger;

    (void)parameters;
    tc_capture_run_ledger(run, &ledger);
    rte_tel_data_start_dict(data);
    rte_tel_data_add_dict_string(data, "name", run->capture.name);
    rte_tel_data_add_dict_string(data, "host", run->capture.host);
    rte_tel_data_add_dict_string(data, "tool", run->capture.tool);
    rte_tel_data_add_dict_u64(data, "seconds", (uint64_t)seconds_since(&run->started));
    add_ledger(data, &ledger);
    rte_tel_data_add_dict_u64(data, "bytes_stored", stored.bytes);
    rte_tel_data_add_dict_u64(data, "segments", stored.segments);
}

static void streams(const struct tc_capture_run *run, const char *parameters,
                    struct rte_tel_data *data)
{
    size_t count = run->plan->stream_count;
    struct rte_tel_data *ports = new_texts();
    struct tc_ledger ledgers[TC_STREAMS_MAX];
    struct {
        uint64_t stream, queue, bursts, empty_polls;
    } about[TC_STREAMS_MAX];

    (void)parameters;
    for (size_t i = 0; i < count; i++) {
        const struct tc_run_stream *stream = &run->streams[i];
        const struct tc_receiver_published *published = &stream->receiver->published;

        tc_capture_run_stream_ledger(stream, &ledgers[i]);
        add_text(ports, run->capture.ports[stream->rings.plan->port].name);
        about[i].stream = stream->rings.plan->number;
        about[i].queue = stream->rings.plan->queue;
        about[i].bursts = tc_published_get(&published->bursts);
        about[i].empty_polls = tc_published_get(&published->empty_polls);
    }
    rte_tel_data_start_dict(data);
    add_numbers(data, "stream", &about[0].stream, sizeof about[0], count);
    hand_over(data, "port", ports);
    add_numbers(data, "queue", &about[0].queue, sizeof about[0], count);
    add_numbers(data, "bursts", &about[0].bursts, sizeof about[0], count);
    add_numbers(data, "empty_polls", &about[0].empty_polls, sizeof about[0], count);
    for (size_t row = 0; row < TC_LEDGER_ROWS; row++)
        add_numbers(data, tc_ledger_rows[row].name, (const uint64_t *)ledgers + row,
                    sizeof ledgers[0], count);
}

/* Losses before a queue. Where `losses` is "absent" the driver does not count: 0 says nothing. */
static void ports(const struct tc_capture_run *run, const char *parameters,
                  struct rte_tel_data *data)
{
    static const char *const counts[] = {[TC_LOSSES_EXACT] = "exact",
                                         [TC_LOSSES_PARTIAL] = "partial",
                                         [TC_LOSSES_ABSENT] = "absent"};
    struct rte_tel_data *names = new_texts(), *losses = new_texts();
    uint64_t rows[TC_PORTS_MAX][TC_NIC_ROWS], up[TC_PORTS_MAX], mbps[TC_PORTS_MAX];
    size_t count = run->plan->port_count;

    (void)parameters;
    for (size_t i = 0; i < count; i++) {
        const struct tc_port_watch *watch = &run->watches[i];

        add_text(names, run->capture.ports[i].name);
        add_text(losses, counts[run->capture.ports[i].losses]);
        tc_published_rows(watch->published.nic, rows[i], TC_NIC_ROWS);
        up[i] = tc_published_get(&watch->published.link_up);
        mbps[i] = tc_published_get(&watch->published.link_mbps);
    }
    rte_tel_data_start_dict(data);
    hand_over(data, "port", names);
    hand_over(data, "losses", losses);
    add_numbers(data, "link_up", up, sizeof up[0], count);
    add_numbers(data, "link_mbps", mbps, sizeof mbps[0], count);
    for (size_t row = 0; row < TC_NIC_ROWS; row++)
        add_numbers(data, tc_nic_rows[row].name, &rows[0][row], sizeof rows[0], count);
}

enum { ITEMS_MAX = RTE_TEL_MAX_ARRAY_ENTRIES };

static void channels(const struct tc_capture_run *run, const char *parameters,
                     struct rte_tel_data *data)
{
    const struct tc_catalog *catalog = &run->capture.catalog;
    struct rte_tel_data *names = new_texts(), *feeds = new_texts();
    struct tc_figures sums[ITEMS_MAX] = {0};
    struct tc_merged merged[ITEMS_MAX];
    uint64_t line_counts[ITEMS_MAX];
    size_t count = 0;

    (void)parameters;
    for (; count < catalog->channel_count && count < ITEMS_MAX; count++) {
        const struct tc_channel *channel = &catalog->channels[count];

        add_text(names, channel->name);
        add_text(feeds, channel->feed->name);
        line_counts[count] = channel->line_count;
        tc_capture_run_merged(run, (uint16_t)count, &merged[count]);
        for (uint16_t i = 0; i < channel->line_count; i++) {
            struct tc_figures figures;

            tc_capture_run_figures(run, (uint16_t)(channel->first_line + i), &figures);
            tc_figures_add(&sums[count], &figures);
        }
    }
    rte_tel_data_start_dict(data);
    hand_over(data, "name", names);
    hand_over(data, "feed", feeds);
    add_numbers(data, "lines", line_counts, sizeof line_counts[0], count);
    add_figures(data, sums, count);
    for (size_t row = 0; row < TC_MERGED_ROWS; row++) {
        char name[RTE_TEL_MAX_STRING_LEN];

        snprintf(name, sizeof name, "merged_%s", tc_merged_rows[row].name);
        add_numbers(data, name, (const uint64_t *)merged + row, sizeof merged[0], count);
    }
}

/*
 * How far the lines of channels are apart. The numbers are texts: they have a sign and more than
 * 32 bits, and before 23.03 DPDK has no array that could hold that.
 */
static void leads(const struct tc_capture_run *run, const char *parameters,
                  struct rte_tel_data *data)
{
    static const struct {
        const char *name;
        double share;
    } quantiles[] = {
        {"lowest_ns", 0}, {"p1_ns", 0.01}, {"p50_ns", 0.5}, {"p99_ns", 0.99}, {"highest_ns", 1}};
    enum { QUANTILES = sizeof quantiles / sizeof quantiles[0] };
    const struct tc_catalog *catalog = &run->capture.catalog;
    struct rte_tel_data *names = new_texts(), *columns[QUANTILES];
    uint64_t compared[ITEMS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < QUANTILES; i++)
        columns[i] = new_texts();
    for (uint16_t i = 0; i < catalog->channel_count && count < ITEMS_MAX; i++) {
        struct tc_histogram lead = {0};
        char text[24];

        if (catalog->channels[i].line_count < 2 ||
            (parameters != NULL && strcmp(parameters, catalog->channels[i].name) != 0))
            continue;
        tc_capture_run_lead(run, i, &lead);
        add_text(names, catalog->channels[i].name);
        compared[count++] = lead.total;
        for (size_t j = 0; j < QUANTILES; j++) {
            snprintf(text, sizeof text, "%" PRId64,
                     tc_histogram_quantile(&lead, quantiles[j].share));
            add_text(columns[j], text);
        }
    }
    rte_tel_data_start_dict(data);
    hand_over(data, "channel", names);
    add_numbers(data, "packets", compared, sizeof compared[0], count);
    for (size_t i = 0; i < QUANTILES; i++)
        hand_over(data, quantiles[i].name, columns[i]);
}

/* What the writers have counted of a line in the segments that are open. */
static void latency_of(const struct tc_capture_run *run, uint16_t line, size_t row,
                       struct tc_histogram *sum)
{
    struct tc_histogram copy;

    tc_histogram_clear(sum);
    for (size_t i = 0; i < run->plan->stream_count; i++)
        for (uint32_t writer = 0; writer < run->streams[i].rings.writer_count; writer++) {
            const struct tc_latencies *latencies =
                &run->streams[i].writers[writer]->recorder.latencies;

            tc_histogram_peek(tc_latency_get(&latencies->lines[line], row), &copy);
            tc_histogram_join(sum, &copy);
        }
}

enum { LATENCY_QUANTILES = 5 };

/* A line's row of quantiles; empty, as arrays have no null, where there is no message. */
static void add_latency(struct rte_tel_data *const *columns, const struct tc_histogram *latency)
{
    static const double shares[LATENCY_QUANTILES] = {0, 0.5, 0.99, 0.999, 1};

    for (size_t i = 0; i < LATENCY_QUANTILES; i++) {
        char text[24] = "";

        if (latency->total > 0)
            snprintf(text, sizeof text, "%" PRId64, tc_histogram_quantile(latency, shares[i]));
        add_text(columns[i], text);
    }
}

/* /tickcap/latencies,CHANNEL; signed numbers are texts, as of leads. */
static void latencies_of(const struct tc_capture_run *run, const char *parameters,
                         struct rte_tel_data *data)
{
    static const char *const names[LATENCY_QUANTILES] = {"min_ns", "p50_ns", "p99_ns", "p999_ns",
                                                         "max_ns"};
    struct tc_histogram latency = {0};
    const struct tc_catalog *catalog = &run->capture.catalog;
    struct rte_tel_data *channels_of = new_texts(), *line_names = new_texts();
    struct rte_tel_data *kinds = new_texts(), *columns[LATENCY_QUANTILES];
    uint64_t messages[ITEMS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < LATENCY_QUANTILES; i++)
        columns[i] = new_texts();
    for (uint16_t i = 0; i < catalog->line_count; i++) {
        const char *channel = catalog->channels[catalog->lines[i].channel].name;

        if (parameters != NULL && strcmp(parameters, channel) != 0)
            continue;
        for (size_t row = 0; row < TC_LATENCY_ROWS && count < ITEMS_MAX; row++) {
            latency_of(run, i, row, &latency);
            add_text(channels_of, channel);
            add_text(line_names, catalog->lines[i].name);
            add_text(kinds, tc_latency_rows[row].name);
            messages[count++] = latency.total;
            add_latency(columns, &latency);
        }
    }
    rte_tel_data_start_dict(data);
    hand_over(data, "channel", channels_of);
    hand_over(data, "line", line_names);
    hand_over(data, "latency", kinds);
    add_numbers(data, "messages", messages, sizeof messages[0], count);
    for (size_t i = 0; i < LATENCY_QUANTILES; i++)
        hand_over(data, names[i], columns[i]);
}

/* /tickcap/lines,CHANNEL */
static void lines(const struct tc_capture_run *run, const char *parameters,
                  struct rte_tel_data *data)
{
    const struct tc_catalog *catalog = &run->capture.catalog;
    struct rte_tel_data *channels_of = new_texts(), *names = new_texts();
    struct tc_figures figures[ITEMS_MAX];
    uint64_t first[ITEMS_MAX];
    size_t count = 0;

    for (uint16_t i = 0; i < catalog->line_count && count < ITEMS_MAX; i++) {
        const struct tc_line *line = &catalog->lines[i];
        const char *channel = catalog->channels[line->channel].name;

        if (parameters != NULL && strcmp(parameters, channel) != 0)
            continue;
        add_text(channels_of, channel);
        add_text(names, line->name);
        first[count] = tc_capture_run_leads(run, i);
        tc_capture_run_figures(run, i, &figures[count++]);
    }
    rte_tel_data_start_dict(data);
    hand_over(data, "channel", channels_of);
    hand_over(data, "line", names);
    add_figures(data, figures, count);
    add_numbers(data, "leads", first, sizeof first[0], count);
}

/* A row of /tickcap/joins that is not full yet. */
struct join_rows {
    struct rte_tel_data *ports, *groups, *sources, *vlans, *last_queries;
    uint64_t versions[ITEMS_MAX], reports[ITEMS_MAX], queries[ITEMS_MAX];
    size_t count;
};

/* Numbers that may be missing are texts: arrays have no null. */
static void add_optional(struct rte_tel_data *column, bool given, uint64_t number)
{
    char text[24] = "";

    if (given)
        snprintf(text, sizeof text, "%" PRIu64, number);
    add_text(column, text);
}

static void add_joins(struct join_rows *rows, const char *port,
                      const struct tc_joined_network *network)
{
    const struct tc_membership *membership = &network->membership;
    uint64_t last_query_ns = tc_published_get(&network->last_query_ns);

    for (uint32_t i = 0; i < membership->group_count; i++) {
        /* what was planned does not change while the capture runs */
        const struct tc_membership_group *group = &membership->groups[i];
        uint32_t j = 0;

        do {
            uint32_t source = group->source_count > 0 ? membership->sources[group->first_source + j]
                                                      : 0;
            char text[TC_ADDRESS_TEXT];

            if (rows->count == ITEMS_MAX)
                return;
            add_text(rows->ports, port);
            add_text(rows->groups, tc_address_text(text, group->group));
            add_text(rows->sources, source != 0 ? tc_address_text(text, source) : "");
            add_optional(rows->vlans, network->plan->vlan != TC_VLAN_NONE, network->plan->vlan);
            add_optional(rows->last_queries, last_query_ns != 0, last_query_ns);
            rows->versions[rows->count] = tc_published_get(&network->version);
            rows->queries[rows->count] = tc_published_get(&network->queries);
            rows->reports[rows->count++] = tc_published_get(&network->report_figures[i]);
        } while (++j < group->source_count);
    }
}

/* /tickcap/joins,PORT: what ports have joined, a row for each group and source. */
static void joins(const struct tc_capture_run *run, const char *parameters,
                  struct rte_tel_data *data)
{
    struct join_rows rows = {.ports = new_texts(),
                             .groups = new_texts(),
                             .sources = new_texts(),
                             .vlans = new_texts(),
                             .last_queries = new_texts()};

    for (size_t i = 0; i < run->plan->port_count; i++) {
        const char *port = run->plan->ports[i].config->name;

        for (size_t j = 0; j < run->joins[i].network_count; j++)
            if (parameters == NULL || strcmp(parameters, port) == 0)
                add_joins(&rows, port, &run->joins[i].networks[j]);
    }
    rte_tel_data_start_dict(data);
    hand_over(data, "port", rows.ports);
    hand_over(data, "vlan", rows.vlans);
    hand_over(data, "group", rows.groups);
    hand_over(data, "source", rows.sources);
    add_numbers(data, "version", rows.versions, sizeof rows.versions[0], rows.count);
    add_numbers(data, "reports", rows.reports, sizeof rows.reports[0], rows.count);
    add_numbers(data, "queries", rows.queries, sizeof rows.queries[0], rows.count);
    hand_over(data, "last_query_ns", rows.last_queries);
}

/* ---- clocks ---- */

static void add_signed(struct rte_tel_data *column, bool given, int64_t number)
{
    char text[24] = "";

    if (given)
        snprintf(text, sizeof text, "%" PRId64, number);
    add_text(column, text);
}

enum clock_column {
    CLOCK_STREAM,
    CLOCK_PORT,
    CLOCK_SOURCE,
    CLOCK_UNIT,
    CLOCK_EPOCH,
    CLOCK_SLOPE,
    CLOCK_DRIFT,
    CLOCK_OFFSET,
    CLOCK_RESIDUAL,
    CLOCK_ERROR,
    CLOCK_HOST_ERROR,
    CLOCK_COMPARED,
    CLOCK_COLUMNS
};

static const char *const clock_columns[CLOCK_COLUMNS] = {
    [CLOCK_STREAM] = "stream",
    [CLOCK_PORT] = "port",
    [CLOCK_SOURCE] = "source",
    [CLOCK_UNIT] = "unit",
    [CLOCK_EPOCH] = "epoch",
    [CLOCK_SLOPE] = "ns_per_tick",
    [CLOCK_DRIFT] = "drift_ppb",
    [CLOCK_OFFSET] = "offset_ns",
    [CLOCK_RESIDUAL] = "residual_ns",
    [CLOCK_ERROR] = "error_ns",
    [CLOCK_HOST_ERROR] = "host_error_ns",
    [CLOCK_COMPARED] = "last_correction_ns",
};

struct clock_rows {
    struct rte_tel_data *texts[CLOCK_COLUMNS];
    uint64_t in_sync[1 + TC_STREAMS_MAX], corrections[1 + TC_STREAMS_MAX];
    uint64_t steps[1 + TC_STREAMS_MAX], unstamped[1 + TC_STREAMS_MAX];
    size_t count;
};

/* What a stream's blocks are told of the clock; the rest is what the main lcore knows of it. */
struct told_clock {
    uint64_t kind, error_ns, compared_ns, in_sync;
};

/* Figures of a clock that was compared; empty, as arrays have no null, where it never is. */
static void add_clock(struct clock_rows *rows, const struct tc_clock_published *clock,
                      const struct told_clock *told, uint64_t host_error_ns)
{
    bool compared = told->compared_ns != 0;
    bool of_file = (told->kind & 0xff) == TC_CLOCK_FILE;
    char text[32];

    snprintf(text, sizeof text, "%.12f",
             ldexp((double)tc_published_get(&clock->slope), -TC_CLOCK_SHIFT));
    add_text(rows->texts[CLOCK_SOURCE], tc_clock_source_names[told->kind & 0xff]);
    add_text(rows->texts[CLOCK_UNIT], tc_clock_unit_names[told->kind >> 8 & 0xff]);
    add_text(rows->texts[CLOCK_EPOCH], tc_clock_epoch_names[told->kind >> 16 & 0xff]);
    add_text(rows->texts[CLOCK_SLOPE], compared ? text : "");
    add_signed(rows->texts[CLOCK_DRIFT], compared, (int64_t)tc_published_get(&clock->drift_ppb));
    add_signed(rows->texts[CLOCK_OFFSET], compared, (int64_t)tc_published_get(&clock->offset_ns));
    add_signed(rows->texts[CLOCK_RESIDUAL], compared,
               (int64_t)tc_published_get(&clock->residual_ns));
    add_optional(rows->texts[CLOCK_ERROR], told->error_ns != TC_ERROR_UNKNOWN, told->error_ns);
    add_optional(rows->texts[CLOCK_HOST_ERROR], !of_file && host_error_ns != TC_ERROR_UNKNOWN,
                 host_error_ns);
    add_optional(rows->texts[CLOCK_COMPARED], compared, told->compared_ns);
    rows->in_sync[rows->count] = told->in_sync;
    rows->corrections[rows->count] = compared ? tc_published_get(&clock->corrections) : 0;
    rows->steps[rows->count] = tc_published_get(&clock->steps);
    rows->count++;
}

/*
 * /tickcap/clocks,PORT: the processor's counter, by which bursts are timed, and the clock by which
 * the frames of each stream are.
 */
static void clocks(const struct tc_capture_run *run, const char *parameters,
                   struct rte_tel_data *data)
{
    static const struct tc_clock tsc = {
        .source = TC_CLOCK_TSC, .unit = TC_UNIT_TICKS, .epoch = TC_EPOCH_START};
    const struct tc_clock_watch *watch = &run->clocks;
    const struct told_clock of_tsc = {tc_clock_kind_of(&tsc),
                                      tc_published_get(&watch->published.error_ns),
                                      tc_published_get(&watch->published.compared_ns),
                                      tc_published_get(&watch->published.in_sync)};
    uint64_t host_error_ns = tc_published_get(&watch->host_error_ns);
    struct clock_rows rows = {0};

    for (size_t i = 0; i < CLOCK_COLUMNS; i++)
        rows.texts[i] = new_texts();
    add_text(rows.texts[CLOCK_STREAM], "");
    add_text(rows.texts[CLOCK_PORT], "");
    add_clock(&rows, &watch->published, &of_tsc, host_error_ns);
    for (size_t i = 0; i < run->plan->stream_count; i++) {
        const struct tc_receiver_published *seen = &run->streams[i].receiver->published;
        uint16_t port = run->plan->streams[i].port;
        const struct told_clock told = {
            tc_published_get(&seen->clock_kind), tc_published_get(&seen->clock_error_ns),
            tc_published_get(&seen->clock_compared_ns), tc_published_get(&seen->clock_in_sync)};
        bool software = (told.kind & 0xff) == TC_CLOCK_TSC;

        if (parameters != NULL && strcmp(parameters, run->capture.ports[port].name) != 0)
            continue;
        rows.unstamped[rows.count] = tc_published_get(&seen->unstamped);
        add_optional(rows.texts[CLOCK_STREAM], true, run->plan->streams[i].number);
        add_text(rows.texts[CLOCK_PORT], run->capture.ports[port].name);
        add_clock(&rows, software ? &watch->published : &watch->ports[port].published, &told,
                  host_error_ns);
    }
    rte_tel_data_start_dict(data);
    for (size_t i = 0; i < CLOCK_COLUMNS; i++)
        hand_over(data, clock_columns[i], rows.texts[i]);
    add_numbers(data, "in_sync", rows.in_sync, sizeof rows.in_sync[0], rows.count);
    add_numbers(data, "corrections", rows.corrections, sizeof rows.corrections[0], rows.count);
    add_numbers(data, "steps", rows.steps, sizeof rows.steps[0], rows.count);
    add_numbers(data, "unstamped", rows.unstamped, sizeof rows.unstamped[0], rows.count);
}

static const struct {
    const char *command;
    void (*fill)(const struct tc_capture_run *run, const char *parameters,
                 struct rte_tel_data *data);
    const char *help;
} rows[] = {
    {"/tickcap/summary", summary, "the capture's ledger and what it has stored"},
    {"/tickcap/ports", ports, "link and losses of each port"},
    {"/tickcap/streams", streams, "the ledger of each stream"},
    {"/tickcap/channels", channels, "figures of each channel, all its lines together"},
    {"/tickcap/lines", lines, "figures of each line; parameter: name of a channel"},
    {"/tickcap/clocks", clocks,
     "clocks of frames and how right they are; parameter: name of a port"},
    {"/tickcap/joins", joins, "groups that ports have joined; parameter: name of a port"},
    {"/tickcap/leads", leads, "how far lines are apart; parameter: name of a channel"},
    {"/tickcap/latencies", latencies_of,
     "how long messages of the open segments took; parameter: name of a channel"},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static int answer(const char *command, const char *parameters, struct rte_tel_data *data)
{
    const struct tc_capture_run *run;
    int result = -ENOENT; /* DPDK makes null of it */

    atomic_fetch_add(&asking, 1);
    run = atomic_load(&answering);
    for (size_t i = 0; run != NULL && i < ROWS; i++)
        if (strcmp(command, rows[i].command) == 0) {
            rows[i].fill(run, parameters, data);
            result = 0;
        }
    atomic_fetch_sub(&asking, 1);
    return result;
}

void tc_telemetry_register(const struct tc_capture_run *run)
{
    atomic_store(&answering, run);
    for (size_t i = 0; i < ROWS; i++)
        rte_telemetry_register_cmd(rows[i].command, answer, rows[i].help);
}

void tc_telemetry_stop(void)
{
    const struct timespec moment = {.tv_nsec = 100 * 1000};

    atomic_store(&answering, NULL);
    while (atomic_load(&asking) != 0)
        nanosleep(&moment, NULL);
}
