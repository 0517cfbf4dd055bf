/*
 * Writes the golden captures: goldsmith FOLDER makes a folder for each, with its segments and
 * their contents as text. Called by make_golden.py.
 *
 * Everything follows from seeds: the same library writes the same bytes. The text is what the
 * witness of the pipeline has kept, which has never seen the files.
 */
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feed/registry.h"
#include "goldtext.h"
#include "hostile.h"
#include "pipework.h"

enum { CUT_BYTES = 700, MANY_CHANNELS = 36, SPACE_BYTES = 4096 };

static const char *above; /* folder of all captures */

/* A capture that is being made. */
struct gold {
    char folder[512];
    char text[560];
    struct tc_capture *capture;
    struct pipework *work;
    struct hostile *hostile;
};

static void take(void *context, const struct tc_arrival *arrival)
{
    pipework_take(context, arrival);
}

/* Two offsets, as a zone of the east of America would have them in the year of the frames. */
static void set_zones(struct tc_catalog *catalog)
{
    for (uint16_t i = 0; i < catalog->channel_count; i++)
        catalog->channels[i].zone = (struct tc_zone){
            .name = "Golden/Zone",
            .count = 2,
            .spans = {{1678604400, -4 * 3600}, {1699164000, -5 * 3600}},
        };
}

static void begin(struct gold *gold, const char *name, struct tc_capture *capture, uint64_t seed,
                  const struct pipework_options *wanted)
{
    struct pipework_options options = *wanted;

    snprintf(gold->folder, sizeof gold->folder, "%s/%s", above, name);
    snprintf(gold->text, sizeof gold->text, "%s/expected.txt", gold->folder);
    PIPEWORK_MUST(mkdir(gold->folder, 0777) == 0, "the folder of a capture cannot be made");
    set_zones(&capture->catalog);
    gold->capture = capture;
    options.capture = capture;
    options.directory = gold->folder;
    options.keep = true;
    gold->work = pipework_new(&options);
    gold->work->intake.clock = (struct tc_clock){.source = TC_CLOCK_NIC,
                                                 .unit = TC_UNIT_TICKS,
                                                 .epoch = TC_EPOCH_TAI,
                                                 .in_sync = true,
                                                 .corrections = 3,
                                                 .base_ticks = 1000,
                                                 .base_ns = UINT64_C(1700000000000000000),
                                                 .slope = UINT64_C(1) << 32,
                                                 .error_ns = 125};
    gold->hostile = hostile_new(capture, seed, take, gold->work);
}

/* ---- the text ---- */

static void write_event(FILE *out, const struct pipework *work, const struct pipework_event *kept)
{
    const struct tc_event event = {.payload = kept->payload,
                                   .payload_bytes = kept->payload_bytes,
                                   .time_ns = kept->time_ns,
                                   .about = kept->about,
                                   .kind = kept->kind};

    gold_event(out, work->options.stream, kept->position, &event);
}

/* Frames and events up to a frame; with all of them, also what is known at the end. */
static void write_text(const struct gold *gold, uint64_t frames, bool all)
{
    const struct pipework *work = gold->work;
    uint32_t stream = work->options.stream;
    FILE *out = fopen(gold->text, "a");
    size_t event = 0;

    PIPEWORK_MUST(out != NULL, "the text of a capture cannot be written");
    for (uint64_t i = 0; i <= frames; i++) {
        const struct pipework_frame *kept = &work->frames[i];

        for (; event < work->event_count && work->events[event].position == i; event++)
            if (i < frames || all)
                write_event(out, work, &work->events[event]);
        if (i < frames)
            gold_frame(out, stream, i,
                       &(struct tc_frame){.bytes = kept->bytes,
                                          .captured_bytes = kept->captured_bytes,
                                          .wire_bytes = kept->wire_bytes,
                                          .rx_ns = kept->rx_ns,
                                          .proc_ns = kept->proc_ns,
                                          .marks = kept->marks,
                                          .messages = kept->messages,
                                          .line = kept->line,
                                          .flags = kept->flags,
                                          .payload_offset = kept->payload_offset});
    }
    if (all)
        gold_ledger(out, stream, &work->intake.ledger);
    for (uint16_t i = 0; all && i < gold->capture->catalog.line_count; i++) {
        struct tc_line_state state;

        tc_line_state_of(&state, &work->intake.sequences[i]);
        gold_line(out, stream, i, &state);
    }
    PIPEWORK_MUST(fclose(out) == 0, "the text of a capture cannot be written");
}

static void put_away(struct gold *gold)
{
    hostile_free(gold->hostile);
    pipework_free(gold->work);
    smith_capture_free(gold->capture);
}

static void finish(struct gold *gold)
{
    pipework_finish(gold->work, gold->hostile->time_ns);
    write_text(gold, gold->work->frame_count, true);
    put_away(gold);
}

/* ---- the captures ---- */

static const struct pipework_options plain_options;

static struct tc_capture *capture_of(const struct tc_feed *feed, uint16_t lines)
{
    const struct smith_channel channel = {feed, lines};

    return smith_capture_new(&channel, 1, 1);
}

/* A feed on two lines: twins, losses, copies that differ, late packets, names. */
static void make_feeds(void)
{
    for (size_t i = 0; i < tc_feed_count; i++) {
        struct gold gold;
        char name[64];

        snprintf(name, sizeof name, "feed_%u_%s", tc_feeds[i]->id,
                 strchr(tc_feeds[i]->name, '/') + 1);
        begin(&gold, name, capture_of(tc_feeds[i], 2), 100 + i, &plain_options);
        hostile_feed(gold.hostile, 24);
        finish(&gold);
    }
}

