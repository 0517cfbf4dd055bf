/* tickcap verify: is what stands on disk what was recorded? */
#include <jansson.h>
#include <stdio.h>

#include "common/progress.h"
#include "file/verify.h"
#include "tickcap/command.h"
#include "tickcap/faults.h"

enum { OPTION_JSON = 1000 };

static const struct tc_option options[] = {
    {OPTION_JSON, "json", NULL, "print JSON"},
    {0},
};

static const struct tc_usage usage = {
    .name = "tickcap verify",
    .arguments = "PATH... [--json]",
    .summary = "Checks checksums, order, counts, digests and the chain of segments.",
    .options = options,
    .details = "Gaps, duplicates and drops that the capture tells of are facts, not faults.\n"
               "Exit code 0: all is as recorded; 1: there are faults, each named.",
};

struct verify {
    struct faults faults;
    struct tc_progress progress;
    json_t *list; /* of faults, for JSON */
};

static void fault_told(void *context, const struct tc_error *fault)
{
    struct verify *verify = context;

    if (verify->list != NULL)
        json_array_append_new(verify->list, json_string(fault->text));
    else
        faults_tell(&verify->faults, fault);
}

static void watch(void *context, const struct tc_verified *so_far)
{
    tc_progress_show(&((struct verify *)context)->progress, so_far->bytes + so_far->bytes_again);
}

static void print_verified(struct verify *verify, const struct tc_verified *verified)
{
    if (verify->list == NULL) {
        printf("%s: %lu segments, %lu blocks, %lu frames, %lu messages, %lu events, %lu bytes of "
               "blocks; %lu faults\n",
               verified->faults == 0 ? "good" : "NOT good", verified->segments, verified->blocks,
               verified->frames, verified->messages, verified->events, verified->bytes,
               verified->faults);
        return;
    }
    json_t *object = json_pack(
        "{s:i, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "schema", 1, "good", verified->faults == 0,
        "segments", (json_int_t)verified->segments, "blocks", (json_int_t)verified->blocks,
        "frames", (json_int_t)verified->frames, "messages", (json_int_t)verified->messages,
        "events", (json_int_t)verified->events, "bytes", (json_int_t)verified->bytes, "faults",
        verify->list);

    json_dumpf(object, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(object);
}

static enum tc_exit verify_command(int count, char **words)
{
    struct tc_options parsed = tc_options_of(&usage, count, words);
    struct verify verify = {0};
    struct tc_verified verified;
    struct tc_error error = {0};
    const char *argument;
    enum tc_status status;
    int id;

    while ((id = tc_options_next(&parsed, &argument)) >= 0)
        if (id == OPTION_JSON && verify.list == NULL)
            verify.list = json_array();
    if (id == TC_OPTION_HELP)
        return TC_EXIT_GOOD;
    if (id == TC_OPTION_BAD)
        return TC_EXIT_USAGE;
    if (parsed.operand == count) {
        tc_report("PATH is missing, see tickcap verify --help");
        return TC_EXIT_USAGE;
    }
    tc_progress_begin(&verify.progress, "verifying", 0);
    status = tc_verify((const char *const *)words + parsed.operand,
                       (size_t)(count - parsed.operand), fault_told, watch, &verify, &verified,
                       &error);
    tc_progress_end(&verify.progress);
    if (status != TC_OK)
        return tc_report_error(&error);
    print_verified(&verify, &verified);
    json_decref(verify.list);
    return verified.faults == 0 ? TC_EXIT_GOOD : TC_EXIT_FAULT;
}

const struct tc_command tc_command_verify = {&usage, "verify", verify_command};
