/* One function an object. A value that could not be made fails the page, not the program. */
#include "tickcap/gen/expectationjson.h"

#include <inttypes.h>
#include <jansson.h>

#include "tickcap/gen/merging.h"

static const char channel_name[] = "totalview";

/* An object being filled; `failed` stays once it was set. */
struct page {
    json_t *object;
    bool *failed;
};

static struct page page_of(bool *failed)
{
    return (struct page){json_object(), failed};
}

/* Takes the value over; NULL is what jansson makes without memory. */
static void put(struct page page, const char *name, json_t *value)
{
    if (json_object_set_new(page.object, name, value) != 0)
        *page.failed = true;
}

static void put_count(struct page page, const char *name, uint64_t count)
{
    put(page, name, json_integer((json_int_t)count));
}

static void put_rate(struct page page, uint64_t missing, uint64_t messages)
{
    uint64_t all = messages + missing;

    put(page, "loss_rate", json_real(all > 0 ? (double)missing / (double)all : 0));
}

static void append(json_t *array, json_t *value, bool *failed)
{
    if (json_array_append_new(array, value) != 0)
        *failed = true;
}

static json_t *json_of_session(const struct tc_expected_session *session, bool *failed)
{
    struct page page = page_of(failed);

    put(page, "id", json_stringn(session->id, TC_MOLD_SESSION_BYTES));
    put_count(page, "first_seq", session->first);
    put_count(page, "last_seq", session->next - 1);
    put(page, "end_seen", json_boolean(session->end_seen));
    return page.object;
}

static json_t *json_of_line(const struct tc_expected_line *line, unsigned index, bool *failed)
{
    uint64_t received = line->in_order + line->late, missing = tc_expected_missing(line);
    char name = (char)('a' + index), digest[17];
    struct page page = page_of(failed);
    json_t *sessions = json_array();

    snprintf(digest, sizeof digest, "%016" PRIx64, XXH3_64bits_digest(line->digest));
    for (size_t i = 0; i < line->session_count; i++)
        append(sessions, json_of_session(line->sessions + i, failed), failed);
    put(page, "line", json_stringn(&name, 1));
    put_count(page, "packets", line->packets);
    put_count(page, "messages", received + line->duplicates);
    put_count(page, "in_order", line->in_order);
    put_count(page, "late", line->late);
    put_count(page, "duplicates", line->duplicates);
    put_count(page, "gap_events", line->gap_events);
    put_count(page, "missing", missing);
    put_count(page, "heartbeats", line->heartbeats);
    put_count(page, "stale_heartbeats", line->stale_heartbeats);
    put_count(page, "resets", line->session_count - 1);
    put_count(page, "not_recorded", 0);
    put_rate(page, missing, received);
    put(page, "digest", json_string(digest));
    put(page, "sessions", sessions);
    return page.object;
}

static json_t *json_of_merged(const struct tc_expectation *expectation, bool *failed)
{
    struct tc_expected_merged merged = tc_expectation_merge(expectation);
    struct page page = page_of(failed);

    put_count(page, "messages", merged.messages);
    put_count(page, "missing", merged.missing);
    put_count(page, "recovered", merged.recovered);
    put_rate(page, merged.missing, merged.messages);
    return page.object;
}

static json_t *json_of_channel(const struct tc_expectation *expectation, bool *failed)
{
    struct page page = page_of(failed);
    json_t *lines = json_array();
    uint64_t symbols = 0;

    for (size_t locate = 0; locate <= UINT16_MAX; locate++)
        symbols += expectation->named[locate];
    for (unsigned i = 0; i < expectation->line_count; i++)
        append(lines, json_of_line(expectation->lines + i, i, failed), failed);
    put(page, "name", json_string(channel_name));
    put(page, "feed", json_string("moldudp64/itch50"));
    put_count(page, "symbols", symbols);
    put(page, "lines", lines);
    put(page, "merged", json_of_merged(expectation, failed));
    return page.object;
}

static uint64_t all_messages(const struct tc_expectation *expectation)
{
    uint64_t messages = 0;

    for (unsigned i = 0; i < expectation->line_count; i++) {
        const struct tc_expected_line *line = expectation->lines + i;

        messages += line->in_order + line->late + line->duplicates;
    }
    return messages;
}

/* Writes the page, and frees it. */
static enum tc_status print(struct page page, FILE *file, struct tc_error *error)
{
    if (!*page.failed) {
        json_dumpf(page.object, file, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
        fputc('\n', file);
    }
    json_decref(page.object);
    return *page.failed ? tc_fail(error, TC_MEMORY, "no memory for the expected figures") : TC_OK;
}

enum tc_status tc_expectation_print(const struct tc_expectation *expectation, FILE *file,
                                    struct tc_error *error)
{
    bool failed = false;
    struct page page = page_of(&failed);
    json_t *channels = json_array();

    append(channels, json_of_channel(expectation, &failed), &failed);
    put_count(page, "frames", expectation->frames);
    put_count(page, "messages", all_messages(expectation));
    put_count(page, "bytes_wire", expectation->bytes);
    put_count(page, "first_rx_ns", expectation->first_rx_ns);
    put_count(page, "last_rx_ns", expectation->last_rx_ns);
    put_count(page, "unmatched_frames", 0);
    put_count(page, "malformed_frames", 0);
    put(page, "channels", channels);
    return print(page, file, error);
}

static json_t *json_of_gap(const struct tc_expectation *expectation, unsigned index,
                           const struct tc_expected_gap *gap, bool *failed)
{
    const struct tc_expected_line *line = expectation->lines + index;
    struct tc_expected_fate fate = tc_expected_fate_of(expectation, line, gap);
    char name = (char)('a' + index);
    struct page page = page_of(failed);

    put(page, "channel", json_string(channel_name));
    put(page, "line", json_stringn(&name, 1));
    put(page, "session", json_stringn(line->sessions[gap->session].id, TC_MOLD_SESSION_BYTES));
    put_count(page, "first_seq", gap->first);
    put_count(page, "last_seq", gap->end - 1);
    put_count(page, "messages", gap->end - gap->first);
    put_count(page, "before_ns", gap->before_ns);
    put_count(page, "after_ns", gap->after_ns);
    put_count(page, "late", fate.late);
    put_count(page, "recovered", fate.recovered);
    put_count(page, "lost", fate.lost);
    return page.object;
}

enum tc_status tc_expectation_print_gaps(const struct tc_expectation *expectation, FILE *file,
                                         struct tc_error *error)
{
    bool failed = false;
    struct page page = page_of(&failed);
    json_t *gaps = json_array();

    for (unsigned i = 0; i < expectation->line_count; i++)
        for (size_t k = 0; k < expectation->lines[i].gap_count; k++)
            append(gaps, json_of_gap(expectation, i, expectation->lines[i].gaps + k, &failed),
                   &failed);
    put(page, "gaps", gaps);
    return print(page, file, error);
}
