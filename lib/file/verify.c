/*
 * Twice through the capture. First segment by segment: headers, order, index, tail, and how each
 * continues the one before. Then stream by stream, as a reader sees it: every block is decoded,
 * compared with its digest, and everything the capture counted is counted again (file/recount.h).
 */
#include "file/verify.h"

#include <stdlib.h>

#include "base/digest.h"
#include "file/recount.h"
#include "file/roster.h"

/* How far a writer's chain of segments has been followed. */
struct chain_state {
    bool known; /* the segment before was verified too */
    bool ended; /* and said that it was the last */
    uint32_t number;
    uint64_t digest;
    uint64_t block; /* number of the last block */
    bool has_block;
};

struct verifier {
    struct tc_verified *verified;
    tc_fault_told *told;
    tc_verify_watch *watch;
    void *context;
    struct chain_state chain;
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

static void fault(struct verifier *verifier, const struct tc_segment *segment, uint64_t offset,
                  const char *sentence)
{
    struct tc_error error;

    tc_fail(&error, TC_DAMAGED, "%s: byte %lu: %s", segment->path, offset, sentence);
    fault_of(verifier, &error);
}

/* ---- segment by segment ---- */

static void check_block(struct verifier *verifier, const struct tc_segment *segment,
                        const struct tc_block_header *header)
{
    if (header->stream != segment->head.stream)
        fault(verifier, segment, header->offset, "the block is of another stream");
    if (header->number % segment->head.writers != segment->head.writer)
        fault(verifier, segment, header->offset, "the block is of another writer");
    if (verifier->chain.has_block && header->number <= verifier->chain.block)
        fault(verifier, segment, header->offset, "the block is not in order");
    if (!segment->padding_is_zero)
        fault(verifier, segment, header->offset, "the bytes that fill the block up are not zero");
    verifier->chain.has_block = true;
    verifier->chain.block = header->number;
    verifier->verified->blocks++;
    verifier->verified->bytes += header->stored_bytes;
}

/* Every record of the index against the block it is of. */
static void check_index(struct verifier *verifier, const struct tc_segment *segment,
                        uint32_t blocks)
{
    struct tc_cursor records = tc_segment_box(segment, TC_BOX_BLOCKS);
    struct tc_index_record record;
    uint64_t offset = segment->head.head_bytes;
    uint32_t count = 0;

    while (tc_index_next(&records, &record)) {
        if (record.offset != offset) {
            fault(verifier, segment, segment->blocks_end, "the index names a block that is none");
            return;
        }
        offset += tc_align_up(record.stored_bytes, TC_BLOCK_ALIGN);
        count++;
    }
    if (records.failed || count != segment->blocks || count != blocks)
        fault(verifier, segment, segment->blocks_end, "the index has not as many blocks");
}

static void check_end(struct verifier *verifier, struct tc_segment *segment, uint32_t blocks,
                      bool damaged)
{
    if (!segment->finished) {
        fault(verifier, segment, segment->offset,
              segment->open_name ? "not finished: no index and no tail; it is still being written, "
                                   "or its capture was cut off"
                                 : "cut off: no index and no tail");
        return;
    }
    if (damaged)
        return; /* the faults have been told, and nothing after them can agree */
    check_index(verifier, segment, blocks);
    if (!tc_segment_digest_agrees(segment))
        fault(verifier, segment, segment->blocks_end,
              "the segment's digest is not that of its blocks");
}

/* How the segment continues the one before. */
static void check_chain(struct verifier *verifier, const struct tc_segment *segment)
{
    struct chain_state *chain = &verifier->chain;

    if (chain->known && chain->ended)
        fault(verifier, segment, 0, "the segment before said that it was the last");
    if (chain->known && segment->head.number != chain->number + 1)
        fault(verifier, segment, 0, "segments before it are missing");
    else if (chain->known && segment->head.previous_digest != chain->digest)
        fault(verifier, segment, 0, "it does not continue the segment before");
    if (!chain->known && segment->head.number == 1 && segment->head.previous_digest != 0)
        fault(verifier, segment, 0, "the first segment claims to continue another");
}

static void verify_segment(struct verifier *verifier, const char *path)
{
    struct tc_segment *segment;
    struct tc_block_header header;
    const uint8_t *bytes;
    struct tc_error detail = {0};
    bool damaged = false;
    uint32_t blocks = 0;
    enum tc_status status;

    if (tc_segment_open(&segment, path, &detail) != TC_OK) {
        fault_of(verifier, &detail);
        verifier->chain.known = false;
        return;
    }
    verifier->verified->segments++;
    check_chain(verifier, segment);
    while ((status = tc_segment_next(segment, &header, &bytes, &detail)) != TC_END) {
        if (status == TC_OK) {
            check_block(verifier, segment, &header);
            blocks++;
            if (verifier->watch != NULL)
                verifier->watch(verifier->context, verifier->verified);
            continue;
        }
        damaged = true;
        fault_of(verifier, &detail);
        if (!tc_segment_resync(segment))
            break;
    }
    check_end(verifier, segment, blocks, damaged);
    verifier->chain.known = segment->finished;
    verifier->chain.number = segment->head.number;
    verifier->chain.digest = segment->segment_digest;
    verifier->chain.ended = segment->last;
    tc_segment_close(segment);
}

static enum tc_status verify_segments(struct verifier *verifier, const char *const *paths,
                                      size_t count, struct tc_error *error)
{
    struct tc_roster roster = {0};
    enum tc_status status = TC_OK;

    for (size_t i = 0; status == TC_OK && i < count; i++)
        status = tc_roster_add(&roster, paths[i], fault_of, verifier, error);
    if (status == TC_OK && roster.count == 0)
        status = tc_fail(error, TC_MISSING, "%s: no readable segment of a capture is there",
                         count > 0 ? paths[0] : "(no path)");
    tc_roster_sort(&roster);
    for (size_t i = 0; status == TC_OK && i < roster.count; i++) {
        const struct tc_roster_entry *entry = &roster.entries[i];

        if (i == 0 || !tc_roster_same_stream(entry - 1, entry) || entry[-1].writer != entry->writer)
            verifier->chain = (struct chain_state){0};
        verify_segment(verifier, entry->path);
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
    const struct tc_reader_options reading = {
        .verify = true, .fault = fault_of, .context = &verifier};
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
