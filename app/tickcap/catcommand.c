/* tickcap cat: the messages of a capture, one a line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/parse.h"
#include "tickcap/command.h"
#include "tickcap/eventrows.h"
#include "tickcap/faults.h"
#include "tickcap/filter.h"
#include "tickcap/rowcolumns.h"
#include "tickcap/rowsorter.h"

enum {
    OPTION_FORMAT = 1000,
    OPTION_FIELDS,
    OPTION_ORDER,
    OPTION_LIMIT,
    OPTION_FOLLOW,
    OPTION_EVENTS,
    /* the longest message in hex, twice, and names around it */
    ROW_BYTES_MAX = 6 * 65536,
    SORT_BYTES = 512 << 20,
    FOLLOW_POLL_MS = 200,
};

static const struct tc_option options[] = {
    {OPTION_FORMAT, "format", "text|csv|json", "how to print (text)"},
    {OPTION_FIELDS, "fields", "LIST",
     "what to print, with commas between: columns, net_ns, proc_lat_ns,\n"
     "total_ns, or fields of the feed's table"},
    FILTER_OPTIONS,
    {OPTION_ORDER, "order", "recorded|rx|exch",
     "by stream as recorded and merged by receive time (recorded), or\n"
     "sorted by receive time or by exchange time"},
    {OPTION_LIMIT, "limit", "N", "stop after N messages"},
    {OPTION_EVENTS, "events", NULL,
     "also what happened between the frames: gaps, losses, sessions and more;\n"
     "text or json, in the order recorded"},
    {OPTION_FOLLOW, "follow", NULL, "wait for more, as a running capture writes it"},
    {0},
};

static const struct tc_usage usage = {
    .name = "tickcap cat",
    .arguments = "PATH... [options]",
    .summary = "Prints the messages of a capture.",
    .options = options,
    .details = FILTER_DETAILS "\nThe columns of csv and json: stream frame index rx_ns exch_ns "
                              "proc_ns channel line\nsession seq type symbol flags length message.",
};

enum order { ORDER_RECORDED, ORDER_RX, ORDER_EXCH };

struct cat {
    struct filter filter; /* first: it is the reader's context */
    struct row_columns columns;
    struct faults faults;
    struct row_sorter *sorter;
    struct tc_ticker *ticker;
    enum tc_print_style style;
    enum order order;
    bool fields_given;
    bool follow;
    bool events;
    bool failed; /* standard output does not take any more */
    uint64_t limit;
    uint64_t printed;
    char row[ROW_BYTES_MAX];
};

/* ---- rows ---- */

static void write_csv(struct cat *cat, struct tc_scribe *out, const struct tc_tick *tick)
{
    for (size_t i = 0; i < cat->columns.count; i++) {
        if (i > 0)
            tc_text_char(out, ',');
        row_column_write(&cat->columns.columns[i], out, tick, TC_PRINT_CSV);
    }
    tc_text_string(out, "\r\n");
}

static void write_json(struct cat *cat, struct tc_scribe *out, const struct tc_tick *tick)
{
    tc_text_string(out, "{\"kind\":\"message\"");
    for (size_t i = 0; i < cat->columns.count; i++) {
        tc_text_string(out, ",\"");
        tc_text_string(out, cat->columns.columns[i].name);
        tc_text_string(out, "\":");
        row_column_write(&cat->columns.columns[i], out, tick, TC_PRINT_JSON);
    }
    if (!cat->fields_given) {
        tc_text_string(out, ",\"fields\":");
        tc_print_message(out, tick->channel->feed, tick->type, tick->message, tick->bytes,
                         TC_PRINT_JSON);
    }
    tc_text_string(out, "}\n");
}

/* Receive time in the zone asked for, else in UTC. */
static void write_time(const struct cat *cat, struct tc_scribe *out, uint64_t time_ns)
{
    int32_t offset_s = 0;

    if (cat->filter.has_zone)
        offset_s = tc_zone_offset(&cat->filter.zone, (int64_t)(time_ns / 1000000000));
    tc_text_time_at(out, time_ns, offset_s);
}

