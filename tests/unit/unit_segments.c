/* Segments on disk: writing, rotating, reading back in order, surviving what happens to files. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feed/registry.h"
#include "file/paths.h"
#include "file/ticks.h"
#include "file/verify.h"
#include "hostile.h"
#include "pipework.h"

enum { STREAMS = 3, SEGMENTS = 512 };

static char folder[256];

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void set_up(void)
{
    const char *above = getenv("TMPDIR");

    snprintf(folder, sizeof folder, "%s/tickcap-segments-XXXXXX", above != NULL ? above : "/tmp");
    cr_assert_not_null(mkdtemp(folder));
}

static void tear_down(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(segments, .init = set_up, .fini = tear_down);

static void take(void *context, const struct tc_arrival *arrival)
{
    pipework_take(context, arrival);
}

static struct tc_capture *capture_of(const struct tc_feed *feed, uint16_t lines)
{
    const struct smith_channel channel = {feed, lines};

    return smith_capture_new(&channel, 1, STREAMS);
}

/* ---- files ---- */

/* Paths of all files in the folder, sorted; answers how many. */
static size_t list_files(char paths[][300], size_t most)
{
    struct dirent **names;
    int count = scandir(folder, &names, NULL, alphasort);
    size_t kept = 0;

    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.' && kept < most)
            snprintf(paths[kept++], 300, "%.99s/%.199s", folder, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return kept;
}

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

/* ---- reading ---- */

struct faults {
    uint32_t count;
    struct tc_error first;
};

static void told(void *context, const struct tc_error *fault)
{
    struct faults *faults = context;

    cr_assert_gt(strlen(fault->text), 10);
    cr_assert_neq(fault->status, TC_OK);
    if (faults->count++ == 0)
        faults->first = *fault;
}

static uint64_t verify(const char *path, struct faults *faults)
{
    struct tc_verified verified;
    struct tc_error error = {0};

    *faults = (struct faults){0};
    if (tc_verify(&path, 1, told, NULL, faults, &verified, &error) != TC_OK) {
        told(faults, &error);
        return 1;
    }
    cr_assert_eq(verified.faults, faults->count);
    return verified.faults;
}

static struct tc_reader *open_reader(const char *path, struct faults *faults)
{
    const struct tc_reader_options options = {.verify = true, .fault = told, .context = faults};
    struct tc_reader *reader = NULL;
    struct tc_error error = {0};

    *faults = (struct faults){0};
    if (tc_reader_open(&reader, &path, 1, &options, &error) != TC_OK) {
        told(faults, &error);
        return NULL;
    }
    return reader;
}

/*
 * Reads everything of a stream and compares it with what was recorded. Frames may be left out in at
 * most one place; answers how many there were, and where and how many were left out.
 */
struct outcome {
    uint64_t frames;
    uint64_t hole;
    uint64_t lost;
};

static struct outcome read_back(const char *path, const struct pipework *work,
                                struct faults *faults)
{
    struct tc_reader *reader = open_reader(path, faults);
    struct outcome outcome = {0};
    struct tc_error error = {0};
    struct tc_item item;
    uint64_t event = 0;

    while (reader != NULL && tc_reader_next(reader, &item, &error) == TC_OK) {
        const struct pipework_event *kept;

        cr_assert_lt(item.number, work->frame_count + 1);
        if (item.kind == TC_ITEM_FRAME) {
            const char *sentence;

            if (item.number != outcome.frames + outcome.lost) {
                cr_assert_eq(outcome.lost, 0, "frames are left out in two places");
                cr_assert_gt(item.number, outcome.frames);
                outcome.hole = outcome.frames;
                outcome.lost = item.number - outcome.frames;
            }
            sentence = pipework_compare_frame(&work->frames[item.number], item.frame);
            cr_assert_null(sentence, "%s", sentence);
            outcome.frames++;
            continue;
        }
        while (event < work->event_count && work->events[event].position < item.number)
            event++;
        cr_assert_lt(event, work->event_count);
        kept = &work->events[event++];
        cr_assert_null(pipework_compare_event(kept, item.event));
    }
    tc_reader_close(reader);
    return outcome;
}

static void all_is_there(const struct pipework *work)
{
    struct faults faults;
    struct outcome outcome = read_back(folder, work, &faults);

    cr_assert_eq(faults.count, 0, "%s", faults.first.text);
    cr_assert_eq(outcome.frames, work->frame_count);
    cr_assert_eq(outcome.lost, 0);
    cr_assert_eq(verify(folder, &faults), 0, "%s", faults.first.text);
}

/* ---- writing ---- */

static struct pipework *record(struct tc_capture *capture, const struct pipework_options *wanted,
                               uint64_t seed, uint32_t packets, uint64_t *end_ns)
{
    struct pipework_options options = *wanted;
    struct pipework *work;
    struct hostile *hostile;

    options.capture = capture;
    options.directory = folder;
    options.keep = true;
    work = pipework_new(&options);
    hostile = hostile_new(capture, seed, take, work);
    hostile_feed(hostile, packets / 2);
    hostile_noise(hostile, packets / 20);
    hostile_feed(hostile, packets / 2);
    *end_ns = hostile->time_ns;
    hostile_free(hostile);
    return work;
}

static const struct pipework_options small = {
    .limits = {.batch_messages = 50, .block_messages = 8192 + 150}};

/* Heads of all segments in the folder, in order of their names. */
static size_t open_all(struct tc_segment **segments, size_t most)
{
    static char paths[SEGMENTS][300];
    size_t count = list_files(paths, most);

    for (size_t i = 0; i < count; i++)
        cr_assert_eq(tc_segment_open(&segments[i], paths[i], NULL), TC_OK);
    return count;
}

static void check_chain(struct tc_segment **segments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(segments[i]->head.number, i + 1);
        cr_assert(segments[i]->finished);
        cr_assert_eq(segments[i]->last, i + 1 == count);
        cr_assert_eq(segments[i]->head.previous_digest,
                     i > 0 ? segments[i - 1]->segment_digest : 0);
        for (size_t j = 0; j < i; j++)
            cr_assert_neq(memcmp(segments[i]->head.segment_id, segments[j]->head.segment_id, 16),
                          0);
    }
}

