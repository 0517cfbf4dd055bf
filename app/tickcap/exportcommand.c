/*
 * tickcap export: a capture as a nanosecond pcap file.
 *
 * Without a filter every recorded frame comes out byte for byte, so that importing a pcap and
 * exporting it again gives the identical file. With one, whole frames that hold a match.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/progress.h"
#include "tickcap/command.h"
#include "tickcap/faults.h"
#include "tickcap/filter.h"

enum { OPTION_FORMAT = 1000 };

static const struct tc_option options[] = {
    {OPTION_FORMAT, "format", "pcap", "what to write (pcap)"},
    {'o', "output", "OUT", "the file to write; - is standard output"},
    FILTER_OPTIONS,
    {0},
};

static const struct tc_usage usage = {
    .name = "tickcap export",
    .arguments = "PATH... --format pcap -o OUT [options]",
    .summary = "Writes a capture as a pcap file with nanoseconds.",
    .options = options,
    .details = "Without a filter the recorded frames come out byte for byte; with one, the whole\n"
               "frames that hold a matching message.\n" FILTER_DETAILS,
};

struct export
{
    struct filter filter; /* first: it is the reader's context */
    struct faults faults;
    struct tc_ticker *ticker;
    const char *output;
    pcap_t *pcap;
    pcap_dumper_t *dumper;
};

static void fault_told(void *context, const struct tc_error *fault)
{
    faults_tell(&((struct export *)context)->faults, fault);
}

/* The longest frame that the source files could hold, so that their header comes out again. */
static uint32_t snaplen_of(const struct tc_reader *reader)
{
    uint32_t snaplen = 0;

    for (size_t i = 0; i < tc_reader_source_count(reader); i++) {
        const struct tc_capture *capture = tc_reader_source(reader, i)->capture;

        for (uint16_t j = 0; j < capture->port_count; j++)
            if (capture->ports[j].snaplen > snaplen)
                snaplen = capture->ports[j].snaplen;
    }
    return snaplen > 0 ? snaplen : TC_SNAPLEN_DEFAULT;
}

static bool open_output(struct export *export, const struct tc_reader *reader)
{
    export->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, (int)snaplen_of(reader),
                                                        PCAP_TSTAMP_PRECISION_NANO);
    if (export->pcap == NULL) {
        tc_report("no memory");
        return false;
    }
    export->dumper = pcap_dump_open(export->pcap, export->output);
    if (export->dumper == NULL) {
        tc_report("%s: cannot be written: %s", export->output, pcap_geterr(export->pcap));
        return false;
    }
    return true;
}

static bool has_match(struct export *export, const struct tc_item *item)
{
    struct tc_tick tick;
    bool match = false;

    tc_ticker_frame(export->ticker, item);
    while (tc_ticker_next(export->ticker, &tick))
        match |= filter_tick(&export->filter, &tick);
    return match;
}

static enum tc_exit write_frames(struct export *export, struct tc_reader *reader)
{
    bool everything = filter_is_open(&export->filter);
    struct tc_error error = {0};
    struct tc_progress progress;
    struct tc_item item;

    tc_progress_begin(&progress, "exporting", tc_reader_totals(reader).bytes_stored);
    while (tc_reader_next(reader, &item, &error) == TC_OK) {
        struct pcap_pkthdr header;

        tc_progress_show(&progress, tc_reader_totals(reader).bytes_read);
        if (item.kind != TC_ITEM_FRAME || (!everything && !has_match(export, &item)))
            continue;
        header = (struct pcap_pkthdr){
            .ts = {.tv_sec = (time_t)(item.frame->rx_ns / 1000000000),
                   .tv_usec = (suseconds_t)(item.frame->rx_ns % 1000000000)},
            .caplen = item.frame->captured_bytes,
            .len = item.frame->wire_bytes,
        };
        pcap_dump((u_char *)export->dumper, &header, item.frame->bytes);
    }
    tc_progress_end(&progress);
    if (pcap_dump_flush(export->dumper) != 0 || ferror(pcap_dump_file(export->dumper)) != 0) {
        tc_report("%s: cannot be written: %s", export->output, strerror(errno));
        return TC_EXIT_FAULT;
    }
    return export->faults.count == 0 ? TC_EXIT_GOOD : TC_EXIT_FAULT;
}

static enum tc_exit run_export(struct export *export, char **paths, size_t count)
{
    const struct tc_reader_options reading = {
        .fault = fault_told,
        .wanted = filter_is_open(&export->filter) ? NULL : filter_block,
        .context = &export->filter,
    };
    struct tc_error error = {0};
    struct tc_reader *reader;
    enum tc_exit exit = TC_EXIT_USAGE;

    export->ticker = tc_ticker_new();
    if (export->ticker == NULL) {
        tc_report("no memory");
        return TC_EXIT_FAULT;
    }
    if (tc_reader_open(&reader, (const char *const *)paths, count, &reading, &error) != TC_OK)
        return tc_report_error(&error);
    if (open_output(export, reader))
        exit = write_frames(export, reader);
    tc_reader_close(reader);
    return exit;
}

static bool take_option(struct export *export, int id, const char *argument)
{
    switch (id) {
    case OPTION_FORMAT:
        if (strcmp(argument, "pcap") == 0)
            return true;
        tc_report("--format: '%s' cannot be written, expected pcap", argument);
        return false;
    case 'o': export->output = argument; return true;
    default: return filter_take(&export->filter, id, argument);
    }
}

static enum tc_exit export_command(int count, char **words)
{
    struct tc_options parsed = tc_options_of(&usage, count, words);
    struct export *export = calloc(1, sizeof *export);
    const char *argument;
    enum tc_exit exit = TC_EXIT_USAGE;
    int id;

    if (export == NULL)
        return TC_EXIT_FAULT;
    while ((id = tc_options_next(&parsed, &argument)) >= 0)
        if (!take_option(export, id, argument))
            break;
    if (id == TC_OPTION_HELP)
        exit = TC_EXIT_GOOD;
    else if (id == TC_OPTION_END && (parsed.operand == count || export->output == NULL))
        tc_report("%s is missing, see tickcap export --help",
                  parsed.operand == count ? "PATH" : "-o OUT");
    else if (id == TC_OPTION_END && filter_ready(&export->filter))
        exit = run_export(export, words + parsed.operand, (size_t)(count - parsed.operand));
    if (export->dumper != NULL)
        pcap_dump_close(export->dumper);
    if (export->pcap != NULL)
        pcap_close(export->pcap);
    tc_ticker_free(export->ticker);
    free(export);
    return exit;
}

const struct tc_command tc_command_export = {&usage, "export", export_command};
