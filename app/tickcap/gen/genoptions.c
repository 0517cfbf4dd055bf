/* The options of `tickcap gen`: a table, one line each to read them, and what must fit together. */
#include "tickcap/gen/genoptions.h"

#include <string.h>

#include "common/parse.h"
#include "common/report.h"
#include "tickcap/gen/newyork.h"

enum option {
    OPTION_OUTPUT = 'o',
    OPTION_PROFILE = 1,
    OPTION_MESSAGES,
    OPTION_SEED,
    OPTION_START,
    OPTION_SYMBOLS,
    OPTION_DIRECTORY,
    OPTION_SESSIONS,
    OPTION_LINES,
    OPTION_GROUP_A,
    OPTION_GROUP_B,
    OPTION_VLAN,
    OPTION_CHECKSUM,
    OPTION_LOSS,
    OPTION_LOSS_BOTH,
    OPTION_DUPLICATES,
    OPTION_LATE,
    OPTION_EXPECT,
    OPTION_EXPECT_GAPS,
    OPTION_CONFIG,
};

#define MESSAGES_MAX 1000000000000
#define START_END_NS 4291747200000000000 /* 2106-01-01T00:00:00Z */

static const struct tc_option options[] = {
    {OPTION_OUTPUT, "output", "OUT.pcap", "nanosecond pcap to write, - for standard output"},
    {OPTION_PROFILE, "profile", "NAME", "quiet, open or burst (quiet)"},
    {OPTION_MESSAGES, "messages", "N", "stop after so many, of all sessions (1000000)"},
    {OPTION_SEED, "seed", "N", "same seed and options, same file (1)"},
    {OPTION_START, "start", "TIME",
     "when the first packet leaves: ISO 8601 with an offset, or ns\n"
     "since 1970 (2026-11-20T09:30:00-05:00)"},
    {OPTION_SYMBOLS, "symbols", "N", "listed symbols, up to 65535 (8000)"},
    {OPTION_DIRECTORY, "directory", "on|off", "start-of-day messages for every symbol (on)"},
    {OPTION_SESSIONS, "sessions", "N", "sessions, each from sequence 1, up to 99 (1)"},
    {OPTION_LINES, "lines", "1|2", "send line a only, or lines a and b (1)"},
    {OPTION_GROUP_A, "group-a", "ADDRESS:PORT", "line a's group (233.54.12.111:26477)"},
    {OPTION_GROUP_B, "group-b", "ADDRESS:PORT", "line b's group (233.86.230.111:26477)"},
    {OPTION_VLAN, "vlan", "N", "tag frames with this VLAN, 1 to 4094 (no tag)"},
    {OPTION_CHECKSUM, "udp-checksum", "KIND", "correct, zero or partial (correct)"},
    {OPTION_LOSS, "loss", "a=P,b=P", "probability that a line loses a packet, in bursts (0)"},
    {OPTION_LOSS_BOTH, "loss-both", "P", "probability that both lines lose the same packet (0)"},
    {OPTION_DUPLICATES, "duplicates", "P", "probability that a packet arrives twice (0)"},
    {OPTION_LATE, "late", "P", "probability that later packets overtake a packet (0)"},
    {OPTION_EXPECT, "expect", "FILE", "write what a capture must find, as `info --json` has it"},
    {OPTION_EXPECT_GAPS, "expect-gaps", "FILE", "... and which gaps, as `gaps --json` has them"},
    {OPTION_CONFIG, "config", "FILE", "write a capture configuration for OUT.pcap"},
    {0, NULL, NULL, NULL},
};

const struct tc_usage tc_gen_usage = {
    .name = "tickcap gen",
    .arguments = "-o OUT.pcap [options]",
    .summary = "Makes a realistic NASDAQ ITCH 5.0 feed from a seed: order books, lines, trouble.",
    .details = "Message times count from midnight in New York, whatever offset --start has.\n"
               "Probabilities are numbers from 0 to 1, losses up to 0.9. The first packet of a "
               "line and\nthe end of a session are never lost.",
    .options = options,
};

static enum tc_status take_profile(const char *word, struct tc_gen_plan *plan,
                                   struct tc_error *error)
{
    for (size_t i = 0; i < tc_pace_count; i++)
        if (strcmp(word, tc_paces[i].name) == 0) {
            plan->pace = tc_paces + i;
            return TC_OK;
        }
    return tc_fail(error, TC_USAGE, "'%s' is not a profile: expected quiet, open or burst", word);
}

