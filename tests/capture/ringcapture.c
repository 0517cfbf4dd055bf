/*
 * A whole capture in one process with its own feed: frames of pcap files go through net_ring, the
 * receivers, the rings and the writers, each on its own lcore, to segments on disk, while the main
 * lcore corrects clocks and telemetry is answered. All of it is our own code, so a thread sanitizer
 * sees everything that crosses threads.
 *
 * With --stall the disk stands still until frames have been lost, and then goes on. With --stamps
 * the first port stamps frames as a NIC of that kind.
 *
 * usage: ringcapture [--stall | --stamps KIND] CAPTURE.yaml FEED.pcap...    one file for each port
 *
 * Prints how many frames were pushed into the ports. Exit codes are those of tickcapd.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_eal.h>

#include "common/report.h"
#include "ringstand.h"
#include "stampingport.h"
#include "tickcapd/observe.h"
#include "tickcapd/telemetry.h"

enum {
    PCAP_HEAD = 24,
    RECORD_HEAD = 16,
    CORRECTIONS = 2,   /* of the clock, that every receiver must have taken up */
    LOST_FRAMES = 500, /* so many at least while the disk stands still */
};

/* A pcap file in memory, little endian. */
struct feed {
    const uint8_t *bytes;
    size_t length;
    size_t at; /* of the next record */
};

/* A disk that can be held. */
struct held_sink {
    struct tc_sink sink;
    struct tc_sink *disk;
    atomic_bool held;
};

static struct ring_stand stand;
static struct feed feeds[RING_PORTS_MAX];
static size_t feed_count;
static struct held_sink held_sink;

/* ---- the disk ---- */

static enum tc_status held_open(struct tc_sink *sink, const char *path, struct tc_error *error)
{
    struct tc_sink *disk = ((struct held_sink *)sink)->disk;

    return disk->ops->open(disk, path, error);
}

static enum tc_status held_append(struct tc_sink *sink, const void *bytes, size_t length,
                                  struct tc_error *error)
{
    struct held_sink *self = (struct held_sink *)sink;

    while (atomic_load_explicit(&self->held, memory_order_acquire))
        sched_yield();
    return self->disk->ops->append(self->disk, bytes, length, error);
}

static enum tc_status held_sync(struct tc_sink *sink, struct tc_error *error)
{
    struct tc_sink *disk = ((struct held_sink *)sink)->disk;

    return disk->ops->sync(disk, error);
}

static enum tc_status held_close(struct tc_sink *sink, const char *path, struct tc_error *error)
{
    struct tc_sink *disk = ((struct held_sink *)sink)->disk;

    return disk->ops->close(disk, path, error);
}

static uint64_t held_written(struct tc_sink *sink)
{
    struct tc_sink *disk = ((struct held_sink *)sink)->disk;

    return disk->ops->written(disk);
}

static const struct tc_sink_ops held_ops = {held_open, held_append, held_sync, held_close,
                                            held_written};

/* ---- the feed ---- */

static void load_feed(struct feed *feed, const char *path)
{
    int file = open(path, O_RDONLY);
    struct stat about;

    if (file < 0 || fstat(file, &about) != 0)
        ring_stand_die("a feed cannot be opened");
    feed->length = (size_t)about.st_size;
    feed->bytes = mmap(NULL, feed->length, PROT_READ, MAP_PRIVATE, file, 0);
    if (feed->bytes == MAP_FAILED)
        ring_stand_die("a feed cannot be read");
    feed->at = PCAP_HEAD;
    close(file);
}

static uint32_t count_frames(const struct feed *feed)
{
    uint32_t frames = 0;

    for (size_t at = PCAP_HEAD; at < feed->length; frames++)
        at += RECORD_HEAD + tc_load_le32(feed->bytes + at + 8);
    return frames;
}

/* Pushes the next frame of a port's feed as soon as there is room; false at the end of the feed. */
static bool push_next(size_t port)
{
    struct feed *feed = &feeds[port];
    const uint8_t *record = feed->bytes + feed->at;
    uint32_t length;

    if (feed->at >= feed->length)
        return false;
    length = tc_load_le32(record + 8);
    while (!ring_stand_push(&stand, port, record + RECORD_HEAD, length))
        sched_yield();
    feed->at += RECORD_HEAD + length;
    return true;
}

/* Pushes what lies before `share` 256ths of each feed, a frame of each port in turn. */
static void push_share(uint32_t share)
{
    bool more = true;

    while (more) {
        more = false;
        for (size_t port = 0; port < feed_count; port++)
            if (feeds[port].at < feeds[port].length / 256 * share ||
                (share == 256 && feeds[port].at < feeds[port].length))
                more |= push_next(port);
    }
}