static void close_all(struct tc_segment **segments, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tc_segment_close(segments[i]);
}

static void finish(struct pipework *work, struct tc_capture *capture)
{
    pipework_free(work);
    smith_capture_free(capture);
}

/* ---- rotation ---- */

Test(segments, rotate_at_their_bytes)
{
    struct tc_capture *capture = smith_capture_of_all_feeds();
    struct pipework_options options = small;
    struct tc_segment *segments[SEGMENTS];
    struct pipework *work;
    uint64_t end_ns;
    size_t count;

    options.rotate_bytes = 150000;
    work = record(capture, &options, 1, 5000, &end_ns);
    pipework_finish(work, end_ns);
    count = open_all(segments, SEGMENTS);
    cr_assert_gt(count, 4);
    check_chain(segments, count);
    for (size_t i = 0; i < count; i++)
        cr_assert(segments[i]->file_bytes <= options.rotate_bytes || segments[i]->blocks == 1,
                  "segment %zu has %lu bytes in %u blocks", i, segments[i]->file_bytes,
                  segments[i]->blocks);
    close_all(segments, count);
    all_is_there(work);
    finish(work, capture);
}

Test(segments, rotate_at_their_age)
{
    struct tc_capture *capture = smith_capture_of_all_feeds();
    struct pipework_options options = small;
    struct tc_segment *segments[SEGMENTS];
    struct pipework *work;
    uint64_t end_ns;
    size_t count;

    options.rotate_ns = 500000;
    work = record(capture, &options, 2, 5000, &end_ns);
    pipework_finish(work, end_ns);
    count = open_all(segments, SEGMENTS);
    cr_assert_gt(count, 3);
    check_chain(segments, count);
    for (size_t i = 0; i + 1 < count; i++)
        cr_assert_geq(segments[i + 1]->head.start_ns - segments[i]->head.start_ns,
                      options.rotate_ns);
    close_all(segments, count);
    all_is_there(work);
    finish(work, capture);
}

