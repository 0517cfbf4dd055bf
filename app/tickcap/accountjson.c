/* Structures in, JSON objects out; nothing is computed here that a person would argue about. */
#include "tickcap/accountjson.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/runsummary.h"
#include "feed/print.h"

/*
 * jansson has signed numbers only. A sequence number can be larger: it becomes a string that begins
 * with a control character, which no other text has, and account_json_print takes it out again.
 */
#define LARGE_MARK "\x01"

json_t *account_json_number(uint64_t value)
{
    char text[32];

    if (value <= INT64_MAX)
        return json_integer((json_int_t)value);
    snprintf(text, sizeof text, LARGE_MARK "%" PRIu64, value);
    return json_string(text);
}

bool account_json_print(const json_t *object, FILE *out)
{
    static const char mark[] = "\"\\u0001"; /* as jansson writes a string with it */
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
    const char *rest = text;
    const char *found;

    if (text == NULL)
        return false;
    while ((found = strstr(rest, mark)) != NULL) {
        size_t digits = strspn(found + sizeof mark - 1, "0123456789");

        fwrite(rest, 1, (size_t)(found - rest), out);
        fwrite(found + sizeof mark - 1, 1, digits, out);
        rest = found + sizeof mark - 1 + digits + 1; /* and the quote behind it */
    }
    fprintf(out, "%s\n", rest);
    free(text);
    return true;
}

static void put(json_t *object, const char *name, json_t *value)
{
    json_object_set_new(object, name, value);
}

