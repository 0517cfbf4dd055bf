/* tickcap gaps: every hole in the numbers of the lines, what became of it, and whose it was. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/runsummary.h"
#include "feed/print.h"
#include "file/gaps.h"
#include "tickcap/accounting.h"
#include "tickcap/accountjson.h"
#include "tickcap/command.h"
#include "tickcap/faults.h"

enum { OPTION_JSON = 1000, OPTION_FAIL_ON };

static const struct tc_option options[] = {
    {OPTION_JSON, "json", NULL, "print JSON"},
    {OPTION_FAIL_ON, "fail-on", "ours|unknown|any",
     "exit with 1 if there is a gap that is ours or may be, that is unknown\n"
     "or one of these, or that there is at all"},
    {0},
};

static const struct tc_usage usage = {
    .name = "tickcap gaps",
    .arguments = "PATH... [--json] [--fail-on ours|unknown|any]",
    .summary = "Lists gaps: where, what became of them, and whose they were.",
    .options = options,
    .details =
        "A gap is filled late, recovered by another line, or lost. It is ours where frames were\n"
        "dropped here, ours-possible where the port missed frames in that time, upstream where\n"
        "the port counts all it loses and lost nothing, else unknown.",
};

enum fail_on { FAIL_ON_NOTHING, FAIL_ON_OURS, FAIL_ON_UNKNOWN, FAIL_ON_ANY };

static const char *const fail_on_words[] = {"nothing", "ours", "unknown", "any"};

/* What the gaps of a line, or of all, come to. */
struct sums {
    uint64_t gaps;
    uint64_t messages;
    uint64_t late;
    uint64_t recovered;
    uint64_t lost;
    uint64_t by_owner[TC_GAP_OWNERS];
};

static void add_gap(struct sums *sums, const struct tc_gap *gap)
{
    sums->gaps++;
    sums->messages += gap->end - gap->first;
    sums->late += gap->late;
    sums->recovered += gap->recovered;
    sums->lost += gap->lost;
    sums->by_owner[gap->owner]++;
}

/* ---- words ---- */

static const char *outcome_of(const struct tc_gap *gap)
{
    uint64_t size = gap->end - gap->first;

    if (gap->late == size)
        return gap->received ? "recorded twice" : "filled late";
    if (gap->lost == size)
        return "lost";
    if (gap->lost == 0)
        return gap->late == 0 ? "recovered" : "filled";
    return "partly lost";
}

static void session_text(char *text, size_t size, const struct tc_gap *gap)
{
    struct tc_scribe out = tc_scribe_of(text, size - 1);

    memset(text, 0, size);
    tc_print_session(&out, gap->channel->feed->framing, (const uint8_t *)&gap->session->id);
}

static const char *time_text(char text[48], uint64_t time_ns)
{
    struct tc_scribe out = tc_scribe_of(text, 47);

    memset(text, 0, 48);
    tc_text_time(&out, time_ns);
    return text;
}

/* ---- text ---- */

static void print_outcome(const struct tc_gap *gap)
{
    printf("%s", outcome_of(gap));
    if (gap->recovered > 0)
        printf(" by line %s", gap->by->line->name);
    if (gap->lost > 0 && gap->lost < gap->end - gap->first)
        printf(" (%lu late, %lu recovered, %lu lost)", gap->late, gap->recovered, gap->lost);
}

static void print_gap(const struct tc_gap *gap)
{
    char session[64], before[48], after[48];

    session_text(session, sizeof session, gap);
    printf("%s line %s, session %s: %lu to %lu (%lu messages)", gap->channel->name,
           gap->line->line->name, session, gap->first, gap->end - 1, gap->end - gap->first);
    if (gap->before_ns != 0)
        printf(" between %s and %s", time_text(before, gap->before_ns),
               time_text(after, gap->after_ns));
    else
        printf(" before %s", time_text(after, gap->after_ns));
    printf(": ");
    print_outcome(gap);
    printf("; %s", tc_gap_owner_names[gap->owner]);
    if (gap->received)
        printf(", %s", tc_drop_cause_name(gap->cause));
    printf("\n");
}

static void print_sums(const struct sums *sums)
{
    printf("%lu gaps of %lu messages: %lu late, %lu recovered, %lu lost", sums->gaps,
           sums->messages, sums->late, sums->recovered, sums->lost);
    for (int owner = 0; owner < TC_GAP_OWNERS; owner++)
        if (sums->by_owner[owner] > 0)
            printf("; %lu %s", sums->by_owner[owner], tc_gap_owner_names[owner]);
    printf("\n");
}

