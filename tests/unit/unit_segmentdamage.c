/* What happens to files: runs that are cut off, disks that fill up, cuts and flipped bits. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feed/registry.h"
#include "file/paths.h"
#include "hostile.h"
#include "segmentbed.h"

TestSuite(segmentdamage, .init = segments_set_up, .fini = segments_tear_down);

static uint64_t size_of(const char *path)
{
    struct stat about = {0};

    cr_assert_eq(stat(path, &about), 0);
    return (uint64_t)about.st_size;
}

static uint8_t *load(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes;

    *length = size_of(path);
    bytes = malloc(*length + 1);
    cr_assert_eq(fread(bytes, 1, *length, file), *length);
    fclose(file);
    return bytes;
}

static void save(const char *path, const uint8_t *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");

    cr_assert_eq(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

/* ---- what is left of a capture that was cut off ---- */

Test(segmentdamage, open_files_are_read)
{
    struct tc_capture *capture = smith_capture_of_all_feeds();
    struct pipework_options options = segments_small;
    static const uint8_t zeros[4096];
    struct pipework *work;
    struct outcome outcome;
    struct faults faults;
    char paths[8][300];
    uint64_t end_ns;
    FILE *file;

    options.limits.writers = 2;
    work = segments_record(capture, &options, 40, 5000, &end_ns);
    pipework_flush(work);
    cr_assert_eq(segments_list(paths, 8), 2);
    cr_assert(tc_is_segment_name(paths[0]) && strstr(paths[0], ".tick.open") != NULL);
    outcome = segments_read_back(segments_folder, work, &faults);
    cr_assert_eq(faults.count, 0, "%s", faults.first.text);
    cr_assert_eq(outcome.frames, work->block_frames);
    cr_assert_gt(outcome.frames, 1000);
    cr_assert_gt(segments_verify(segments_folder, &faults), 0);
    /* direct I/O leaves zeros behind the last block */
    file = fopen(paths[0], "ab");
    fwrite(zeros, 1, sizeof zeros, file);
    fclose(file);
    outcome = segments_read_back(segments_folder, work, &faults);
    cr_assert_eq(faults.count, 0, "%s", faults.first.text);
    cr_assert_eq(outcome.frames, work->block_frames);
    segments_finish(work, capture);
}

/* Frames of blocks that are in the file with all their bytes, with one writer. */
static uint64_t frames_within(const char *path, uint64_t bytes)
{
    struct tc_segment *segment;
    struct tc_block_header header;
    const uint8_t *block;
    uint64_t frames = 0;

    if (tc_segment_open(&segment, path, NULL) != TC_OK)
        return 0;
    while (tc_segment_next(segment, &header, &block, NULL) == TC_OK)
        if (header.offset + header.stored_bytes <= bytes)
            frames += header.frames;
    tc_segment_close(segment);
    return frames;
}

/* The disk is full after so many bytes; answers how many frames read back. */
static uint64_t record_on_full_disk(uint64_t bytes, uint64_t whole_bytes)
{
    struct tc_capture *capture = smith_capture_of_all_feeds();
    struct pipework_options options = segments_small;
    struct pipework *work;
    struct outcome outcome;
    struct faults faults;
    static char paths[SEGMENTS_MOST][300];
    uint64_t end_ns, frames = 0;
    size_t count;

    options.rotate_bytes = 100000;
    options.sink_bytes = bytes;
    work = segments_record(capture, &options, 50, 3000, &end_ns);
    pipework_finish(work, end_ns);
    cr_assert_eq(work->writers[0].failed, bytes < whole_bytes);
    if (work->writers[0].failed) {
        struct tc_error error = {0};
        struct tc_batch *batch = work->free[work->free_first % 64];
        uint64_t before = work->writers[0].sink_bytes;

        cr_assert_eq(work->writers[0].error.status, TC_FULL);
        tc_batch_open(batch, 0, 0);
        cr_assert_neq(tc_recorder_batch(&work->writers[0].recorder, batch, &error), TC_OK);
        cr_assert_gt(strlen(error.text), 10);
        cr_assert_eq(tc_writer_sync(&work->writers[0].recorder.writer, &error), TC_OK);
        cr_assert_neq(tc_writer_finish(&work->writers[0].recorder.writer, 0, &error), TC_OK);
        cr_assert_eq(work->writers[0].sink_bytes, before);
    }
    count = segments_list(paths, SEGMENTS_MOST);
    cr_assert_gt(count, 0);
    for (size_t i = 0; i < count; i++)
        frames += frames_within(paths[i], UINT64_MAX);
    outcome = segments_read_back(segments_folder, work, &faults);
    cr_assert(outcome.frames == frames && outcome.lost == 0);
    cr_assert_eq(outcome.frames, work->block_frames);
    segments_finish(work, capture);
    segments_tear_down();
    segments_set_up();
    return outcome.frames;
}