/* What nobody should send, to one line of the smallest feed: raw, malformed, cut, of no line. */
static void make_shapes(void)
{
    struct gold gold;

    begin(&gold, "shapes", capture_of(&tc_feed_tops16, 1), 201, &plain_options);
    hostile_feed(gold.hostile, 10);
    hostile_shapes(gold.hostile);
    hostile_noise(gold.hostile, 20);
    finish(&gold);
}

/* Frames that were received and not recorded, at several places. */
static void make_drops(void)
{
    const struct pipework_options options = {
        .limits = {.batch_messages = 8, .block_messages = 8192 + 40}};
    struct gold gold;

    begin(&gold, "drops", smith_capture_of_all_feeds(), 301, &options);
    for (int i = 0; i < 8; i++) {
        gold.work->starved = i % 2 == 1;
        hostile_feed(gold.hostile, 6);
        hostile_noise(gold.hostile, 3);
    }
    finish(&gold);
}

/* Three writers with two segments each or more; what they share is put in order by block number. */
static void make_writers(void)
{
    const struct pipework_options options = {
        .limits = {.writers = 3, .batch_messages = 8, .block_messages = 8192 + 16},
        .rotate_bytes = 10000};
    struct gold gold;

    begin(&gold, "writers", capture_of(&tc_feed_deep10, 2), 401, &options);
    hostile_feed(gold.hostile, 60);
    finish(&gold);
}

/* One writer, many short segments: each begins with what the one before has come to. */
static void make_chain(void)
{
    const struct pipework_options options = {
        .limits = {.batch_messages = 16, .block_messages = 8192 + 12}, .rotate_bytes = 5000};
    struct gold gold;

    begin(&gold, "chain", capture_of(&tc_feed_tops16, 1), 501, &options);
    hostile_feed(gold.hostile, 40);
    finish(&gold);
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
        begin(&gold, name, smith_capture_new(&channel, 1, 2), 601, &options);
        hostile_feed(gold.hostile, 20);
        finish(&gold);
    }
}

/* Sessions that follow each other, are ended, restarted, and closed by the third one. */
static void make_sessions(void)
{
    struct gold gold;

    begin(&gold, "sessions", smith_capture_of_all_feeds(), 701, &plain_options);
    for (int i = 0; i < 6; i++) {
        hostile_feed(gold.hostile, 8);
        for (uint16_t channel = 0; channel < gold.capture->catalog.channel_count; channel++) {
            gold.hostile->session[channel] += i % 3 != 1;
            gold.hostile->next[channel] = 1;
            gold.hostile->sent[channel] = 0;
        }
    }
    finish(&gold);
}

/* More channels than have columns of their own. */
static void make_many(void)
{
    struct smith_channel channels[MANY_CHANNELS];
    struct gold gold;

    for (size_t i = 0; i < MANY_CHANNELS; i++)
        channels[i] = (struct smith_channel){i % 2 == 0 ? &tc_feed_tops16 : &tc_feed_deep10,
                                             (uint16_t)(1 + i % 2)};
    begin(&gold, "many_channels", smith_capture_new(channels, MANY_CHANNELS, 1), 801,
          &plain_options);
    hostile_feed(gold.hostile, 60);
    finish(&gold);
}

/* Numbers large and small in turn, so that each kind of column has its use; and all of them raw. */
static void make_columns(bool plain)
{
    const struct pipework_options options = {.plain = plain};
    struct gold gold;

    begin(&gold, plain ? "columns_plain" : "columns", capture_of(&tc_feed_itch50, 2), 901,
          &options);
    for (int i = 0; i < 20; i++) {
        hostile_feed(gold.hostile, 2);
        if (i % 3 == 0)
            gold.hostile->next[0] += smith_below(&gold.hostile->dice, 1u << (i % 24));
        gold.hostile->time_ns += smith_number(&gold.hostile->dice) >> (24 + i);
    }
    finish(&gold);
}

/* Two short blocks of one feed, nothing compressed: what the broken files are made of. */
static void make_plain(void)
{
    const struct pipework_options options = {
        .limits = {.batch_messages = 40, .block_messages = 8192 + 10}, .plain = true};
    struct gold gold;

    begin(&gold, "plain", capture_of(&tc_feed_tops16, 2), 1101, &options);
    hostile_feed(gold.hostile, 4);
    hostile_noise(gold.hostile, 1);
    gold.work->starved = true;
    hostile_feed(gold.hostile, 12);
    gold.work->starved = false;
    hostile_feed(gold.hostile, 4);
    finish(&gold);
}

static void make_empty(void)
{
    struct gold gold;

    begin(&gold, "empty", capture_of(&tc_feed_deep10, 1), 1, &plain_options);
    finish(&gold);
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

    begin(&gold, cut ? "open_cut" : "open_zeros", capture_of(&tc_feed_tops16, 2), 1001, &options);
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
    write_text(&gold, cut ? frames : gold.work->block_frames, false);
    put_away(&gold);
}

int main(int count, char **words)
{
    if (count != 2) {
        fprintf(stderr, "usage: goldsmith FOLDER\n");
        return 2;
    }
    above = words[1];
    make_feeds();
    make_shapes();
    make_drops();
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
    return 0;
}
