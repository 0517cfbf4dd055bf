/*
 * Writes the golden captures: goldsmith FOLDER makes a folder for each, with its segments and
 * their contents as text. Called by make_golden.py.
 *
 * Here are those of frames and files; those of events are made in goldevents.c.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feed/registry.h"
#include "goldcapture.h"

enum { CUT_BYTES = 700, MANY_CHANNELS = 36, SPACE_BYTES = 4096 };

/* ---- the captures ---- */

static const struct pipework_options plain_options;

/* A feed on two lines: twins, losses, copies that differ, late packets, names. */
static void make_feeds(void)
{
    for (size_t i = 0; i < tc_feed_count; i++) {
        struct gold gold;
        char name[64];

        snprintf(name, sizeof name, "feed_%u_%s", tc_feeds[i]->id,
                 strchr(tc_feeds[i]->name, '/') + 1);
        gold_begin(&gold, name, gold_capture_of(tc_feeds[i], 2), 100 + i, &plain_options);
        hostile_feed(gold.hostile, 24);
        gold_finish(&gold);
    }
}

/* What nobody should send, to one line of the smallest feed: raw, malformed, cut, of no line. */
static void make_shapes(void)
{
    struct gold gold;

    gold_begin(&gold, "shapes", gold_capture_of(&tc_feed_tops16, 1), 201, &plain_options);
    hostile_feed(gold.hostile, 10);
    hostile_shapes(gold.hostile);
    hostile_noise(gold.hostile, 20);
    gold_finish(&gold);
}

/* Three writers with two segments each or more; what they share is put in order by block number. */
static void make_writers(void)
{
    const struct pipework_options options = {
        .limits = {.writers = 3, .batch_messages = 8, .block_messages = 8192 + 16},
        .rotate_bytes = 10000};
    struct gold gold;

    gold_begin(&gold, "writers", gold_capture_of(&tc_feed_deep10, 2), 401, &options);
    hostile_feed(gold.hostile, 60);
    gold_finish(&gold);
}

/* One writer, many short segments: each begins with what the one before has come to. */
static void make_chain(void)
{
    const struct pipework_options options = {
        .limits = {.batch_messages = 16, .block_messages = 8192 + 12}, .rotate_bytes = 5000};
    struct gold gold;

    gold_begin(&gold, "chain", gold_capture_of(&tc_feed_tops16, 1), 501, &options);
    hostile_feed(gold.hostile, 40);
    gold_finish(&gold);
}

/* Two streams of one run. */
static void make_streams(void)
{
    for (uint32_t stream = 0; stream < 2; stream++) {
        const struct smith_channel channel = {&tc_feed_tops16, 2};
        struct pipework_options options = {.stream = stream};
        struct gold gold;
        char name[64];

        snprintf(name, sizeof name, "%s", stream == 0 ? "streams" : "streams.1");
        gold_begin(&gold, name, smith_capture_new(&channel, 1, 2), 601, &options);
        hostile_feed(gold.hostile, 20);
        gold_finish(&gold);
    }
}

/* Sessions that follow each other, are ended, restarted, and closed by the third one. */
static void make_sessions(void)
{
    struct gold gold;

    gold_begin(&gold, "sessions", smith_capture_of_all_feeds(), 701, &plain_options);
    for (int i = 0; i < 6; i++) {
        hostile_feed(gold.hostile, 8);
        for (uint16_t channel = 0; channel < gold.capture->catalog.channel_count; channel++) {
            gold.hostile->session[channel] += i % 3 != 1;
            gold.hostile->next[channel] = 1;
            gold.hostile->sent[channel] = 0;
        }
    }
    gold_finish(&gold);
}

/* More channels than have columns of their own. */
static void make_many(void)
{
    struct smith_channel channels[MANY_CHANNELS];
    struct gold gold;

    for (size_t i = 0; i < MANY_CHANNELS; i++)
        channels[i] = (struct smith_channel){i % 2 == 0 ? &tc_feed_tops16 : &tc_feed_deep10,
                                             (uint16_t)(1 + i % 2)};
    gold_begin(&gold, "many_channels", smith_capture_new(channels, MANY_CHANNELS, 1), 801,
               &plain_options);
    hostile_feed(gold.hostile, 60);
    gold_finish(&gold);
}