Test(segmentdamage, a_disk_that_fails_leaves_everything_before)
{
    uint64_t whole = 0, frames = 0, last = 0;

    /* how long it is on a disk that does not fail */
    {
        struct tc_capture *capture = smith_capture_of_all_feeds();
        struct pipework_options options = segments_small;
        struct pipework *work;

        options.rotate_bytes = 100000;
        work = segments_record(capture, &options, 50, 3000, &frames);
        pipework_finish(work, frames);
        whole = work->writers[0].sink_bytes;
        frames = work->frame_count;
        segments_finish(work, capture);
        segments_tear_down();
        segments_set_up();
    }
    for (uint64_t bytes = 130; bytes < whole; bytes += 4999) {
        uint64_t read = record_on_full_disk(bytes, whole);

        cr_assert(read >= last && read <= frames);
        last = read;
    }
    cr_assert_eq(record_on_full_disk(whole, whole), frames);
}

/* ---- truncation and damage ---- */

/* Every place is tried where there is time for it (scripts/check --long), else one in `few`. */
static size_t places_apart(size_t few)
{
    return getenv("TC_LONG") != NULL ? 1 : few;
}

/* A small capture in one segment of several blocks; answers its path. */
static struct pipework *record_small(struct tc_capture *capture, char path[300])
{
    const struct pipework_options options = {
        .capture = capture,
        .directory = segments_folder,
        .keep = true,
        .limits = {.batch_messages = 12, .block_messages = 12}};
    struct pipework *work = pipework_new(&options);
    struct hostile *hostile = hostile_new(capture, 60, segments_take, work);
    char paths[2][300];

    hostile_feed(hostile, 6);
    hostile_noise(hostile, 4);
    pipework_finish(work, hostile->time_ns);
    hostile_free(hostile);
    cr_assert_gt(work->blocks, 4);
    cr_assert_eq(segments_list(paths, 2), 1);
    snprintf(path, 300, "%s", paths[0]);
    return work;
}

/* Cut to lengths of every kind: a prefix of the frames, and a sentence about what is not there. */
static void truncate_everywhere(bool open_name)
{
    struct tc_capture *capture = segments_capture(&tc_feed_deep10, 2);
    char path[300], renamed[320];
    struct pipework *work = record_small(capture, path);
    struct tc_segment *segment;
    struct faults faults;
    uint64_t last = work->frame_count;
    uint32_t head_bytes;
    uint64_t length = size_of(path), whole = length;

    cr_assert_eq(tc_segment_open(&segment, path, NULL), TC_OK);
    head_bytes = segment->head.head_bytes;
    tc_segment_close(segment);
    if (open_name) {
        snprintf(renamed, sizeof renamed, "%s.open", path);
        cr_assert_eq(rename(path, renamed), 0);
        snprintf(path, sizeof path, "%.299s", renamed);
    }
    while (length > 0) {
        struct outcome outcome;

        /* inside the head one place is like another, and inside blocks nearly so */
        if (length < 200 || length + 300 > whole)
            length--;
        else
            length -= length > head_bytes ? places_apart(5) : 37;
        cr_assert_eq(truncate(path, (off_t)length), 0);
        outcome = segments_read_back(path, work, &faults);
        cr_assert_leq(outcome.frames, last);
        cr_assert_eq(outcome.lost, 0);
        cr_assert_eq(outcome.frames, length < head_bytes ? 0 : frames_within(path, length));
        last = outcome.frames;
        if (!open_name || length < head_bytes)
            cr_assert_gt(faults.count, 0, "no sentence about %lu bytes", length);
        cr_assert_gt(segments_verify(path, &faults), 0, "verified although only %lu bytes are left",
                     length);
        cr_assert_not_null(strstr(faults.first.text, path));
    }
    cr_assert_eq(last, 0);
    segments_finish(work, capture);
}

Test(segmentdamage, cut_anywhere)
{
    truncate_everywhere(false);
}

Test(segmentdamage, cut_anywhere_while_being_written)
{
    truncate_everywhere(true);
}

/* Bits of a file, each flipped alone: it is noticed, and what reads back is what was sent. */
Test(segmentdamage, a_flipped_bit_is_named_and_costs_one_block_at_most)
{
    struct tc_capture *capture = segments_capture(&tc_feed_deep10, 2);
    char path[300];
    struct pipework *work = record_small(capture, path);
    struct faults faults;
    size_t length;
    uint8_t *bytes = load(path, &length);

    for (size_t i = 0; i < length; i += places_apart(11)) {
        struct outcome outcome;
        uint8_t bit = (uint8_t)(1u << i % 8);

        bytes[i] ^= bit;
        save(path, bytes, length);
        bytes[i] ^= bit;
        cr_assert_gt(segments_verify(path, &faults), 0, "bit %zu of byte %zu went unnoticed", i % 8,
                     i);
        cr_assert_not_null(strstr(faults.first.text, path));
        outcome = segments_read_back(path, work, &faults);
        if (outcome.frames < work->frame_count)
            cr_assert(faults.count > 0 && outcome.frames + outcome.lost <= work->frame_count);
    }
    free(bytes);
    segments_finish(work, capture);
}