static void print_totals(const struct tc_account *account, const struct sums *sums)
{
    for (size_t i = 0; i < account->channel_count; i++) {
        const struct tc_account_channel *channel = &account->channels[i];

        for (size_t j = 0; j < channel->line_count; j++)
            printf("%s line %s: %lu gaps, %lu missing, %lu not recorded, loss rate %.3g\n",
                   channel->channel->name, channel->lines[j].line->name,
                   channel->lines[j].figures.gap_events, channel->lines[j].figures.missing,
                   channel->lines[j].figures.not_recorded,
                   tc_loss_rate(&channel->lines[j].figures));
        if (channel->line_count > 1)
            printf("%s, all lines: %lu missing, %lu recovered, loss rate %.3g\n",
                   channel->channel->name, channel->merged.missing, channel->merged.recovered,
                   tc_loss_share(channel->merged.missing, channel->merged.messages));
    }
    print_sums(sums);
}

/* ---- JSON ---- */

static json_t *gap_json(const struct tc_gap *gap)
{
    json_t *object = json_object();
    char session[64];

    session_text(session, sizeof session, gap);
    json_object_set_new(object, "channel", json_string(gap->channel->name));
    json_object_set_new(object, "line", json_string(gap->line->line->name));
    json_object_set_new(object, "session", json_string(session));
    json_object_set_new(object, "stream", account_json_number(gap->stream));
    json_object_set_new(object, "first_seq", account_json_number(gap->first));
    json_object_set_new(object, "last_seq", account_json_number(gap->end - 1));
    json_object_set_new(object, "messages", account_json_number(gap->end - gap->first));
    json_object_set_new(object, "before_ns",
                        gap->before_ns != 0 ? account_json_number(gap->before_ns) : json_null());
    json_object_set_new(object, "after_ns", account_json_number(gap->after_ns));
    json_object_set_new(object, "outcome", json_string(outcome_of(gap)));
    json_object_set_new(object, "late", account_json_number(gap->late));
    json_object_set_new(object, "recovered", account_json_number(gap->recovered));
    json_object_set_new(object, "recovered_by",
                        gap->by != NULL ? json_string(gap->by->line->name) : json_null());
    json_object_set_new(object, "lost", account_json_number(gap->lost));
    json_object_set_new(object, "owner", json_string(tc_gap_owner_names[gap->owner]));
    json_object_set_new(object, "cause",
                        gap->received ? json_string(tc_drop_cause_name(gap->cause)) : json_null());
    return object;
}

static json_t *sums_json(const struct sums *sums)
{
    json_t *object = json_object();
    json_t *owners = json_object();

    json_object_set_new(object, "gaps", account_json_number(sums->gaps));
    json_object_set_new(object, "messages", account_json_number(sums->messages));
    json_object_set_new(object, "late", account_json_number(sums->late));
    json_object_set_new(object, "recovered", account_json_number(sums->recovered));
    json_object_set_new(object, "lost", account_json_number(sums->lost));
    for (int owner = 0; owner < TC_GAP_OWNERS; owner++)
        json_object_set_new(owners, tc_gap_owner_names[owner],
                            account_json_number(sums->by_owner[owner]));
    json_object_set_new(object, "owners", owners);
    return object;
}

/* What the lines lack, each and together. */
static json_t *channel_json(const struct tc_account_channel *channel)
{
    json_t *object = json_object();
    json_t *lines = json_array();
    json_t *merged = json_object();

    for (size_t i = 0; i < channel->line_count; i++) {
        const struct tc_account_line *line = &channel->lines[i];
        json_t *row = json_object();

        json_object_set_new(row, "line", json_string(line->line->name));
        json_object_set_new(row, "gap_events", account_json_number(line->figures.gap_events));
        json_object_set_new(row, "missing", account_json_number(line->figures.missing));
        json_object_set_new(row, "not_recorded", account_json_number(line->figures.not_recorded));
        json_object_set_new(row, "loss_rate", json_real(tc_loss_rate(&line->figures)));
        json_array_append_new(lines, row);
    }
    json_object_set_new(merged, "missing", account_json_number(channel->merged.missing));
    json_object_set_new(merged, "recovered", account_json_number(channel->merged.recovered));
    json_object_set_new(
        merged, "loss_rate",
        json_real(tc_loss_share(channel->merged.missing, channel->merged.messages)));
    json_object_set_new(object, "name", json_string(channel->channel->name));
    json_object_set_new(object, "lines", lines);
    json_object_set_new(object, "merged", merged);
    return object;
}