/* Numbers large and small in turn, so that each kind of column has its use; and all of them raw. */
static void make_columns(bool plain)
{
    const struct pipework_options options = {.plain = plain};
    struct gold gold;

    gold_begin(&gold, plain ? "columns_plain" : "columns", gold_capture_of(&tc_feed_itch50, 2), 901,
               &options);
    for (int i = 0; i < 20; i++) {
        hostile_feed(gold.hostile, 2);
        if (i % 3 == 0)
            gold.hostile->next[0] += smith_below(&gold.hostile->dice, 1u << (i % 24));
        gold.hostile->time_ns += smith_number(&gold.hostile->dice) >> (24 + i);
    }
    gold_finish(&gold);
}

/* Two short blocks of one feed, nothing compressed: what the broken files are made of. */
static void make_plain(void)
{
    const struct pipework_options options = {
        .limits = {.batch_messages = 40, .block_messages = 8192 + 10}, .plain = true};
    struct gold gold;

    gold_begin(&gold, "plain", gold_capture_of(&tc_feed_tops16, 2), 1101, &options);
    hostile_feed(gold.hostile, 4);
    hostile_noise(gold.hostile, 1);
    gold.work->starved = true;
    hostile_feed(gold.hostile, 12);
    gold.work->starved = false;
    hostile_feed(gold.hostile, 4);
    gold_finish(&gold);
}

static void make_empty(void)
{
    struct gold gold;

    gold_begin(&gold, "empty", gold_capture_of(&tc_feed_deep10, 1), 1, &plain_options);
    gold_finish(&gold);
}

/* The only file of a folder that is being written. */
static void path_of_open(const struct gold *gold, char path[1024])
{
    DIR *directory = opendir(gold->folder);
    struct dirent *entry;

    path[0] = '\0';
    while (directory != NULL && (entry = readdir(directory)) != NULL)
        if (strstr(entry->d_name, ".tick.open") != NULL)
            snprintf(path, 1024, "%s/%s", gold->folder, entry->d_name);
    PIPEWORK_MUST(path[0] != '\0', "there is no open segment");
    closedir(directory);
}

/* A capture that was cut off: in the middle of a block, or with zeros behind the last one. */
static void make_open(bool cut)
{
    const struct pipework_options options = {
        .limits = {.batch_messages = 8, .block_messages = 8192 + 30}};
    struct gold gold;
    uint64_t frames = 0, blocks = 0;
    struct stat about;
    char path[1024];

    gold_begin(&gold, cut ? "open_cut" : "open_zeros", gold_capture_of(&tc_feed_tops16, 2), 1001,
               &options);
    while (blocks < 3 || gold.work->blocks == blocks) {
        frames = gold.work->block_frames;
        blocks = gold.work->blocks;
        hostile_feed(gold.hostile, 1);
    }
    pipework_flush(gold.work);
    path_of_open(&gold, path);
    PIPEWORK_MUST(stat(path, &about) == 0, "the open segment is gone");
    PIPEWORK_MUST(gold.work->blocks == blocks + 1, "a packet has filled two blocks");
    PIPEWORK_MUST(truncate(path, about.st_size + (cut ? -CUT_BYTES : SPACE_BYTES)) == 0,
                  "a file cannot be cut");
    gold_write(&gold, cut ? frames : gold.work->block_frames, false);
    gold_put_away(&gold);
}

int main(int count, char **words)
{
    if (count != 2) {
        fprintf(stderr, "usage: goldsmith FOLDER\n");
        return 2;
    }
    gold_above = words[1];
    make_feeds();
    make_shapes();
    make_writers();
    make_chain();
    make_streams();
    make_sessions();
    make_many();
    make_columns(false);
    make_columns(true);
    make_plain();
    make_empty();
    make_open(true);
    make_open(false);
    gold_make_events();
    return 0;
}
