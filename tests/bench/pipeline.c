/*
 * The whole pipeline at full speed: frames of a pcap file in memory, through a DPDK ring port, one
 * receiving and one writing core, to segments on a disk, made durable before the clock stops.
 *
 * Frames are put into buffers and onto the port's ring in rounds, while the clock stands still:
 * there are more frames in the file than buffers. A round is over when every batch has come back.
 *
 * usage: pipeline FEED.pcap CAPTURE.yaml DIRECTORY [EAL ARGUMENTS]
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include "tickcapd/capturerun.h"

enum {
    PCAP_HEAD = 24,
    RECORD_HEAD = 16,
    ROUND_FRAMES = 600000,
    RING_SLOTS = 1 << 20,
    BUFFER_BYTES = 2048,
};

/* A core of the benchmark: a task that is only stepped while `go` is set. */
struct core {
    struct tc_task *task;
    atomic_bool *go;
    int cpu;
    uint64_t busy_ticks; /* in steps that had work */
};

struct pipeline {
    struct tc_config config;
    struct tc_capture_plan plan;
    struct tc_capture_run run;
    struct rte_mempool *pool;
    struct rte_ring *ring;
    const uint8_t *pcap;
    size_t pcap_bytes;
    size_t at;
    atomic_bool go;
};

static void die(const char *sentence)
{
    fprintf(stderr, "pipeline: %s\n", sentence);
    exit(1);
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void load_pcap(struct pipeline *pipeline, const char *path)
{
    int file = open(path, O_RDONLY);
    struct stat about;

    if (file < 0 || fstat(file, &about) != 0)
        die("the pcap cannot be opened");
    pipeline->pcap_bytes = (size_t)about.st_size;
    pipeline->pcap = mmap(NULL, pipeline->pcap_bytes, PROT_READ, MAP_PRIVATE, file, 0);
    if (pipeline->pcap == MAP_FAILED)
        die("the pcap cannot be mapped");
    close(file);
    pipeline->at = PCAP_HEAD;
}

static void start_eal(int count, char **words)
{
    static char text[16][64];
    char *arguments[64] = {0};
    int used = 0;

    snprintf(text[0], sizeof text[0], "pipeline");
    snprintf(text[1], sizeof text[1], "--lcores=2@(0-1),0@0,1@1");
    snprintf(text[2], sizeof text[2], "--main-lcore=2");
    snprintf(text[3], sizeof text[3], "--no-pci");
    snprintf(text[4], sizeof text[4], "--log-level=*:error");
    for (; used < 5; used++)
        arguments[used] = text[used];
    for (int i = 0; i < count && used < 60; i++)
        arguments[used++] = words[i];
    if (rte_eal_init(used, arguments) < 0)
        die("DPDK cannot be started");
}

/* A port over a ring of ours, under the name that the configuration gives. */
static void make_port(struct pipeline *pipeline)
{
    pipeline->ring = rte_ring_create("feed", RING_SLOTS, SOCKET_ID_ANY,
                                     RING_F_SP_ENQ | RING_F_SC_DEQ);
    pipeline->pool = rte_pktmbuf_pool_create("frames", ROUND_FRAMES + 1024, 256, 0,
                                             BUFFER_BYTES + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
    if (pipeline->ring == NULL || pipeline->pool == NULL || rte_eth_from_ring(pipeline->ring) < 0)
        die("no memory for the frames");
}

static void open_run(struct pipeline *pipeline, const char *config, const char *directory)
{
    struct tc_error error = {0};
    char output[512];
    const char *sets[] = {output};

    snprintf(output, sizeof output, "output.directories=[%s]", directory);
    if (tc_config_load(&pipeline->config, config, sets, 1, TC_CONFIG_CAPTURE, &error) != TC_OK ||
        tc_plan_make(&pipeline->plan, &pipeline->config, false, &error) != TC_OK ||
        tc_capture_run_open(&pipeline->run, &pipeline->plan, NULL, &error) != TC_OK)
        die(error.text);
}

/* Puts the next frames of the file into buffers and onto the ring; answers how many. */
static uint32_t load_round(struct pipeline *pipeline)
{
    uint32_t frames = 0;

    while (frames < ROUND_FRAMES && pipeline->at < pipeline->pcap_bytes) {
        const uint8_t *record = pipeline->pcap + pipeline->at;
        uint32_t bytes = tc_load_le32(record + 8);
        struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pipeline->pool);

        if (mbuf == NULL || bytes > BUFFER_BYTES)
            die("a frame does not fit a buffer");
        memcpy(rte_pktmbuf_append(mbuf, (uint16_t)bytes), record + RECORD_HEAD, bytes);
        rte_ring_sp_enqueue(pipeline->ring, mbuf);
        pipeline->at += RECORD_HEAD + bytes;
        frames++;
    }
    return frames;
}

static void *run_core(void *context)
{
    struct core *core = context;
    cpu_set_t cpus;

    CPU_ZERO(&cpus);
    CPU_SET((unsigned)core->cpu, &cpus);
    pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus);
    core->task->ops->start(core->task);
    for (;;) {
        uint64_t before;
        int work;

        while (!atomic_load_explicit(core->go, memory_order_acquire))
            rte_pause();
        before = rte_rdtsc();
        work = core->task->ops->step(core->task);
        if (work != 0)
            core->busy_ticks += rte_rdtsc() - before;
        if (work == TC_TASK_DONE)
            break;
    }
    core->task->ops->stop(core->task);
    return NULL;
}