static enum tc_status print_json(const struct tc_account *account, json_t *gaps,
                                 const struct sums *sums, struct tc_error *error)
{
    json_t *object = json_object();
    json_t *channels = json_array();
    bool printed;

    for (size_t i = 0; i < account->channel_count; i++)
        json_array_append_new(channels, channel_json(&account->channels[i]));
    json_object_set_new(object, "schema", json_integer(1));
    json_object_set_new(object, "gaps", gaps);
    json_object_set_new(object, "channels", channels);
    json_object_set_new(object, "totals", sums_json(sums));
    printed = account_json_print(object, stdout);
    json_decref(object);
    return printed ? TC_OK : tc_fail(error, TC_MEMORY, "no memory to print the gaps");
}

/* ---- the run ---- */

static bool fails(enum fail_on fail_on, const struct sums *sums)
{
    uint64_t ours = sums->by_owner[TC_GAP_OURS] + sums->by_owner[TC_GAP_OURS_POSSIBLE];

    switch (fail_on) {
    case FAIL_ON_OURS: return ours > 0;
    case FAIL_ON_UNKNOWN: return ours + sums->by_owner[TC_GAP_UNKNOWN] > 0;
    case FAIL_ON_ANY: return sums->gaps > 0;
    default: return false;
    }
}

static enum tc_status print_gaps(const struct tc_account *account, bool json, struct sums *sums,
                                 struct tc_error *error)
{
    json_t *list = json ? json_array() : NULL;
    struct tc_gaps *gaps;
    struct tc_gap gap;
    enum tc_status status = tc_gaps_open(&gaps, account, error);

    if (status != TC_OK) {
        json_decref(list);
        return status;
    }
    while (tc_gaps_next(gaps, &gap)) {
        add_gap(sums, &gap);
        if (json)
            json_array_append_new(list, gap_json(&gap));
        else
            print_gap(&gap);
    }
    tc_gaps_close(gaps);
    if (json)
        return print_json(account, list, sums, error);
    print_totals(account, sums);
    return TC_OK;
}

static void fault_told(void *context, const struct tc_error *fault)
{
    faults_tell(context, fault);
}

static enum tc_exit list_gaps(struct tc_reader *reader, bool json, enum fail_on fail_on)
{
    struct tc_accountant *accountant;
    struct tc_account account;
    struct tc_error error = {0};
    struct sums sums = {0};
    enum tc_status status = account_read(reader, true, &accountant, &account, &error);

    if (status == TC_OK)
        status = print_gaps(&account, json, &sums, &error);
    tc_accountant_free(accountant);
    if (status != TC_OK)
        return tc_report_error(&error);
    return fails(fail_on, &sums) ? TC_EXIT_FAULT : TC_EXIT_GOOD;
}

static bool choose(const char *word, enum fail_on *fail_on)
{
    for (int i = FAIL_ON_OURS; i <= FAIL_ON_ANY; i++)
        if (strcmp(word, fail_on_words[i]) == 0) {
            *fail_on = (enum fail_on)i;
            return true;
        }
    tc_report("--fail-on: '%s' is none of ours, unknown and any", word);
    return false;
}

static enum tc_exit gaps_command(int count, char **words)
{
    struct tc_options parsed = tc_options_of(&usage, count, words);
    enum fail_on fail_on = FAIL_ON_NOTHING;
    struct faults faults = {0};
    const struct tc_reader_options reading = {.fault = fault_told, .context = &faults};
    struct tc_error error = {0};
    struct tc_reader *reader;
    const char *argument;
    bool json = false;
    enum tc_exit exit;
    int id;

    while ((id = tc_options_next(&parsed, &argument)) >= 0) {
        json |= id == OPTION_JSON;
        if (id == OPTION_FAIL_ON && !choose(argument, &fail_on))
            return TC_EXIT_USAGE;
    }
    if (id == TC_OPTION_HELP)
        return TC_EXIT_GOOD;
    if (id == TC_OPTION_BAD)
        return TC_EXIT_USAGE;
    if (parsed.operand == count) {
        tc_report("PATH is missing, see tickcap gaps --help");
        return TC_EXIT_USAGE;
    }
    if (tc_reader_open(&reader, (const char *const *)words + parsed.operand,
                       (size_t)(count - parsed.operand), &reading, &error) != TC_OK)
        return tc_report_error(&error);
    exit = list_gaps(reader, json, fail_on);
    tc_reader_close(reader);
    return exit == TC_EXIT_GOOD && faults.count > 0 ? TC_EXIT_FAULT : exit;
}

const struct tc_command tc_command_gaps = {&usage, "gaps", gaps_command};