/* A block of each frame: after 65,536 of them the index has had enough. */
Test(segments, rotate_at_their_blocks)
{
    struct tc_capture *capture = capture_of(&tc_feed_deep10, 1);
    const struct pipework_options options = {.capture = capture,
                                             .directory = folder,
                                             .keep = true,
                                             .plain = true,
                                             .limits = {.batch_messages = 1, .block_messages = 1}};
    struct pipework *work = pipework_new(&options);
    static struct smith_packet packet;
    static uint8_t frame[SMITH_FRAME_BYTES];
    struct tc_segment *segments[8];
    size_t count;

    for (uint64_t i = 0; i < TC_SEGMENT_BLOCKS_MAX + 10; i++) {
        static const struct smith_envelope plain;

        smith_packet_begin(&packet, &capture->catalog.channels[0], "S", i + 1);
        smith_packet_add(&packet, NULL, 0);
        smith_packet_end(&packet, i, 2 * i);
        pipework_take_frame(
            work, frame,
            smith_frame(frame, &capture->catalog.lines[0], &plain, packet.bytes, packet.length), i);
    }
    pipework_finish(work, 0);
    count = open_all(segments, 8);
    cr_assert_eq(count, 2);
    check_chain(segments, count);
    cr_assert_eq(segments[0]->blocks, TC_SEGMENT_BLOCKS_MAX);
    cr_assert_eq(segments[1]->blocks, 10);
    close_all(segments, count);
    all_is_there(work);
    finish(work, capture);
}

Test(segments, a_run_without_frames_leaves_a_segment)
{
    struct tc_capture *capture = capture_of(&tc_feed_itch50, 2);
    struct pipework_options options = {.capture = capture, .directory = folder, .keep = true};
    struct tc_segment *segments[2];
    struct pipework *work = pipework_new(&options);

    pipework_finish(work, 77);
    cr_assert_eq(open_all(segments, 2), 1);
    cr_assert(segments[0]->finished && segments[0]->last && segments[0]->blocks == 0);
    close_all(segments, 1);
    all_is_there(work);
    finish(work, capture);
}

/* ---- order ---- */

Test(segments, several_writers_give_the_order_back)
{
    for (uint32_t writers = 2; writers <= PIPEWORK_WRITERS_MAX; writers++) {
        struct tc_capture *capture = smith_capture_of_all_feeds();
        struct pipework_options options = small;
        struct tc_segment *segments[SEGMENTS];
        struct pipework *work;
        uint64_t end_ns;

        options.limits.writers = writers;
        options.rotate_bytes = writers == 3 ? 200000 : 0;
        work = record(capture, &options, 10 + writers, 6000, &end_ns);
        pipework_finish(work, end_ns);
        for (uint32_t i = 0; i < writers; i++)
            cr_assert_gt(work->writers[i].blocks, 0);
        close_all(segments, open_all(segments, SEGMENTS));
        all_is_there(work);
        finish(work, capture);
        tear_down();
        set_up();
    }
}

/* The frame of a stream that a merging reader must give next. */
static size_t earliest(struct pipework *const *works, const uint64_t *next)
{
    size_t chosen = STREAMS;

    for (size_t i = 0; i < STREAMS; i++)
        if (next[i] < works[i]->frame_count &&
            (chosen == STREAMS ||
             works[i]->frames[next[i]].rx_ns < works[chosen]->frames[next[chosen]].rx_ns))
            chosen = i;
    return chosen;
}

Test(segments, streams_are_merged_by_their_times)
{
    struct tc_capture *capture = smith_capture_new(
        (const struct smith_channel[]){{&tc_feed_itch50, 2}, {&tc_feed_deep10, 2}}, 2, STREAMS);
    struct pipework *works[STREAMS];
    uint64_t next[STREAMS] = {0};
    struct faults faults;
    struct tc_reader *reader;
    struct tc_item item;
    uint64_t end_ns;

    for (uint32_t i = 0; i < STREAMS; i++) {
        struct pipework_options options = small;

        options.stream = i;
        options.limits.writers = 1 + i;
        works[i] = record(capture, &options, 20 + i / 2, 3000, &end_ns); /* ties for two */
        pipework_finish(works[i], end_ns);
    }
    reader = open_reader(folder, &faults);
    cr_assert_not_null(reader);
    cr_assert_eq(tc_reader_source_count(reader), STREAMS);
    while (tc_reader_next(reader, &item, NULL) == TC_OK) {
        size_t stream = item.source->stream;

        if (item.kind != TC_ITEM_FRAME)
            continue;
        cr_assert_eq(stream, earliest(works, next));
        cr_assert_eq(item.number, next[stream]);
        cr_assert_null(pipework_compare_frame(&works[stream]->frames[next[stream]], item.frame));
        next[stream]++;
    }
    cr_assert(tc_reader_totals(reader).complete);
    for (size_t i = 0; i < STREAMS; i++) {
        cr_assert_eq(next[i], works[i]->frame_count);
        cr_assert_eq(memcmp(&tc_reader_source(reader, i)->state->ledger, &works[i]->intake.ledger,
                            sizeof works[i]->intake.ledger),
                     0);
    }
    tc_reader_close(reader);
    cr_assert_eq(faults.count, 0);
    for (size_t i = 0; i < STREAMS; i++)
        pipework_free(works[i]);
    smith_capture_free(capture);
}