static void write_text(struct cat *cat, struct tc_scribe *out, const struct tc_tick *tick)
{
    static const char *const leading[] = {"channel", "line", "seq", "symbol", "flags"};
    struct row_columns named;

    if (cat->fields_given) {
        for (size_t i = 0; i < cat->columns.count; i++) {
            if (i > 0)
                tc_text_char(out, ' ');
            row_column_write(&cat->columns.columns[i], out, tick, TC_PRINT_TEXT);
        }
        tc_text_char(out, '\n');
        return;
    }
    row_columns_default(&named);
    write_time(cat, out, tick->frame->rx_ns);
    for (size_t i = 0; i < sizeof leading / sizeof leading[0]; i++)
        for (size_t j = 0; j < named.count; j++)
            if (strcmp(named.columns[j].name, leading[i]) == 0) {
                tc_text_char(out, ' ');
                row_column_write(&named.columns[j], out, tick, TC_PRINT_TEXT);
            }
    tc_text_char(out, ' ');
    tc_text_string(out, tick->type != NULL ? tick->type->name : "unknown");
    tc_text_char(out, ' ');
    tc_print_message(out, tick->channel->feed, tick->type, tick->message, tick->bytes,
                     TC_PRINT_TEXT);
    tc_text_char(out, '\n');
}

static bool print_row(void *context, const char *row, size_t length)
{
    struct cat *cat = context;

    if (fwrite(row, 1, length, stdout) != length) {
        cat->failed = true;
        return false;
    }
    return ++cat->printed != cat->limit;
}

/* False when nothing more is to be printed. */
static bool take_tick(struct cat *cat, const struct tc_tick *tick, struct tc_error *error)
{
    struct tc_scribe out = tc_scribe_of(cat->row, sizeof cat->row);
    struct row_key key = {
        .time_ns = cat->order == ORDER_EXCH && tick->has_exch ? tick->exch_ns : tick->frame->rx_ns,
        .frame = tick->frame_number,
        .stream = tick->source->stream,
        .index = tick->index,
    };

    switch (cat->style) {
    case TC_PRINT_TEXT: write_text(cat, &out, tick); break;
    case TC_PRINT_CSV: write_csv(cat, &out, tick); break;
    case TC_PRINT_JSON: write_json(cat, &out, tick); break;
    }
    if (cat->sorter == NULL)
        return print_row(cat, cat->row, out.length);
    return row_sorter_add(cat->sorter, &key, cat->row, out.length, error) == TC_OK;
}

/* Events are about a time and perhaps a channel; other filters are refused beside them. */
static bool take_event(struct cat *cat, const struct tc_item *item)
{
    struct tc_scribe out = tc_scribe_of(cat->row, sizeof cat->row);
    const struct tc_channel *channel = event_row_channel(item);

    if (item->event->time_ns < cat->filter.from_ns ||
        (cat->filter.to_word != NULL && item->event->time_ns >= cat->filter.to_ns) ||
        (cat->filter.channel != NULL && channel != NULL &&
         strcmp(cat->filter.channel, channel->name) != 0))
        return true;
    event_row_write(&out, item, cat->style);
    return print_row(cat, cat->row, out.length);
}

/* ---- the run ---- */

static void print_names(const struct cat *cat)
{
    for (size_t i = 0; i < cat->columns.count; i++)
        printf("%s%s", i > 0 ? "," : "", cat->columns.columns[i].name);
    printf("\r\n");
}

static void fault_told(void *context, const struct tc_error *fault)
{
    faults_tell(&((struct cat *)context)->faults, fault);
}

static void pause_a_little(void)
{
    nanosleep(&(const struct timespec){.tv_nsec = FOLLOW_POLL_MS * 1000000L}, NULL);
}

/* Waits for a running capture to write more; false when it has ended. */
static bool wait_for_more(struct cat *cat, struct tc_reader *reader, struct tc_error *error)
{
    if (!cat->follow || tc_reader_totals(reader).complete)
        return false;
    fflush(stdout);
    pause_a_little();
    return tc_reader_refresh(reader, error) == TC_OK;
}

static enum tc_exit print_messages(struct cat *cat, struct tc_reader *reader)
{
    struct tc_error error = {0};
    struct tc_item item;
    struct tc_tick tick;
    bool more = true;

    if (cat->style == TC_PRINT_CSV)
        print_names(cat);
    while (more) {
        if (tc_reader_next(reader, &item, &error) != TC_OK) {
            more = wait_for_more(cat, reader, &error);
            continue;
        }
        if (item.kind != TC_ITEM_FRAME) {
            more = !cat->events || take_event(cat, &item);
            continue;
        }
        tc_ticker_frame(cat->ticker, &item);
        while (more && tc_ticker_next(cat->ticker, &tick))
            if (filter_tick(&cat->filter, &tick))
                more = take_tick(cat, &tick, &error);
    }
    if (error.status == TC_OK && cat->sorter != NULL)
        (void)!row_sorter_give(cat->sorter, print_row, cat, &error);
    if (error.status != TC_OK)
        return tc_report_error(&error);
    if (fflush(stdout) != 0 || cat->failed) {
        if (errno != EPIPE)
            tc_report("standard output cannot be written: %s", strerror(errno));
        return TC_EXIT_FAULT;
    }
    return cat->faults.count == 0 ? TC_EXIT_GOOD : TC_EXIT_FAULT;
}

