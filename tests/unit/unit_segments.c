/* Segments on disk: when the next one begins, and reading them back in order. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "feed/registry.h"
#include "framesmith.h"
#include "segmentbed.h"

TestSuite(segments, .init = segments_set_up, .fini = segments_tear_down);

/* Heads of all segments in the folder, in order of their names. */
static size_t open_all(struct tc_segment **segments, size_t most)
{
    static char paths[SEGMENTS_MOST][300];
    size_t count = segments_list(paths, most);

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

/* ---- rotation ---- */

Test(segments, rotate_at_their_bytes)
{
    struct tc_capture *capture = smith_capture_of_all_feeds();
    struct pipework_options options = segments_small;
    struct tc_segment *segments[SEGMENTS_MOST];
    struct pipework *work;
    uint64_t end_ns;
    size_t count;

    options.rotate_bytes = 150000;
    work = segments_record(capture, &options, 1, 5000, &end_ns);
    pipework_finish(work, end_ns);
    count = open_all(segments, SEGMENTS_MOST);
    cr_assert_gt(count, 4);
    check_chain(segments, count);
    for (size_t i = 0; i < count; i++)
        cr_assert(segments[i]->file_bytes <= options.rotate_bytes || segments[i]->blocks == 1,
                  "segment %zu has %lu bytes in %u blocks", i, segments[i]->file_bytes,
                  segments[i]->blocks);
    close_all(segments, count);
    segments_are_whole(work);
    segments_finish(work, capture);
}

Test(segments, rotate_at_their_age)
{
    struct tc_capture *capture = smith_capture_of_all_feeds();
    struct pipework_options options = segments_small;
    struct tc_segment *segments[SEGMENTS_MOST];
    struct pipework *work;
    uint64_t end_ns;
    size_t count;

    options.rotate_ns = 500000;
    work = segments_record(capture, &options, 2, 5000, &end_ns);
    pipework_finish(work, end_ns);
    count = open_all(segments, SEGMENTS_MOST);
    cr_assert_gt(count, 3);
    check_chain(segments, count);
    for (size_t i = 0; i + 1 < count; i++)
        cr_assert_geq(segments[i + 1]->head.start_ns - segments[i]->head.start_ns,
                      options.rotate_ns);
    close_all(segments, count);
    segments_are_whole(work);
    segments_finish(work, capture);
}

/* A block of each frame: after 65,536 of them the index has had enough. */
Test(segments, rotate_at_their_blocks)
{
    struct tc_capture *capture = segments_capture(&tc_feed_deep10, 1);
    const struct pipework_options options = {.capture = capture,
                                             .directory = segments_folder,
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
    segments_are_whole(work);
    segments_finish(work, capture);
}

Test(segments, a_run_without_frames_leaves_a_segment)
{
    struct tc_capture *capture = segments_capture(&tc_feed_itch50, 2);
    struct pipework_options options = {
        .capture = capture, .directory = segments_folder, .keep = true};
    struct tc_segment *segments[2];
    struct pipework *work = pipework_new(&options);

    pipework_finish(work, 77);
    cr_assert_eq(open_all(segments, 2), 1);
    cr_assert(segments[0]->finished && segments[0]->last && segments[0]->blocks == 0);
    close_all(segments, 1);
    segments_are_whole(work);
    segments_finish(work, capture);
}

/* ---- order ---- */

Test(segments, several_writers_give_the_order_back)
{
    for (uint32_t writers = 2; writers <= PIPEWORK_WRITERS_MAX; writers++) {
        struct tc_capture *capture = smith_capture_of_all_feeds();
        struct pipework_options options = segments_small;
        struct tc_segment *segments[SEGMENTS_MOST];
        struct pipework *work;
        uint64_t end_ns;

        options.limits.writers = writers;
        options.rotate_bytes = writers == 3 ? 200000 : 0;
        work = segments_record(capture, &options, 10 + writers, 6000, &end_ns);
        pipework_finish(work, end_ns);
        for (uint32_t i = 0; i < writers; i++)
            cr_assert_gt(work->writers[i].blocks, 0);
        close_all(segments, open_all(segments, SEGMENTS_MOST));
        segments_are_whole(work);
        segments_finish(work, capture);
        segments_tear_down();
        segments_set_up();
    }
}

/* The frame of a stream that a merging reader must give next. */
static size_t earliest(struct pipework *const *works, const uint64_t *next)
{
    size_t chosen = SEGMENTS_STREAMS;

    for (size_t i = 0; i < SEGMENTS_STREAMS; i++)
        if (next[i] < works[i]->frame_count &&
            (chosen == SEGMENTS_STREAMS ||
             works[i]->frames[next[i]].rx_ns < works[chosen]->frames[next[chosen]].rx_ns))
            chosen = i;
    return chosen;
}

Test(segments, streams_are_merged_by_their_times)
{
    struct tc_capture *capture = smith_capture_new(
        (const struct smith_channel[]){{&tc_feed_itch50, 2}, {&tc_feed_deep10, 2}}, 2,
        SEGMENTS_STREAMS);
    struct pipework *works[SEGMENTS_STREAMS];
    uint64_t next[SEGMENTS_STREAMS] = {0};
    struct faults faults;
    struct tc_reader *reader;
    struct tc_item item;
    uint64_t end_ns;

    for (uint32_t i = 0; i < SEGMENTS_STREAMS; i++) {
        struct pipework_options options = segments_small;

        options.stream = i;
        options.limits.writers = 1 + i;
        works[i] = segments_record(capture, &options, 20 + i / 2, 3000, &end_ns); /* ties for two */
        pipework_finish(works[i], end_ns);
    }
    reader = segments_reader(segments_folder, &faults);
    cr_assert_not_null(reader);
    cr_assert_eq(tc_reader_source_count(reader), SEGMENTS_STREAMS);
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
    for (size_t i = 0; i < SEGMENTS_STREAMS; i++) {
        cr_assert_eq(next[i], works[i]->frame_count);
        cr_assert_eq(memcmp(&tc_reader_source(reader, i)->state->ledger, &works[i]->intake.ledger,
                            sizeof works[i]->intake.ledger),
                     0);
    }
    tc_reader_close(reader);
    cr_assert_eq(faults.count, 0);
    for (size_t i = 0; i < SEGMENTS_STREAMS; i++)
        pipework_free(works[i]);
    smith_capture_free(capture);
}

/* What the reader knows at the end is what the intake knew. */
Test(segments, states_of_lines_come_back)
{
    struct tc_capture *capture = smith_capture_of_all_feeds();
    struct pipework_options options = segments_small;
    struct pipework *work;
    struct faults faults;
    struct tc_reader *reader;
    struct tc_item item;
    uint64_t end_ns;

    options.limits.writers = 3;
    options.rotate_bytes = 150000;
    work = segments_record(capture, &options, 30, 6000, &end_ns);
    pipework_finish(work, end_ns);
    reader = segments_reader(segments_folder, &faults);
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
    segments_finish(work, capture);
}