/* What the reader knows at the end is what the intake knew. */
Test(segments, states_of_lines_come_back)
{
    struct tc_capture *capture = smith_capture_of_all_feeds();
    struct pipework_options options = small;
    struct pipework *work;
    struct faults faults;
    struct tc_reader *reader;
    struct tc_item item;
    uint64_t end_ns;

    options.limits.writers = 3;
    options.rotate_bytes = 150000;
    work = record(capture, &options, 30, 6000, &end_ns);
    pipework_finish(work, end_ns);
    reader = open_reader(folder, &faults);
    while (tc_reader_next(reader, &item, NULL) == TC_OK)
        ;
    for (uint16_t i = 0; i < capture->catalog.line_count; i++) {
        const struct tc_line_state *read = &tc_reader_source(reader, 0)->state->lines[i];
        struct tc_line_state now;

        tc_line_state_of(&now, &work->intake.sequences[i]);
        cr_assert_eq(memcmp(&read->figures, &now.figures, sizeof now.figures), 0);
        cr_assert_eq(read->session_count, now.session_count);
        for (uint8_t j = 0; j < now.session_count; j++)
            cr_assert(read->sessions[j].next == now.sessions[j].next &&
                      read->sessions[j].first == now.sessions[j].first &&
                      read->sessions[j].ordinal == now.sessions[j].ordinal &&
                      read->sessions[j].end_seen == now.sessions[j].end_seen);
    }
    tc_reader_close(reader);
    finish(work, capture);
}

/* ---- what is left of a capture that was cut off ---- */

Test(segments, open_files_are_read)
{
    struct tc_capture *capture = smith_capture_of_all_feeds();
    struct pipework_options options = small;
    static const uint8_t zeros[4096];
    struct pipework *work;
    struct outcome outcome;
    struct faults faults;
    char paths[8][300];
    uint64_t end_ns;
    FILE *file;

    options.limits.writers = 2;
    work = record(capture, &options, 40, 5000, &end_ns);
    pipework_flush(work);
    cr_assert_eq(list_files(paths, 8), 2);
    cr_assert(tc_is_segment_name(paths[0]) && strstr(paths[0], ".tick.open") != NULL);
    outcome = read_back(folder, work, &faults);
    cr_assert_eq(faults.count, 0, "%s", faults.first.text);
    cr_assert_eq(outcome.frames, work->block_frames);
    cr_assert_gt(outcome.frames, 1000);
    cr_assert_gt(verify(folder, &faults), 0);
    /* direct I/O leaves zeros behind the last block */
    file = fopen(paths[0], "ab");
    fwrite(zeros, 1, sizeof zeros, file);
    fclose(file);
    outcome = read_back(folder, work, &faults);
    cr_assert_eq(faults.count, 0, "%s", faults.first.text);
    cr_assert_eq(outcome.frames, work->block_frames);
    finish(work, capture);
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
    struct pipework_options options = small;
    struct pipework *work;
    struct outcome outcome;
    struct faults faults;
    static char paths[SEGMENTS][300];
    uint64_t end_ns, frames = 0;
    size_t count;

    options.rotate_bytes = 100000;
    options.sink_bytes = bytes;
    work = record(capture, &options, 50, 3000, &end_ns);
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
    count = list_files(paths, SEGMENTS);
    cr_assert_gt(count, 0);
    for (size_t i = 0; i < count; i++)
        frames += frames_within(paths[i], UINT64_MAX);
    outcome = read_back(folder, work, &faults);
    cr_assert(outcome.frames == frames && outcome.lost == 0);
    cr_assert_eq(outcome.frames, work->block_frames);
    finish(work, capture);
    tear_down();
    set_up();
    return outcome.frames;
}

