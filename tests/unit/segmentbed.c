/* A folder for segments, runs that are recorded into it, and reading them back. */
#include "segmentbed.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "hostile.h"

char segments_folder[256];

const struct pipework_options segments_small = {
    .limits = {.batch_messages = 50, .block_messages = 8192 + 150}};

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

void segments_set_up(void)
{
    const char *above = getenv("TMPDIR");

    snprintf(segments_folder, sizeof segments_folder, "%s/tickcap-segments-XXXXXX",
             above != NULL ? above : "/tmp");
    cr_assert_not_null(mkdtemp(segments_folder));
}

void segments_tear_down(void)
{
    nftw(segments_folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void segments_take(void *context, const struct tc_arrival *arrival)
{
    pipework_take(context, arrival);
}

struct tc_capture *segments_capture(const struct tc_feed *feed, uint16_t lines)
{
    const struct smith_channel channel = {feed, lines};

    return smith_capture_new(&channel, 1, SEGMENTS_STREAMS);
}

size_t segments_list(char paths[][300], size_t most)
{
    struct dirent **names;
    int count = scandir(segments_folder, &names, NULL, alphasort);
    size_t kept = 0;

    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.' && kept < most)
            snprintf(paths[kept++], 300, "%.99s/%.199s", segments_folder, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return kept;
}

static void told(void *context, const struct tc_error *fault)
{
    struct faults *faults = context;

    cr_assert_gt(strlen(fault->text), 10);
    cr_assert_neq(fault->status, TC_OK);
    if (faults->count++ == 0)
        faults->first = *fault;
}

uint64_t segments_verify(const char *path, struct faults *faults)
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

struct tc_reader *segments_reader(const char *path, struct faults *faults)
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

struct outcome segments_read_back(const char *path, const struct pipework *work,
                                  struct faults *faults)
{
    struct tc_reader *reader = segments_reader(path, faults);
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

void segments_are_whole(const struct pipework *work)
{
    struct faults faults;
    struct outcome outcome = segments_read_back(segments_folder, work, &faults);

    cr_assert_eq(faults.count, 0, "%s", faults.first.text);
    cr_assert_eq(outcome.frames, work->frame_count);
    cr_assert_eq(outcome.lost, 0);
    cr_assert_eq(segments_verify(segments_folder, &faults), 0, "%s", faults.first.text);
}

struct pipework *segments_record(struct tc_capture *capture, const struct pipework_options *wanted,
                                 uint64_t seed, uint32_t packets, uint64_t *end_ns)
{
    struct pipework_options options = *wanted;
    struct pipework *work;
    struct hostile *hostile;

    options.capture = capture;
    options.directory = segments_folder;
    options.keep = true;
    work = pipework_new(&options);
    hostile = hostile_new(capture, seed, segments_take, work);
    hostile_feed(hostile, packets / 2);
    hostile_noise(hostile, packets / 20);
    hostile_feed(hostile, packets / 2);
    *end_ns = hostile->time_ns;
    hostile_free(hostile);
    return work;
}

void segments_finish(struct pipework *work, struct tc_capture *capture)
{
    pipework_free(work);
    smith_capture_free(capture);
}