/* All frames have been taken up, and all batches but those that the intake holds are back. */
static bool is_drained(const struct pipeline *pipeline, uint64_t frames)
{
    const struct tc_run_stream *stream = &pipeline->run.streams[0];

    return tc_published_get(&stream->receiver->published.ledger[0]) >= frames &&
           rte_ring_empty(stream->rings.to_writer[0]) != 0;
}

int main(int count, char **words)
{
    struct pipeline *pipeline = calloc(1, sizeof *pipeline);
    struct tc_run_stream *stream;
    double seconds = 0, started;
    pthread_t threads[2];
    struct core cores[2];
    uint64_t frames = 0;
    uint32_t round;

    if (count < 4 || pipeline == NULL)
        die("usage: pipeline FEED.pcap CAPTURE.yaml DIRECTORY [EAL ARGUMENTS]");
    load_pcap(pipeline, words[1]);
    start_eal(count - 4, words + 4);
    make_port(pipeline);
    open_run(pipeline, words[2], words[3]);
    stream = &pipeline->run.streams[0];
    cores[0] = (struct core){.task = &stream->receiver->task, .go = &pipeline->go, .cpu = 0};
    cores[1] = (struct core){.task = &stream->writers[0]->task, .go = &pipeline->go, .cpu = 1};
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, run_core, &cores[i]);
    while ((round = load_round(pipeline)) > 0) {
        frames += round;
        started = now_s();
        atomic_store_explicit(&pipeline->go, true, memory_order_release);
        while (!is_drained(pipeline, frames))
            usleep(500);
        atomic_store_explicit(&pipeline->go, false, memory_order_release);
        seconds += now_s() - started;
    }
    started = now_s();
    atomic_store_explicit(&pipeline->run.phase, TC_PHASE_END, memory_order_release);
    atomic_store_explicit(&pipeline->go, true, memory_order_release);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    seconds += now_s() - started;

    const struct tc_ledger *ledger = &stream->receiver->intake.ledger;
    double messages = (double)ledger->messages;
    double tick_ns = 1e9 / (double)rte_get_tsc_hz();

    printf("%.0f messages in %lu frames, %.3f s: %.2f M messages/s, %.2f M frames/s; receiver %.1f "
           "ns/message, writer %.1f; %lu dropped; %lu bytes stored, %.3f a message\n",
           messages, ledger->recorded, seconds, messages / seconds / 1e6,
           (double)ledger->recorded / seconds / 1e6,
           (double)cores[0].busy_ticks * tick_ns / messages,
           (double)cores[1].busy_ticks * tick_ns / messages, tc_ledger_dropped(ledger),
           tc_published_get(&stream->writers[0]->published.bytes_stored),
           (double)tc_published_get(&stream->writers[0]->published.bytes_stored) / messages);
    tc_capture_run_close(&pipeline->run);
    fflush(NULL);
    rte_eal_cleanup();
    return 0;
}
