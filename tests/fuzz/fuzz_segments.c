/*
 * Segments: any file is refused or read, by everything that reads files, and they agree.
 *
 * Input: a .tick file, and behind it a byte that says what is put right before it is read
 * (enum tick_fix, inverted), and with its highest bit that it has the name of an open one.
 */
#include <stdio.h>
#include <unistd.h>

#include "framesmith.h"
#include "tickcap.h"
#include "tickparts.h"

enum { OPEN_NAME = 0x80, PRINTED_MAX = 64, TEXT_BYTES = 1 << 18 };

struct faults {
    uint64_t count;
    struct tc_error first;
};

static void told(void *context, const struct tc_error *fault)
{
    struct faults *faults = context;

    FUZZ_MUST(fault->status != TC_OK && strlen(fault->text) > 10 &&
                  strchr(fault->text, '\n') == NULL,
              "a fault without a sentence");
    if (faults->count++ == 0)
        faults->first = *fault;
}

/* The file under a name, which the path of a segment has to have. */
static const char *path_of(const uint8_t *file, size_t length, bool open_name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/fuzz.tick%s", fuzz_folder(), open_name ? ".open" : "");
    fuzz_folder_clear();
    FUZZ_MUST(symlink(fuzz_file(file, length), path) == 0, "a name cannot be given");
    return path;
}

/* What was read of it, and what that came to. */
struct outcome {
    struct faults faults;
    struct tc_error account_error;
    uint64_t frames;
    uint64_t messages;
    bool opened;
    bool accounted;
};

static void print_message(const struct tc_tick *tick)
{
    static char text[TEXT_BYTES];

    for (int style = TC_PRINT_TEXT; style <= TC_PRINT_JSON; style++) {
        struct tc_scribe out = tc_scribe_of(text, sizeof text);

        tc_print_message(&out, tick->channel->feed, tick->type, tick->message, tick->bytes, style);
        tc_print_session(&out, tick->channel->feed->framing, tick->session);
    }
}

static void walk_messages(struct tc_ticker *ticker, const struct tc_item *item,
                          struct outcome *outcome)
{
    struct tc_tick tick;
    volatile uint8_t last = 0;

    tc_ticker_frame(ticker, item);
    while (tc_ticker_next(ticker, &tick)) {
        last = tick.bytes > 0 ? tick.message[tick.bytes - 1] : 0;
        (void)last;
        if (outcome->messages++ < PRINTED_MAX)
            print_message(&tick);
    }
}

/* Every second block, as a search for a symbol leaves some out. */
static bool wanted(void *context, const struct tc_segment *segment,
                   const struct tc_index_record *record)
{
    (void)context;
    (void)segment;
    return tc_index_may_hold(record, 0, 1, (const uint8_t *)"AAPL    ") && record->number % 2 == 0;
}

/* Every gap is of numbers, and each of these has one fate. */
static void walk_gaps(const struct tc_account *account)
{
    struct tc_error error = {0};
    struct tc_gaps *gaps;
    struct tc_gap gap;

    FUZZ_MUST(tc_gaps_open(&gaps, account, &error) == TC_OK, error.text);
    while (tc_gaps_next(gaps, &gap))
        FUZZ_MUST(gap.end > gap.first && gap.late + gap.recovered + gap.lost == gap.end - gap.first,
                  "the fates of a gap's numbers are not as many as its numbers");
    tc_gaps_close(gaps);
}

static void read_all(const char *path, const struct tc_reader_options *reading,
                     struct outcome *outcome)
{
    struct tc_ticker *ticker = tc_ticker_new();
    struct tc_accountant *accountant = NULL;
    enum tc_status status = TC_OK;
    struct tc_account account;
    struct tc_reader *reader;
    struct tc_error error = {0};
    struct tc_item item;

    FUZZ_MUST(ticker != NULL, "no memory to read");
    outcome->opened = tc_reader_open(&reader, &path, 1, reading, &error) == TC_OK;
    if (!outcome->opened) {
        told(&outcome->faults, &error);
    } else {
        FUZZ_MUST(tc_accountant_open(&accountant, reader, true, &error) == TC_OK, error.text);
        while (tc_reader_next(reader, &item, &error) == TC_OK) {
            if (status == TC_OK)
                status = tc_accountant_take(accountant, &item, &outcome->account_error);
            outcome->frames += item.kind == TC_ITEM_FRAME;
            if (item.kind == TC_ITEM_FRAME)
                walk_messages(ticker, &item, outcome);
        }
        if (reading->follow)
            FUZZ_MUST(tc_reader_refresh(reader, &error) == TC_OK, error.text);
        if (status == TC_OK)
            status = tc_accountant_close(accountant, &account, &outcome->account_error);
        outcome->accounted = status == TC_OK;
        FUZZ_MUST(status != TC_OK || account.frames == outcome->frames,
                  "the account has other frames");
        if (status == TC_OK)
            walk_gaps(&account);
    }
    tc_ticker_free(ticker);
    tc_accountant_free(accountant);
    if (outcome->opened)
        tc_reader_close(reader);
}

/* What is verified without a fault is read without one, all of it. */
static void compare(const char *path)
{
    struct outcome outcome = {0}, some = {0}, followed = {0};
    const struct tc_reader_options all = {
        .verify = true, .fault = told, .context = &outcome.faults};
    const struct tc_reader_options chosen = {
        .fault = told, .context = &some.faults, .wanted = wanted};
    const struct tc_reader_options following = {
        .follow = true, .verify = true, .fault = told, .context = &followed.faults};
    struct faults faults = {0};
    struct tc_verified verified;
    struct tc_error error = {0};

    if (tc_verify(&path, 1, told, NULL, &faults, &verified, &error) != TC_OK)
        told(&faults, &error);
    read_all(path, &all, &outcome);
    read_all(path, &chosen, &some);
    read_all(path, &following, &followed);
    FUZZ_MUST(followed.frames == outcome.frames, "following reads other frames");
    FUZZ_MUST(outcome.frames == 0 || verified.segments == 1, "frames of an unreadable segment");
    if (faults.count > 0)
        return;
    FUZZ_MUST(outcome.faults.count == 0, outcome.faults.first.text);
    FUZZ_MUST(outcome.frames == verified.frames && outcome.messages == verified.messages,
              "what was verified is not what is read");
    FUZZ_MUST(outcome.accounted, outcome.account_error.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    uint8_t what = length > 0 ? bytes[length - 1] : 0;
    size_t file_bytes = length > 0 ? length - 1 : 0;
    uint8_t *file = fuzz_exact(bytes, file_bytes);

    tick_fix(file, file_bytes, ~(unsigned)what);
    compare(path_of(file, file_bytes, (what & OPEN_NAME) != 0));
    free(file);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t length, size_t most, unsigned seed)
{
    struct smith_random random = {seed};
    uint8_t what = length > 0 ? bytes[length - 1] : 0;

    if (length == 0 || most < 2)
        return LLVMFuzzerMutate(bytes, length, most);
    if (smith_once_in(&random, 20))
        what ^= (uint8_t)(1u << smith_below(&random, 8));
    else
        length = tick_mutate(bytes, length - 1, most - 1, (unsigned)smith_number(&random)) + 1;
    bytes[length - 1] = what;
    return length;
}
