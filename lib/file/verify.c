/*
 * Twice through the capture. First segment by segment: headers, blocks, order, index, tail, and how
 * each continues the one before (file/segmentcheck.h). Then stream by stream, as a reader sees it,
 * and everything that the capture counted is counted again (file/recount.h).
 */
#include "file/verify.h"

#include <stdlib.h>

#include "base/digest.h"
#include "file/recount.h"
#include "file/roster.h"
#include "file/segmentcheck.h"

struct verifier {
    struct tc_verified *verified;
    tc_fault_told *told;
    tc_verify_watch *watch;
    void *context;
    struct tc_segment_check check;
    uint64_t *sentences; /* digests of what has been told: the second walk sees the same again */
    size_t sentence_count;
    bool damaged; /* what follows in the second walk cannot be counted on */
};

static bool is_told(const struct verifier *verifier, uint64_t sentence)
{
    for (size_t i = 0; i < verifier->sentence_count; i++)
        if (verifier->sentences[i] == sentence)
            return true;
    return false;
}

static void fault_of(void *context, const struct tc_error *error)
{
    struct verifier *verifier = context;
    uint64_t sentence = tc_digest(error->text, strlen(error->text));
    uint64_t *grown;

    verifier->damaged = true;
    if (is_told(verifier, sentence))
        return;
    grown = realloc(verifier->sentences, (verifier->sentence_count + 1) * sizeof grown[0]);
    if (grown != NULL) {
        verifier->sentences = grown;
        grown[verifier->sentence_count++] = sentence;
    }
    verifier->verified->faults++;
    verifier->told(verifier->context, error);
}

/* ---- segment by segment ---- */

static void watch_block(void *context)
{
    struct verifier *verifier = context;

    verifier->verified->blocks = verifier->check.blocks;
    verifier->verified->bytes = verifier->check.bytes;
    if (verifier->watch != NULL)
        verifier->watch(verifier->context, verifier->verified);
}

static enum tc_status verify_segments(struct verifier *verifier, const char *const *paths,
                                      size_t count, struct tc_error *error)
{
    struct tc_segment_check *check = &verifier->check;
    struct tc_roster roster = {0};
    enum tc_status status = TC_OK;

    *check = (struct tc_segment_check){.told = fault_of, .context = verifier, .watch = watch_block};
    for (size_t i = 0; status == TC_OK && i < count; i++)
        status = tc_roster_add(&roster, paths[i], fault_of, verifier, error);
    if (status == TC_OK && roster.count == 0)
        status = tc_fail(error, TC_MISSING, "%s: no readable segment of a capture is there",
                         count > 0 ? paths[0] : "(no path)");
    tc_roster_sort(&roster);
    for (size_t i = 0; status == TC_OK && i < roster.count; i++) {
        const struct tc_roster_entry *entry = &roster.entries[i];
        bool opened;

        if (i == 0 || !tc_roster_same_stream(entry - 1, entry) || entry[-1].writer != entry->writer)
            check->chain = (struct tc_chain){0};
        status = tc_segment_check(check, entry->path, &opened, error);
        verifier->verified->segments += opened;
    }
    tc_roster_free(&roster);
    return status;
}

/* ---- stream by stream ---- */

static void count_item(struct verifier *verifier, const struct tc_item *item)
{
    if (item->kind == TC_ITEM_EVENT) {
        verifier->verified->events++;
        return;
    }
    verifier->verified->frames++;
    verifier->verified->messages += item->frame->messages;
}

static enum tc_status recount(struct verifier *verifier, struct tc_reader *reader,
                              struct tc_error *error)
{
    struct tc_recount *counts;
    enum tc_status status = tc_recount_open(&counts, reader, fault_of, verifier, error);
    struct tc_item item;

    if (status != TC_OK)
        return status;
    verifier->damaged = false;
    while (status == TC_OK && tc_reader_next(reader, &item, error) == TC_OK) {
        count_item(verifier, &item);
        if (verifier->damaged)
            tc_recount_give_up(counts);
        status = tc_recount_take(counts, &item, error);
        verifier->verified->bytes_again = tc_reader_totals(reader).bytes_read;
        if (verifier->watch != NULL)
            verifier->watch(verifier->context, verifier->verified);
    }
    if (verifier->damaged)
        tc_recount_give_up(counts);
    if (status == TC_OK)
        tc_recount_end(counts);
    tc_recount_close(counts);
    return status;
}

enum tc_status tc_verify(const char *const *paths, size_t count, tc_fault_told *told,
                         tc_verify_watch *watch, void *context, struct tc_verified *verified,
                         struct tc_error *error)
{
    struct verifier verifier = {
        .verified = verified, .told = told, .watch = watch, .context = context};
    const struct tc_reader_options reading = {.fault = fault_of, .context = &verifier};
    struct tc_reader *reader;
    enum tc_status status;

    *verified = (struct tc_verified){0};
    status = verify_segments(&verifier, paths, count, error);
    if (status == TC_OK)
        status = tc_reader_open(&reader, paths, count, &reading, error);
    if (status == TC_OK) {
        status = recount(&verifier, reader, error);
        tc_reader_close(reader);
    }
    free(verifier.sentences);
    return status;
}
