/*
 * Each frame is counted three times, by three hands: when the port gives it, when the intake
 * decides its fate, and when a writer has put its block into a segment. Here these are compared.
 */
#include "tickcapd/reckoning.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/pcapfile.h"
#include "common/runsummary.h"

static double seconds_since(clockid_t clock, const struct timespec *start)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* What the ports have joined; a capture without joins is not told of them. */
static void print_joins(FILE *out, const struct tc_capture_run *run)
{
    for (size_t i = 0; i < run->plan->port_count; i++)
        for (size_t j = 0; j < run->joins[i].network_count; j++) {
            const struct tc_joined_network *network = &run->joins[i].networks[j];
            char vlan[16] = "";

            if (network->plan->vlan != TC_VLAN_NONE)
                snprintf(vlan, sizeof vlan, " in VLAN %u", network->plan->vlan);
            fprintf(out,
                    "  joined     %u groups on port %s%s by IGMPv%" PRIu64 ", %" PRIu64
                    " reports sent, %" PRIu64 " queries heard\n",
                    network->plan->group_count, run->plan->ports[i].config->name, vlan,
                    tc_published_get(&network->version), tc_published_get(&network->reports),
                    tc_published_get(&network->queries));
        }
}

static void print_summary(const struct tc_capture_run *run)
{
    const struct tc_catalog *catalog = &run->capture.catalog;
    struct tc_figures *figures = calloc(catalog->line_count + 1u, sizeof *figures);
    struct tc_merged *merged = calloc(catalog->channel_count + 1u, sizeof *merged);
    struct tc_stored stored = tc_capture_run_stored(run);
    struct tc_run_summary summary = {
        .capture = &run->capture,
        .figures = figures,
        .merged = merged,
        .bytes_stored = stored.bytes,
        .segments = stored.segments,
        .seconds = seconds_since(CLOCK_MONOTONIC, &run->started),
        .cpu_seconds = seconds_since(CLOCK_PROCESS_CPUTIME_ID, &run->cpu_started),
        .where = tc_config_directory(run->plan->config, 0),
    };

    if (figures != NULL && merged != NULL) {
        tc_capture_run_ledger(run, &summary.ledger);
        for (uint16_t i = 0; i < catalog->line_count; i++)
            tc_capture_run_figures(run, i, &figures[i]);
        for (uint16_t i = 0; i < catalog->channel_count; i++)
            tc_capture_run_merged(run, i, &merged[i]);
        tc_run_summary_print(stderr, &summary);
        print_joins(stderr, run);
    }
    free(figures);
    free(merged);
}

/* ---- what is wrong ---- */

/* net_pcap ends without a word where a file is cut off; here it is found out and said. */
static bool sources_are_whole(const struct tc_capture_run *run)
{
    bool whole = true;

    for (size_t i = 0; i < run->plan->stream_count; i++) {
        const struct tc_plan_port *port = &run->plan->ports[run->plan->streams[i].port];
        const struct tc_receiver_published *published = &run->streams[i].receiver->published;
        struct tc_error error = {0};

        if (port->source_file[0] == '\0' || port->config->rx_lcores.count > 1 ||
            tc_published_get(&published->exhausted) == 0)
            continue;
        if (tc_pcap_check_end(port->source_file, tc_published_get(&published->polled),
                              tc_published_get(&published->polled_bytes), &error) != TC_OK) {
            tc_report("%s", error.text);
            whole = false;
        }
    }
    return whole;
}

/* Of one stream; tells what does not agree. */
static bool stream_adds_up(const struct tc_run_stream *stream)
{
    uint32_t number = stream->rings.plan->number;
    uint64_t polled = tc_published_get(&stream->receiver->published.polled);
    uint64_t written = 0;
    bool agrees = true;
    struct tc_ledger ledger;

    tc_capture_run_stream_ledger(stream, &ledger);
    for (uint32_t i = 0; i < stream->rings.writer_count; i++) {
        const struct tc_writer_published *writer = &stream->writers[i]->published;
        uint64_t segment = tc_published_get(&writer->open_balance);

        written += tc_published_get(&writer->frames);
        if (segment != 0) {
            tc_report("stream %u: the ledger does not close at the end of segment %" PRIu64
                      " of writer %u",
                      number, segment, i);
            agrees = false;
        }
    }
    if (ledger.received != polled || !tc_ledger_closes(&ledger)) {
        tc_report("stream %u: the ledger does not close: %" PRIu64 " frames polled, %" PRIu64
                  " received, %" PRIu64 " recorded, %" PRIu64 " dropped, %" PRIu64 " filtered",
                  number, polled, ledger.received, ledger.recorded, tc_ledger_dropped(&ledger),
                  ledger.filtered);
        agrees = false;
    }
    if (written != ledger.recorded) {
        tc_report("stream %u: %" PRIu64 " frames recorded, but %" PRIu64 " are in its segments",
                  number, ledger.recorded, written);
        agrees = false;
    }
    return agrees;
}

static bool everything_adds_up(const struct tc_capture_run *run)
{
    bool agrees = true;

    for (size_t i = 0; i < run->plan->stream_count; i++)
        agrees &= stream_adds_up(&run->streams[i]);
    return agrees;
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
        tc_report("port %s: the driver lost %" PRIu64 " frames, %" PRIu64
                  " more had errors, %" PRIu64 " found no buffer",
                  run->plan->ports[i].config->name, losses.missed, losses.errors, losses.no_buffer);
        lost |= losses.missed > 0 || losses.no_buffer > 0;
    }
    return lost;
}

enum tc_exit tc_reckon(const struct tc_capture_run *run)
{
    struct tc_error failure = {0};
    bool good = sources_are_whole(run);
    bool lost = host_lost_frames(run);

    good &= everything_adds_up(run);
    print_summary(run);
    if (tc_capture_run_failure(run, &failure)) {
        tc_report("%s", failure.text);
        good = false;
    }
    if (!good)
        return TC_EXIT_FAULT;
    return lost ? TC_EXIT_LOSS : TC_EXIT_GOOD;
}