static enum tc_status take_checksum(const char *word, struct tc_gen_plan *plan,
                                    struct tc_error *error)
{
    static const char *const kinds[] = {
        [TC_CHECKSUM_CORRECT] = "correct",
        [TC_CHECKSUM_ZERO] = "zero",
        [TC_CHECKSUM_PARTIAL] = "partial",
    };

    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(word, kinds[i]) == 0) {
            plan->checksum = i;
            return TC_OK;
        }
    return tc_fail(error, TC_USAGE,
                   "'%s' is not a kind of UDP checksum: expected correct, zero or partial", word);
}

static enum tc_status take_switch(const char *word, bool *on, struct tc_error *error)
{
    *on = strcmp(word, "on") == 0;
    if (!*on && strcmp(word, "off") != 0)
        return tc_fail(error, TC_USAGE, "'%s' is neither on nor off", word);
    return TC_OK;
}

static enum tc_status take_vlan(const char *word, struct tc_gen_plan *plan, struct tc_error *error)
{
    uint64_t vlan;
    enum tc_status status = tc_parse_uint(word, 1, 4094, &vlan, error);

    if (status == TC_OK)
        plan->address[0].vlan = plan->address[1].vlan = (uint16_t)vlan;
    return status;
}

/* ADDRESS:PORT of a multicast group. */
static enum tc_status take_group(const char *word, struct tc_wire_address *address,
                                 struct tc_error *error)
{
    const char *colon = strchr(word, ':');
    char dotted[sizeof "255.255.255.255"];
    enum tc_status status;
    uint64_t port;

    if (colon == NULL || (size_t)(colon - word) >= sizeof dotted)
        return tc_fail(error, TC_USAGE, "'%s' is not a group such as 233.54.12.111:26477", word);
    memcpy(dotted, word, (size_t)(colon - word));
    dotted[colon - word] = '\0';
    status = tc_parse_address(dotted, &address->group, error);
    if (status == TC_OK)
        status = tc_parse_uint(colon + 1, 1, UINT16_MAX, &port, error);
    if (status != TC_OK)
        return status;
    if (address->group >> 28 != 0xe)
        return tc_fail(error, TC_USAGE, "'%s' is not a multicast group: they begin at 224.0.0.0",
                       word);
    address->port = (uint16_t)port;
    return TC_OK;
}

/* a=P, b=P or both with a comma between them. */
static enum tc_status take_loss(const char *word, struct tc_gen_plan *plan, struct tc_error *error)
{
    const char *at = word;
    char number[32];

    for (;;) {
        size_t length = strcspn(at, ",");
        enum tc_status status;

        if ((at[0] != 'a' && at[0] != 'b') || at[1] != '=' || length - 2 >= sizeof number)
            return tc_fail(error, TC_USAGE,
                           "'%s' does not say which lines lose: expected a=P, b=P or a=P,b=P",
                           word);
        memcpy(number, at + 2, length - 2);
        number[length - 2] = '\0';
        status = tc_parse_real(number, 0, TC_LOSS_MAX, &plan->trouble.loss[at[0] - 'a'], error);
        if (status != TC_OK || at[length] == '\0')
            return status;
        at += length + 1;
    }
}

static enum tc_status take_start(const char *word, struct tc_gen_plan *plan, struct tc_error *error)
{
    enum tc_status status = tc_parse_time(word, NULL, NULL, &plan->start_ns, error);

    if (status == TC_OK && plan->start_ns < TC_NEWYORK_FIRST_NS)
        return tc_fail(error, TC_USAGE,
                       "'%s' lies before 2007, since when New York keeps its present time", word);
    if (status == TC_OK && plan->start_ns >= START_END_NS)
        return tc_fail(error, TC_USAGE, "'%s' lies beyond 2105, the end of pcap's seconds", word);
    return status;
}

static enum tc_status take_option(enum option option, const char *word, struct tc_gen_plan *plan,
                                  struct tc_error *error)
{
    struct tc_trouble *trouble = &plan->trouble;