static enum tc_exit run_cat(struct cat *cat, char **paths, size_t count)
{
    const struct tc_reader_options reading = {
        .follow = cat->follow,
        .fault = fault_told,
        .wanted = cat->events || filter_is_open(&cat->filter) ? NULL : filter_block,
        .context = &cat->filter,
    };
    struct tc_error error = {0};
    struct tc_reader *reader;
    enum tc_status status;
    enum tc_exit exit;

    cat->ticker = tc_ticker_new();
    if (cat->order != ORDER_RECORDED)
        cat->sorter = row_sorter_new(SORT_BYTES);
    if (cat->ticker == NULL || (cat->order != ORDER_RECORDED && cat->sorter == NULL)) {
        tc_report("no memory");
        return TC_EXIT_FAULT;
    }
    /* a capture that has just begun has nothing to read yet, and is waited for */
    while ((status = tc_reader_open(&reader, (const char *const *)paths, count, &reading,
                                    &error)) == TC_END &&
           cat->follow && cat->faults.count == 0)
        pause_a_little();
    if (status != TC_OK)
        return tc_report_error(&error);
    exit = print_messages(cat, reader);
    tc_reader_close(reader);
    return exit;
}

static bool choose(const char *option, const char *word, const char *const *words, size_t count,
                   int *chosen)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0) {
            *chosen = (int)i;
            return true;
        }
    tc_report("--%s: '%s' is none of %s, %s and %s", option, word, words[0], words[1], words[2]);
    return false;
}

static bool take_option(struct cat *cat, int id, const char *argument)
{
    static const char *const formats[] = {"text", "csv", "json"};
    static const char *const orders[] = {"recorded", "rx", "exch"};
    struct tc_error error = {0};
    int chosen = 0;

    switch (id) {
    case OPTION_FORMAT:
        if (!choose("format", argument, formats, 3, &chosen))
            return false;
        cat->style = (enum tc_print_style)chosen;
        return true;
    case OPTION_ORDER:
        if (!choose("order", argument, orders, 3, &chosen))
            return false;
        cat->order = (enum order)chosen;
        return true;
    case OPTION_FIELDS: cat->fields_given = true; return row_columns_parse(&cat->columns, argument);
    case OPTION_LIMIT:
        if (tc_parse_uint(argument, 1, UINT64_MAX, &cat->limit, &error) == TC_OK)
            return true;
        tc_report("--limit: %s", error.text);
        return false;
    case OPTION_FOLLOW: cat->follow = true; return true;
    case OPTION_EVENTS: cat->events = true; return true;
    default: return filter_take(&cat->filter, id, argument);
    }
}

/* Options that make no sense together; false, after a report. */
static bool go_together(const struct cat *cat)
{
    if (cat->follow && cat->order != ORDER_RECORDED) {
        tc_report("--follow goes with --order recorded only");
        return false;
    }
    if (!cat->events)
        return true;
    if (cat->style == TC_PRINT_CSV || cat->order != ORDER_RECORDED ||
        cat->filter.symbol_count > 0 || cat->filter.type != NULL || cat->filter.by_exch) {
        tc_report("--events goes with --format text or json and --order recorded, and without "
                  "--symbol, --type and --by exch");
        return false;
    }
    return true;
}

static enum tc_exit cat_command(int count, char **words)
{
    struct tc_options parsed = tc_options_of(&usage, count, words);
    struct cat *cat = calloc(1, sizeof *cat);
    const char *argument;
    enum tc_exit exit = TC_EXIT_USAGE;
    int id;

    if (cat == NULL)
        return TC_EXIT_FAULT;
    row_columns_default(&cat->columns);
    while ((id = tc_options_next(&parsed, &argument)) >= 0)
        if (!take_option(cat, id, argument))
            break;
    if (id == TC_OPTION_HELP)
        exit = TC_EXIT_GOOD;
    else if (id == TC_OPTION_END && parsed.operand == count)
        tc_report("PATH is missing, see tickcap cat --help");
    else if (id == TC_OPTION_END && go_together(cat) && filter_ready(&cat->filter))
        exit = run_cat(cat, words + parsed.operand, (size_t)(count - parsed.operand));
    row_sorter_free(cat->sorter);
    tc_ticker_free(cat->ticker);
    row_columns_free(&cat->columns);
    free(cat);
    return exit;
}

const struct tc_command tc_command_cat = {&usage, "cat", cat_command};
