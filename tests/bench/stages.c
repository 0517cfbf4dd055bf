/*
 * What each stage costs by itself, in nanoseconds a message: receive and parse (the intake, over
 * frames that are cold in the cache), split and pack (the recorder, to a sink that forgets), read
 * (join, with nothing done to the frames).
 *
 * usage: stages FEED.pcap [--rounds N]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "block/intake.h"
#include "block/join.h"
#include "common/config.h"
#include "common/memory.h"
#include "file/recorder.h"

enum { PCAP_HEAD = 24, RECORD_HEAD = 16, PREFETCH_FRAMES = 4 };

struct bench {
    struct tc_config config;
    struct tc_capture capture;
    struct tc_port port;
    struct tc_stream stream;
    const uint8_t *pcap;
    size_t pcap_bytes;
    struct tc_intake intake;
    struct tc_recorder recorder;
    struct tc_batch **batches;
    size_t batch_count, batch_used;
    struct tc_join *join;
    uint64_t join_ns;
    uint64_t split_ns;
    uint64_t stored_bytes;
    uint64_t messages;
};

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void die(const char *sentence)
{
    fprintf(stderr, "stages: %s\n", sentence);
    exit(1);
}

static struct tc_batch *take(void *context)
{
    struct bench *bench = context;

    if (bench->batch_used == bench->batch_count)
        die("the pcap has more batches than expected");
    return bench->batches[bench->batch_used++];
}

static void give(void *context, struct tc_batch *batch, uint32_t writer)
{
    (void)context;
    (void)batch;
    (void)writer;
}

/* A sink that joins what it is given instead of writing it. */
static struct bench *joining;

static enum tc_status sink_open(struct tc_sink *sink, const char *path, struct tc_error *error)
{
    (void)sink;
    (void)path;
    (void)error;
    return TC_OK;
}

static enum tc_status sink_append(struct tc_sink *sink, const void *bytes, size_t length,
                                  struct tc_error *error)
{
    struct tc_block_header header;
    uint64_t start;

    (void)sink;
    joining->stored_bytes += length;
    if (tc_block_header_read(bytes, length, &header, NULL) != TC_OK)
        return TC_OK;
    start = now_ns();
    if (tc_join_block(joining->join, &header, bytes, false, error) != TC_OK)
        die(error->text);
    joining->join_ns += now_ns() - start;
    return TC_OK;
}

static enum tc_status sink_sync(struct tc_sink *sink, struct tc_error *error)
{
    (void)sink;
    (void)error;
    return TC_OK;
}

static enum tc_status sink_close(struct tc_sink *sink, const char *path, struct tc_error *error)
{
    (void)sink;
    (void)path;
    (void)error;
    return TC_OK;
}

static const struct tc_sink_ops sink_ops = {
    .open = sink_open, .append = sink_append, .sync = sink_sync, .close = sink_close};