Test(segments, a_disk_that_fails_leaves_everything_before)
{
    uint64_t whole = 0, frames = 0, last = 0;

    /* how long it is on a disk that does not fail */
    {
        struct tc_capture *capture = smith_capture_of_all_feeds();
        struct pipework_options options = small;
        struct pipework *work;

        options.rotate_bytes = 100000;
        work = record(capture, &options, 50, 3000, &frames);
        pipework_finish(work, frames);
        whole = work->writers[0].sink_bytes;
        frames = work->frame_count;
        finish(work, capture);
        tear_down();
        set_up();
    }
    for (uint64_t bytes = 130; bytes < whole; bytes += 4999) {
        uint64_t read = record_on_full_disk(bytes, whole);

        cr_assert(read >= last && read <= frames);
        last = read;
    }
    cr_assert_eq(record_on_full_disk(whole, whole), frames);
}

/* ---- truncation and damage ---- */

/* A small capture in one segment of several blocks; answers its path. */
static struct pipework *record_small(struct tc_capture *capture, char path[300])
{
    const struct pipework_options options = {
        .capture = capture,
        .directory = folder,
        .keep = true,
        .limits = {.batch_messages = 12, .block_messages = 12}};
    struct pipework *work = pipework_new(&options);
    struct hostile *hostile = hostile_new(capture, 60, take, work);
    char paths[2][300];

    hostile_feed(hostile, 6);
    hostile_noise(hostile, 4);
    pipework_finish(work, hostile->time_ns);
    hostile_free(hostile);
    cr_assert_gt(work->blocks, 4);
    cr_assert_eq(list_files(paths, 2), 1);
    snprintf(path, 300, "%s", paths[0]);
    return work;
}

/* Cut to every length: a prefix of the frames, and a sentence about what is not there. */
static void truncate_everywhere(bool open_name)
{
    struct tc_capture *capture = capture_of(&tc_feed_deep10, 2);
    char path[300], renamed[320];
    struct pipework *work = record_small(capture, path);
    struct tc_segment *segment;
    struct faults faults;
    uint64_t last = work->frame_count;
    uint32_t head_bytes;
    uint64_t length = size_of(path);

    cr_assert_eq(tc_segment_open(&segment, path, NULL), TC_OK);
    head_bytes = segment->head.head_bytes;
    tc_segment_close(segment);
    if (open_name) {
        snprintf(renamed, sizeof renamed, "%s.open", path);
        cr_assert_eq(rename(path, renamed), 0);
        snprintf(path, sizeof path, "%.299s", renamed);
    }
    /* inside the head one place is like another */
    while (length > 0) {
        struct outcome outcome;

        length -= length > head_bytes || length < 200 ? 1 : 37;

        cr_assert_eq(truncate(path, (off_t)length), 0);
        outcome = read_back(path, work, &faults);
        cr_assert_leq(outcome.frames, last);
        cr_assert_eq(outcome.lost, 0);
        cr_assert_eq(outcome.frames, length < head_bytes ? 0 : frames_within(path, length));
        last = outcome.frames;
        if (!open_name || length < head_bytes)
            cr_assert_gt(faults.count, 0, "no sentence about %lu bytes", length);
        cr_assert_gt(verify(path, &faults), 0, "verified although only %lu bytes are left", length);
        cr_assert_not_null(strstr(faults.first.text, path));
    }
    cr_assert_eq(last, 0);
    finish(work, capture);
}

Test(segments, cut_at_every_byte)
{
    truncate_everywhere(false);
}

Test(segments, cut_at_every_byte_while_being_written)
{
    truncate_everywhere(true);
}

/* Bits of a file, each flipped alone: it is noticed, and what reads back is what was sent. */
Test(segments, a_flipped_bit_is_named_and_costs_one_block_at_most)
{
    struct tc_capture *capture = capture_of(&tc_feed_deep10, 2);
    char path[300];
    struct pipework *work = record_small(capture, path);
    struct faults faults;
    size_t length;
    uint8_t *bytes = load(path, &length);

    for (size_t i = 0; i < length; i += 3) {
        struct outcome outcome;
        uint8_t bit = (uint8_t)(1u << i % 8);

        bytes[i] ^= bit;
        save(path, bytes, length);
        bytes[i] ^= bit;
        cr_assert_gt(verify(path, &faults), 0, "bit %zu of byte %zu went unnoticed", i % 8, i);
        cr_assert_not_null(strstr(faults.first.text, path));
        outcome = read_back(path, work, &faults);
        if (outcome.frames < work->frame_count)
            cr_assert(faults.count > 0 && outcome.frames + outcome.lost <= work->frame_count);
    }
    free(bytes);
    finish(work, capture);
}