    switch (option) {
    case OPTION_OUTPUT: plan->output = word; break;
    case OPTION_EXPECT: plan->expect = word; break;
    case OPTION_EXPECT_GAPS: plan->expect_gaps = word; break;
    case OPTION_CONFIG: plan->config = word; break;
    case OPTION_PROFILE: return take_profile(word, plan, error);
    case OPTION_MESSAGES: return tc_parse_uint(word, 1, MESSAGES_MAX, &plan->messages, error);
    case OPTION_SEED: return tc_parse_uint(word, 0, UINT64_MAX, &plan->seed, error);
    case OPTION_START: return take_start(word, plan, error);
    case OPTION_SYMBOLS: return tc_parse_uint(word, 1, TC_GEN_SYMBOLS_MAX, &plan->symbols, error);
    case OPTION_DIRECTORY: return take_switch(word, &plan->directory, error);
    case OPTION_SESSIONS:
        return tc_parse_uint(word, 1, TC_GEN_SESSIONS_MAX, &plan->sessions, error);
    case OPTION_LINES: return tc_parse_uint(word, 1, TC_GEN_LINES_MAX, &plan->lines, error);
    case OPTION_GROUP_A: return take_group(word, plan->address, error);
    case OPTION_GROUP_B: plan->group_b = true; return take_group(word, plan->address + 1, error);
    case OPTION_VLAN: return take_vlan(word, plan, error);
    case OPTION_CHECKSUM: return take_checksum(word, plan, error);
    case OPTION_LOSS: return take_loss(word, plan, error);
    case OPTION_LOSS_BOTH: return tc_parse_real(word, 0, TC_LOSS_MAX, &trouble->loss_both, error);
    case OPTION_DUPLICATES: return tc_parse_real(word, 0, 1, &trouble->duplicates, error);
    case OPTION_LATE: return tc_parse_real(word, 0, 1, &trouble->late, error);
    }
    return TC_OK;
}

static bool is_stdout(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

/* Options that may be fine alone and make no sense together. */
static enum tc_status check(const struct tc_gen_plan *plan, struct tc_error *error)
{
    const struct tc_wire_address *a = plan->address, *b = a + 1;

    if (plan->output == NULL)
        return tc_fail(error, TC_USAGE, "where to write is missing: give -o OUT.pcap, or -o -");
    if (plan->sessions > plan->messages)
        return tc_fail(error, TC_USAGE, "%lu messages are too few for %lu sessions", plan->messages,
                       plan->sessions);
    if (plan->lines == 1 && (plan->trouble.loss[1] > 0 || plan->trouble.loss_both > 0))
        return tc_fail(error, TC_USAGE, "line b cannot lose packets without --lines 2");
    if (plan->lines == 1 && plan->group_b)
        return tc_fail(error, TC_USAGE, "there is no line b for --group-b without --lines 2");
    if (plan->lines == 2 && a->group == b->group && a->port == b->port)
        return tc_fail(error, TC_USAGE, "lines a and b have the same group and port");
    if (plan->expect != NULL && strcmp(plan->output, plan->expect) == 0)
        return tc_fail(error, TC_USAGE, "-o and --expect name the same file '%s'", plan->output);
    if (plan->config != NULL && is_stdout(plan->output))
        return tc_fail(error, TC_USAGE, "--config needs -o with the path of a file");
    if (is_stdout(plan->output) + is_stdout(plan->expect) + is_stdout(plan->expect_gaps) +
            is_stdout(plan->config) >
        1)
        return tc_fail(error, TC_USAGE, "only one file can go to standard output");
    return TC_OK;
}

static const char *name_of(int id)
{
    const struct tc_option *row = options;

    while (row->id != id)
        row++;
    return row->name;
}

static struct tc_gen_plan default_plan(void)
{
    return (struct tc_gen_plan){
        .pace = tc_paces,
        .seed = 1,
        .messages = 1000000,
        .sessions = 1,
        .symbols = 8000,
        .lines = 1,
        .start_ns = 1795185000000000000, /* 2026-11-20T14:30:00Z */
        .directory = true,
        .address =
            {
                {.source = 0xcec82b40, /* 206.200.43.64 */
                 .group = 0xe9360c6f,  /* 233.54.12.111 */
                 .source_port = 51001,
                 .port = 26477,
                 .vlan = TC_VLAN_NONE},
                {.source = 0xcec82b80, /* 206.200.43.128 */
                 .group = 0xe956e66f,  /* 233.86.230.111 */
                 .source_port = 51002,
                 .port = 26477,
                 .vlan = TC_VLAN_NONE},
            },
    };
}

enum tc_status tc_gen_options(int count, char **words, struct tc_gen_plan *plan)
{
    struct tc_options parsed = tc_options_of(&tc_gen_usage, count, words);
    struct tc_error error = {TC_OK, ""};
    enum tc_status status;
    const char *word;
    int id;

    *plan = default_plan();
    while ((id = tc_options_next(&parsed, &word)) != TC_OPTION_END) {
        if (id == TC_OPTION_HELP)
            return TC_END;
        if (id == TC_OPTION_BAD)
            return TC_USAGE;
        status = take_option((enum option)id, word, plan, &error);
        if (status != TC_OK) {
            tc_report("--%s: %s", name_of(id), error.text);
            return status;
        }
    }
    if (parsed.operand < count)
        status = tc_fail(&error, TC_USAGE, "'%s' is one word too many", words[parsed.operand]);
    else
        status = check(plan, &error);
    if (status != TC_OK)
        tc_report_error(&error);
    return status;
}
