/* tickcap info: what is in a capture, for people and for programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "common/runsummary.h"
#include "feed/print.h"
#include "tickcap/accounting.h"
#include "tickcap/accountjson.h"
#include "tickcap/command.h"
#include "tickcap/faults.h"
#include "tickcap/infotimes.h"
#include "tickcap/latencydrawing.h"

enum { OPTION_JSON = 1000, OPTION_LATENCY };

enum style { STYLE_TEXT, STYLE_JSON, STYLE_LATENCY };

static const struct tc_option options[] = {
    {OPTION_JSON, "json", NULL, "print JSON"},
    {OPTION_LATENCY, "latency", NULL, "draw how long messages took, line by line"},
    {0},
};

static const struct tc_usage usage = {
    .name = "tickcap info",
    .arguments = "PATH... [--json | --latency]",
    .summary = "Says what is in a capture: frames, channels, lines, losses, clocks, latencies.",
    .options = options,
    .details = "PATH is a segment or a directory of segments. Every block is read: digests and\n"
               "merged figures come from the messages themselves.\n"
               "Latencies are signed, since clocks differ: network is receive less exchange time,\n"
               "processing is from there to when the burst was handled, total is both.",
};

static void fault_told(void *context, const struct tc_error *fault)
{
    faults_tell(context, fault);
}

/* ---- for people ---- */

static const char *time_text(char text[40], uint64_t time_ns)
{
    struct tc_scribe out = tc_scribe_of(text, 39);

    memset(text, 0, 40);
    tc_text_time(&out, time_ns);
    return text;
}

static void print_line(const struct tc_account_line *line, const struct tc_framing *framing)
{
    const struct tc_figures *figures = &line->figures;

    printf("    line %s: %lu messages in %lu packets, %lu in order, %lu late, %lu duplicate\n",
           line->line->name, figures->messages, figures->packets, figures->in_order, figures->late,
           figures->duplicates);
    printf("      %lu gaps, %lu missing, loss rate %.3g; %lu heartbeats, %lu of them stale; "
           "%lu resets; %lu not recorded; digest %016lx\n",
           figures->gap_events, figures->missing, tc_loss_rate(figures), figures->heartbeats,
           figures->stale_heartbeats, figures->resets, figures->not_recorded, line->digest);
    for (size_t i = 0; i < line->session_count; i++) {
        const struct tc_account_session *session = &line->sessions[i];
        char text[64] = "";
        struct tc_scribe out = tc_scribe_of(text, sizeof text - 1);

        tc_print_session(&out, framing, (const uint8_t *)&session->id);
        printf("      session %s: %lu to %lu%s\n", text, session->first, session->next - 1,
               session->end_seen ? ", ended" : "");
    }
}

static void print_channels(const struct tc_account *account)
{
    for (size_t i = 0; i < account->channel_count; i++) {
        const struct tc_account_channel *channel = &account->channels[i];

        printf("  channel %s, %s, %lu symbols\n", channel->channel->name,
               channel->channel->feed->name, channel->symbols);
        for (size_t j = 0; j < channel->line_count; j++)
            print_line(&channel->lines[j], channel->channel->feed->framing);
        if (channel->line_count > 1)
            printf("    merged: %lu messages, %lu missing on every line, %lu recovered\n",
                   channel->merged.messages, channel->merged.missing, channel->merged.recovered);
    }
}

static void print_account(const struct tc_account *account, const struct tc_reader *reader)
{
    struct tc_reader_totals totals = tc_reader_totals(reader);
    const struct tc_capture *capture = tc_reader_source(reader, 0)->capture;
    const struct tc_ledger *ledger = &account->ledger;
    char run[33], first[40], last[40];

    id_text(run, capture->run_id);
    printf("capture %s of %s, run %s, by %s%s\n", capture->name, capture->host, run, capture->tool,
           totals.complete ? "" : ", not complete");
    printf("  %lu frames, %lu messages, %lu bytes on the wire, %lu stored in %lu segments with %lu "
           "blocks, ratio %.2f\n",
           account->frames, account->messages, account->bytes_wire, totals.bytes_stored,
           totals.segments, totals.blocks,
           totals.bytes_stored > 0 ? (double)account->bytes_wire / (double)totals.bytes_stored
                                   : 0.0);
    if (account->last_rx_ns > 0)
        printf("  from %s\n    to %s\n", time_text(first, account->first_rx_ns),
               time_text(last, account->last_rx_ns));
    printf("  %lu received = %lu recorded + %lu dropped + %lu filtered%s; %lu unmatched, "
           "%lu malformed, %lu with a refused time\n",
           ledger->received, ledger->recorded, tc_ledger_dropped(ledger), ledger->filtered,
           tc_ledger_closes(ledger) ? "" : ", which does NOT add up", account->unmatched_frames,
           account->malformed_frames, ledger->bad_time);
    info_print_clocks(account);
    print_channels(account);
    info_print_latencies(account);
    info_print_leads(account);
}