static struct tc_ledger ledger_of(size_t port)
{
    struct tc_ledger ledger;

    tc_capture_run_stream_ledger(&stand.run.streams[port], &ledger);
    return ledger;
}

static void await_received(void)
{
    for (size_t port = 0; port < feed_count; port++)
        while (ledger_of(port).received < stand.pushed[port])
            usleep(100);
}

/* The main lcore corrects the clocks again and again; each receiver must have seen that happen. */
static void await_corrections(void)
{
    for (size_t port = 0; port < feed_count; port++) {
        const _Atomic uint32_t *taken = &stand.run.streams[port].times.taken;
        uint32_t first = atomic_load_explicit(taken, memory_order_relaxed);

        while (atomic_load_explicit(taken, memory_order_relaxed) - first < CORRECTIONS)
            usleep(1000);
    }
}

/* Holds the disk until frames were lost, and lets it go until one is recorded again. */
static void stall(void)
{
    uint64_t recorded;

    atomic_store_explicit(&held_sink.held, true, memory_order_release);
    while (ledger_of(0).no_batch < LOST_FRAMES)
        if (!push_next(0))
            ring_stand_die("the feed is too short to lose frames");
    await_received();
    recorded = ledger_of(0).recorded;
    atomic_store_explicit(&held_sink.held, false, memory_order_release);
    do {
        if (!push_next(0))
            ring_stand_die("the feed ended before a frame was recorded again");
        await_received();
    } while (ledger_of(0).recorded == recorded);
}

static void *feed_ports(void *context)
{
    bool stalls = held_sink.disk != NULL;

    (void)context;
    push_share(stalls ? 64 : 128);
    if (stalls)
        stall();
    await_corrections();
    push_share(256);
    await_received();
    kill(getpid(), SIGTERM); /* the main lcore waits for that */
    return NULL;
}

/* ---- the capture ---- */

static enum tc_exit capture(void)
{
    struct tc_error error = {0};
    struct tc_ledger ledger;
    pthread_t feeder;

    if (tc_capture_run_launch(&stand.run, &error) != TC_OK ||
        pthread_create(&feeder, NULL, feed_ports, NULL) != 0)
        ring_stand_die(error.text);
    tc_telemetry_register(&stand.run);
    tc_report("capturing into %s, pid %d", tc_config_directory(&stand.config, 0), (int)getpid());
    (void)tc_observe(&stand.run, 0);
    tc_capture_run_end(&stand.run);
    pthread_join(feeder, NULL);
    for (size_t port = 0; port < feed_count; port++)
        printf("%lu\n", stand.pushed[port]);
    if (tc_capture_run_failure(&stand.run, &error)) {
        tc_report("%s", error.text);
        return TC_EXIT_FAULT;
    }
    tc_capture_run_ledger(&stand.run, &ledger);
    return tc_ledger_dropped(&ledger) > 0 ? TC_EXIT_LOSS : TC_EXIT_GOOD;
}

int main(int count, char **words)
{
    bool stalls = count > 1 && strcmp(words[1], "--stall") == 0;
    bool stamps = count > 2 && strcmp(words[1], "--stamps") == 0;
    int first = stamps ? 3 : stalls ? 2 : 1;
    uint32_t frames = 0;
    enum tc_exit exit;

    tc_report_as("ringcapture");
    if (count < first + 2 || count > first + 1 + RING_PORTS_MAX)
        ring_stand_die("usage: ringcapture [--stall | --stamps KIND] CAPTURE.yaml FEED.pcap...");
    for (int i = first + 1; i < count; i++) {
        load_feed(&feeds[feed_count], words[i]);
        frames += count_frames(&feeds[feed_count++]);
    }
    if (stamps && (stand.time = stamping_port_ops(words[2])) == NULL)
        ring_stand_die("there is no such kind of stamps");
    tc_observe_block_signals();
    ring_stand_open(&stand, words[first], NULL, 0, frames);
    if (stand.plan.stream_count != feed_count)
        ring_stand_die("there must be one feed for each port");
    if (stamps && !stamping_port_begin(stand.run.ports[0].id))
        ring_stand_die("the port cannot be made to stamp");
    if (stalls) {
        struct tc_writer *writer = &stand.run.streams[0].writers[0]->recorder.writer;

        held_sink = (struct held_sink){.sink = {&held_ops}, .disk = writer->sink};
        writer->sink = &held_sink.sink;
    }
    exit = capture();
    tc_telemetry_stop();
    ring_stand_close(&stand);
    return (int)exit;
}