void id_text(char text[33], const uint8_t id[TC_ID_BYTES])
{
    for (int i = 0; i < TC_ID_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", id[i]);
}

/* null where the driver cannot count */
static json_t *nic_json(const struct tc_nic *nic)
{
    const uint64_t *rows = (const uint64_t *)nic;
    json_t *object = json_object();

    for (size_t i = 0; i < TC_NIC_ROWS; i++)
        put(object, tc_nic_rows[i].name, nic != NULL ? account_json_number(rows[i]) : json_null());
    return object;
}

/* `nic`: NULL where nobody counts. */
static json_t *ledger_json(const struct tc_ledger *ledger, const struct tc_nic *nic)
{
    json_t *object = json_object();
    json_t *dropped = json_object();

    put(dropped, "no_batch", account_json_number(ledger->no_batch));
    put(dropped, "ring_full", account_json_number(ledger->ring_full));
    put(dropped, "writer_failed", account_json_number(ledger->writer_failed));
    put(dropped, "disk_full", account_json_number(ledger->disk_full));
    put(dropped, "shutdown", account_json_number(ledger->shutdown));
    put(object, "received", account_json_number(ledger->received));
    put(object, "recorded", account_json_number(ledger->recorded));
    put(object, "dropped", dropped);
    put(object, "filtered", account_json_number(ledger->filtered));
    put(object, "messages_dropped", account_json_number(ledger->messages_dropped));
    put(object, "messages_filtered", account_json_number(ledger->messages_filtered));
    put(object, "bad_time", account_json_number(ledger->bad_time));
    put(object, "nic", nic_json(nic));
    put(object, "exact", json_boolean(tc_ledger_closes(ledger)));
    return object;
}

static json_t *session_json(const struct tc_account_session *session,
                            const struct tc_framing *framing)
{
    json_t *object = json_object();
    char text[64] = "";
    struct tc_scribe out = tc_scribe_of(text, sizeof text - 1);

    tc_print_session(&out, framing, (const uint8_t *)&session->id);
    put(object, "id", json_string(text));
    put(object, "first_seq", account_json_number(session->first));
    put(object, "last_seq", account_json_number(session->next - 1));
    put(object, "end_seen", json_boolean(session->end_seen));
    return object;
}

struct quantile {
    const char *name; /* NULL ends a row of them */
    double share;
};

static const struct quantile latency_quantiles[] = {{"min", 0},      {"p50", 0.5}, {"p99", 0.99},
                                                    {"p999", 0.999}, {"max", 1},   {NULL, 0}};

/* Which line leads changes: both ends matter. */
static const struct quantile lead_quantiles[] = {{"min", 0},    {"p1", 0.01}, {"p50", 0.5},
                                                 {"p99", 0.99}, {"max", 1},   {NULL, 0}};

/* What a histogram comes to; numbers are within 1 % but for lowest and highest. */
static json_t *histogram_json(const struct tc_histogram *histogram,
                              const struct quantile *quantiles)
{
    json_t *object = json_object();

    put(object, "count", account_json_number(histogram->total));
    for (size_t i = 0; quantiles[i].name != NULL; i++)
        put(object, quantiles[i].name,
            histogram->total > 0
                ? json_integer(tc_histogram_quantile(histogram, quantiles[i].share))
                : json_null());
    return object;
}

/* Named as the columns of `cat`; null where there is no message. */
static json_t *latency_json(const struct tc_latency *latency)
{
    json_t *object;

    if (latency == NULL)
        return json_null();
    object = json_object();
    for (size_t row = 0; row < TC_LATENCY_ROWS; row++)
        put(object, tc_latency_rows[row].column,
            histogram_json(tc_latency_get(latency, row), latency_quantiles));
    return object;
}

static json_t *line_json(const struct tc_account_line *line, const struct tc_framing *framing)
{
    json_t *object = json_object();
    json_t *sessions = json_array();
    char digest[17];

    put(object, "line", json_string(line->line->name));
    for (size_t i = 0; i < TC_FIGURE_ROWS; i++)
        put(object, tc_figure_rows[i].name, account_json_number(tc_figures_get(&line->figures, i)));
    put(object, "loss_rate", json_real(tc_loss_rate(&line->figures)));
    snprintf(digest, sizeof digest, "%016" PRIx64, line->digest);
    put(object, "digest", json_string(digest));
    for (size_t i = 0; i < line->session_count; i++)
        json_array_append_new(sessions, session_json(&line->sessions[i], framing));
    put(object, "sessions", sessions);
    put(object, "leads", account_json_number(line->leads));
    put(object, "latency", latency_json(line->latency));
    return object;
}

static json_t *channel_json(const struct tc_account_channel *channel)
{
    const struct tc_feed *feed = channel->channel->feed;
    const struct tc_account_merged *merged = &channel->merged;
    json_t *object = json_object();
    json_t *lines = json_array();
    json_t *together = json_object();

    put(object, "name", json_string(channel->channel->name));
    put(object, "feed", json_string(feed->name));
    put(object, "symbols", account_json_number(channel->symbols));
    for (size_t i = 0; i < channel->line_count; i++)
        json_array_append_new(lines, line_json(&channel->lines[i], feed->framing));
    put(object, "lines", lines);
    put(together, "messages", account_json_number(merged->messages));
    put(together, "missing", account_json_number(merged->missing));
    put(together, "recovered", account_json_number(merged->recovered));
    put(together, "loss_rate", json_real(tc_loss_share(merged->missing, merged->messages)));
    put(object, "merged", together);
    put(object, "lead_ns",
        channel->lead != NULL ? histogram_json(channel->lead, lead_quantiles) : json_null());
    return object;
}

static json_t *stream_json(const struct tc_account_stream *stream)
{
    const struct tc_capture *capture = stream->source->capture;
    bool counts = stream->port->losses != TC_LOSSES_ABSENT;
    json_t *object = json_object();

    put(object, "stream", account_json_number(stream->source->stream));
    put(object, "port", json_string(stream->port->name));
    for (uint16_t i = 0; i < capture->stream_count; i++)
        if (capture->streams[i].number == stream->source->stream)
            put(object, "queue", account_json_number(capture->streams[i].queue));
    put(object, "ledger", ledger_json(&stream->ledger, counts ? &stream->nic : NULL));
    return object;
}

static json_t *bound_json(uint64_t bound_ns)
{
    return bound_ns == TC_ERROR_UNKNOWN ? json_null() : account_json_number(bound_ns);
}

static json_t *drift_json(const struct tc_account_clock *noted)
{
    double drift_ppb;

    return tc_account_drift(noted, &drift_ppb) ? json_real(drift_ppb) : json_null();
}

static json_t *clock_json(const struct tc_account_clock *noted)
{
    const struct tc_clock *clock = &noted->clock;
    json_t *object = json_object();

    put(object, "port", json_string(noted->port != NULL ? noted->port->name : ""));
    put(object, "source", json_string(tc_clock_source_names[clock->source]));
    put(object, "unit", json_string(tc_clock_unit_names[clock->unit]));
    put(object, "epoch", json_string(tc_clock_epoch_names[clock->epoch]));
    put(object, "error_ns_max", bound_json(clock->error_ns));
    put(object, "host_error_ns_max", bound_json(clock->host_error_ns));
    put(object, "residual_ns",
        clock->compared_ns != 0 ? json_integer(clock->residual_ns) : json_null());
    put(object, "drift_ppb", drift_json(noted));
    put(object, "corrections", account_json_number(clock->corrections));
    put(object, "ahead_s", account_json_number(clock->ahead_s));
    put(object, "in_sync", json_boolean(clock->in_sync));
    put(object, "from_ns", account_json_number(noted->from_ns));
    put(object, "to_ns", account_json_number(noted->to_ns));
    return object;
}

static void put_lists(json_t *object, const struct tc_account *account)
{
    json_t *streams = json_array();
    json_t *channels = json_array();
    json_t *clocks = json_array();

    /* the stream of events that several streams have in common is of no port */
    for (size_t i = 0; i < account->stream_count; i++)
        if (account->streams[i].port != NULL)
            json_array_append_new(streams, stream_json(&account->streams[i]));
    for (size_t i = 0; i < account->channel_count; i++)
        json_array_append_new(channels, channel_json(&account->channels[i]));
    for (size_t i = 0; i < account->clock_count; i++)
        json_array_append_new(clocks, clock_json(&account->clocks[i]));
    put(object, "streams", streams);
    put(object, "channels", channels);
    put(object, "clocks", clocks);
}

json_t *account_json(const struct tc_account *account, const struct tc_reader *reader)
{
    struct tc_reader_totals totals = tc_reader_totals(reader);
    const struct tc_capture *capture = tc_reader_source(reader, 0)->capture;
    json_t *object = json_object();
    char run[33];

    id_text(run, capture->run_id);
    put(object, "schema", json_integer(1));
    put(object, "tool", json_string(capture->tool));
    put(object, "host", json_string(capture->host));
    put(object, "run", json_string(run));
    put(object, "complete", json_boolean(totals.complete));
    put(object, "repaired", json_false());
    put(object, "segments", account_json_number(totals.segments));
    put(object, "blocks", account_json_number(totals.blocks));
    put(object, "frames", account_json_number(account->frames));
    put(object, "messages", account_json_number(account->messages));
    put(object, "bytes_wire", account_json_number(account->bytes_wire));
    put(object, "bytes_stored", account_json_number(totals.bytes_stored));
    put(object, "ratio",
        json_real(totals.bytes_stored > 0
                      ? (double)account->bytes_wire / (double)totals.bytes_stored
                      : 0.0));
    put(object, "first_rx_ns", account_json_number(account->first_rx_ns));
    put(object, "last_rx_ns", account_json_number(account->last_rx_ns));
    put(object, "unmatched_frames", account_json_number(account->unmatched_frames));
    put(object, "malformed_frames", account_json_number(account->malformed_frames));
    put(object, "ledger", ledger_json(&account->ledger, account->nic_known ? &account->nic : NULL));
    put_lists(object, account);
    return object;
}

json_t *account_json_begun(void)
{
    static const char *const zeros[] = {"segments", "blocks", "frames", "messages", "bytes_wire"};
    static const char *const lists[] = {"streams", "channels", "clocks"};
    json_t *object = json_object();

    put(object, "schema", json_integer(1));
    put(object, "complete", json_false());
    for (size_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++)
        put(object, zeros[i], json_integer(0));
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        put(object, lists[i], json_array());
    return object;
}