static void load(struct bench *bench, const char *path)
{
    int file = open(path, O_RDONLY);
    struct stat about;

    if (file < 0 || fstat(file, &about) != 0)
        die("the pcap cannot be opened");
    bench->pcap_bytes = (size_t)about.st_size;
    bench->pcap = mmap(NULL, bench->pcap_bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (bench->pcap == MAP_FAILED)
        die("the pcap cannot be mapped");
    close(file);
}

/* Everything through the intake, frames prefetched as a receiving loop does. */
static uint64_t run_intake(struct bench *bench)
{
    const uint8_t *ahead = bench->pcap + PCAP_HEAD;
    const uint8_t *at = ahead;
    const uint8_t *end = bench->pcap + bench->pcap_bytes;
    uint64_t start = now_ns();

    for (int i = 0; i < PREFETCH_FRAMES && ahead < end; i++)
        ahead += RECORD_HEAD + tc_load_le32(ahead + 8);
    for (; at < end; at += RECORD_HEAD + tc_load_le32(at + 8)) {
        const struct tc_arrival arrival = {
            .bytes = at + RECORD_HEAD,
            .captured_bytes = tc_load_le32(at + 8),
            .wire_bytes = tc_load_le32(at + 12),
            .rx_ns = tc_load_le32(at) * UINT64_C(1000000000) + tc_load_le32(at + 4),
            .proc_ns = tc_load_le32(at) * UINT64_C(1000000000) + tc_load_le32(at + 4),
        };

        if (ahead < end) {
            uint32_t bytes = RECORD_HEAD + tc_load_le32(ahead + 8);

            for (uint32_t i = 0; i < bytes; i += 64)
                __builtin_prefetch(ahead + i);
            ahead += bytes;
        }
        tc_intake_frame(&bench->intake, &arrival);
    }
    tc_intake_finish(&bench->intake, 0);
    return now_ns() - start;
}

static uint64_t run_recorder(struct bench *bench)
{
    struct tc_error error = {0};
    uint64_t start = now_ns();

    for (size_t i = 0; i < bench->batch_used; i++)
        if (tc_recorder_batch(&bench->recorder, bench->batches[i], &error) != TC_OK)
            die(error.text);
    return now_ns() - start - bench->join_ns;
}

int main(int count, char **words)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct tc_error error = {0};
    struct tc_sink sink = {&sink_ops};
    int rounds = count > 3 ? atoi(words[3]) : 5;

    if (count < 3)
        die("usage: stages FEED.pcap CAPTURE.yaml [ROUNDS]");
    load(bench, words[1]);
    if (tc_config_load(&bench->config, words[2], NULL, 0, TC_CONFIG_IMPORT, &error) != TC_OK)
        die(error.text);
    bench->capture = (struct tc_capture){.catalog = bench->config.catalog,
                                         .ports = &bench->port,
                                         .port_count = 1,
                                         .streams = &bench->stream,
                                         .stream_count = 1};
    joining = bench;
    bench->join = tc_join_new(&bench->capture.catalog);
    bench->batch_count = bench->pcap_bytes / 100000 + 64;
    bench->batches = calloc(bench->batch_count, sizeof *bench->batches);
    uint8_t *pool = tc_memory_take(bench->batch_count * TC_BATCH_BYTES);
    memset(pool, 1, bench->batch_count * TC_BATCH_BYTES);
    for (size_t i = 0; i < bench->batch_count; i++)
        bench->batches[i] = tc_batch_init(pool + i * TC_BATCH_BYTES, TC_BATCH_BYTES);
    const struct tc_intake_options options = {
        .limits = {
            .writers = 1, .batch_messages = 8192, .block_messages = 65536, .block_bytes = 8 << 20}};
    const struct tc_batch_supply supply = {take, give, bench};
    const struct tc_recorder_options recorder = {
        .writer = {.directory = "/none", .writers = 1},
        .limits = tc_block_limits_of(65536, 8 << 20, 8192, TC_BATCH_BYTES),
        .compress = true};
    size_t intake_bytes = tc_intake_footprint(&bench->capture.catalog, &options);
    size_t recorder_bytes = tc_recorder_footprint(&bench->capture, &recorder);

    for (int round = 0; round < rounds; round++) {
        void *intake_memory = tc_memory_take(intake_bytes);
        void *recorder_memory = tc_memory_take(recorder_bytes);
        uint64_t intake_ns, record_ns;
        double messages;

        /* the appliance takes its memory at start: so that none is taken while measuring */
        memset(intake_memory, 0, intake_bytes);
        memset(recorder_memory, 0, recorder_bytes);

        bench->batch_used = 0;
        bench->join_ns = bench->stored_bytes = 0;
        tc_intake_init(&bench->intake, intake_memory, &bench->capture.catalog, &options, &supply);
        tc_recorder_init(&bench->recorder, recorder_memory, &bench->capture, &recorder, &sink,
                         tc_random_id);
        intake_ns = run_intake(bench);
        record_ns = run_recorder(bench);
        messages = (double)bench->intake.ledger.messages;
        printf("intake %.2f ns/message (%.1f ns/frame), split+pack %.2f, read %.2f, %.3f "
               "bytes/message\n",
               (double)intake_ns / messages,
               (double)intake_ns / (double)bench->intake.ledger.received,
               (double)record_ns / messages, (double)bench->join_ns / messages,
               (double)bench->stored_bytes / messages);
        tc_memory_free(intake_memory, intake_bytes);
        tc_memory_free(recorder_memory, recorder_bytes);
    }
    return 0;
}