/* ---- the run ---- */

static enum tc_status print_json(const struct tc_account *account, const struct tc_reader *reader,
                                 struct tc_error *error)
{
    json_t *object = account_json(account, reader);
    bool printed = account_json_print(object, stdout);

    json_decref(object);
    return printed ? TC_OK : tc_fail(error, TC_MEMORY, "no memory");
}

static enum tc_status print_as(enum style style, const struct tc_account *account,
                               const struct tc_reader *reader, struct tc_error *error)
{
    switch (style) {
    case STYLE_JSON: return print_json(account, reader, error);
    case STYLE_LATENCY: latency_draw(account); return TC_OK;
    default: print_account(account, reader); return TC_OK;
    }
}

static enum tc_exit print_info(struct tc_reader *reader, enum style style)
{
    struct tc_accountant *accountant;
    struct tc_account account;
    struct tc_error error = {0};
    enum tc_status status = account_read(reader, false, &accountant, &account, &error);

    if (status == TC_OK)
        status = print_as(style, &account, reader, &error);
    tc_accountant_free(accountant);
    return status == TC_OK ? TC_EXIT_GOOD : tc_report_error(&error);
}

/* A capture of which nothing has been written yet. */
static enum tc_exit print_begun(const struct tc_error *begun, enum style style)
{
    json_t *object;
    bool printed;

    if (style != STYLE_JSON) {
        printf("%s\n", begun->text);
        return TC_EXIT_GOOD;
    }
    object = account_json_begun();
    printed = account_json_print(object, stdout);
    json_decref(object);
    return printed ? TC_EXIT_GOOD : TC_EXIT_FAULT;
}

static enum tc_exit run_info(char **paths, size_t count, enum style style)
{
    struct faults faults = {0};
    const struct tc_reader_options reading = {.fault = fault_told, .context = &faults};
    struct tc_error error = {0};
    struct tc_reader *reader;
    enum tc_exit exit;
    enum tc_status status = tc_reader_open(&reader, (const char *const *)paths, count, &reading,
                                           &error);

    if (status == TC_END && faults.count == 0)
        return print_begun(&error, style);
    if (status != TC_OK)
        return tc_report_error(&error);
    exit = print_info(reader, style);
    tc_reader_close(reader);
    return exit == TC_EXIT_GOOD && faults.count > 0 ? TC_EXIT_FAULT : exit;
}

static enum tc_exit info_command(int count, char **words)
{
    struct tc_options parsed = tc_options_of(&usage, count, words);
    const char *argument;
    enum style style = STYLE_TEXT;
    int id;

    while ((id = tc_options_next(&parsed, &argument)) >= 0) {
        enum style wanted = id == OPTION_JSON ? STYLE_JSON : STYLE_LATENCY;

        if (style != STYLE_TEXT && style != wanted) {
            tc_report("--json and --latency exclude each other, see tickcap info --help");
            return TC_EXIT_USAGE;
        }
        style = wanted;
    }
    if (id == TC_OPTION_HELP)
        return TC_EXIT_GOOD;
    if (id == TC_OPTION_BAD)
        return TC_EXIT_USAGE;
    if (parsed.operand == count) {
        tc_report("PATH is missing, see tickcap info --help");
        return TC_EXIT_USAGE;
    }
    return run_info(words + parsed.operand, (size_t)(count - parsed.operand), style);
}

const struct tc_command tc_command_info = {&usage, "info", info_command};
