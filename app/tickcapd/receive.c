/*
 * The loop: poll a burst, read the clock once, take each frame up with the next ones on their way
 * into the cache, give the buffers back.
 */
#include "tickcapd/receive.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_prefetch.h>

enum {
    PUBLISH_EVERY_NS = 1000 * 1000,
    PREFETCH_SMALL = 8, /* frames ahead */
    PREFETCH_LINES_MAX = 24,
    LINE_BYTES = 64,
};

/* Merged figures of channels that changed, and which of their lines lead. */
static void publish_channels(struct tc_receiver *receiver)
{
    struct tc_intake *intake = &receiver->intake;
    struct tc_receiver_published *published = &receiver->published;

    for (uint16_t i = 0; i < intake->catalog->channel_count; i++) {
        const struct tc_arbiter *arbiter = intake->arbiters[i];
        struct tc_merged merged;

        if (arbiter == NULL || (intake->channel_dirty[i] & TC_DIRTY_FOR_OWNER) == 0)
            continue;
        intake->channel_dirty[i] &= ~TC_DIRTY_FOR_OWNER;
        merged = tc_arbiter_figures(arbiter);
        tc_publish_rows(published->merged + (size_t)i * TC_MERGED_ROWS, &merged, TC_MERGED_ROWS);
        for (uint32_t j = 0; j < arbiter->line_count; j++)
            tc_publish(&published->leads[intake->catalog->channels[i].first_line + j],
                       arbiter->lines[j].leads);
    }
}

static void publish_clock(struct tc_receiver_published *published, const struct tc_clock *clock)
{
    tc_publish(&published->clock_kind, tc_clock_kind_of(clock));
    tc_publish(&published->clock_error_ns, clock->error_ns);
    tc_publish(&published->clock_compared_ns, clock->compared_ns);
    tc_publish(&published->clock_in_sync, clock->in_sync);
}

void tc_receiver_publish(struct tc_receiver *receiver)
{
    struct tc_receiver_published *published = &receiver->published;
    struct tc_intake_line *lines = receiver->intake.lines;

    tc_publish_rows(published->ledger, &receiver->intake.ledger, TC_LEDGER_ROWS);
    tc_publish(&published->polled, receiver->polled);
    tc_publish(&published->polled_bytes, receiver->polled_bytes);
    tc_publish(&published->bursts, receiver->bursts);
    tc_publish(&published->empty_polls, receiver->empty_polls);
    tc_publish(&published->exhausted, receiver->exhausted);
    tc_publish(&published->reports_lost, receiver->intake.reports_lost);
    tc_publish(&published->unstamped, receiver->time.unstamped);
    publish_clock(published, &receiver->intake.clock);
    publish_channels(receiver);
    for (uint16_t i = 0; i < receiver->intake.catalog->line_count; i++) {
        if ((lines[i].dirty & TC_DIRTY_FOR_OWNER) == 0)
            continue;
        lines[i].dirty &= ~TC_DIRTY_FOR_OWNER;
        tc_publish_rows(published->figures + (size_t)i * TC_FIGURE_ROWS,
                        &receiver->intake.sequences[i].figures, TC_FIGURE_ROWS);
    }
}

/* All lines of a frame, so that parsing and copying find it in the cache. */
static inline void prefetch_frame(const struct rte_mbuf *mbuf)
{
    const uint8_t *bytes = rte_pktmbuf_mtod(mbuf, const uint8_t *);
    uint32_t lines = (mbuf->data_len + LINE_BYTES - 1) / LINE_BYTES;

    if (lines > PREFETCH_LINES_MAX)
        lines = PREFETCH_LINES_MAX;
    for (uint32_t i = 0; i < lines; i++)
        rte_prefetch0(bytes + i * LINE_BYTES);
}

/* The frame in one piece; one that is longer than anything tickcap records comes cut. */
static inline const uint8_t *frame_bytes(struct tc_receiver *receiver, const struct rte_mbuf *mbuf,
                                         uint32_t *captured)
{
    *captured = mbuf->pkt_len;
    if (__builtin_expect(mbuf->nb_segs == 1, 1))
        return rte_pktmbuf_mtod(mbuf, const uint8_t *);
    if (*captured > TC_FRAME_BYTES_MAX)
        *captured = TC_FRAME_BYTES_MAX;
    return rte_pktmbuf_read(mbuf, 0, *captured, receiver->linear);
}

static inline void take_frame(struct tc_receiver *receiver, const struct rte_mbuf *mbuf)
{
    struct tc_arrival arrival = {.wire_bytes = mbuf->pkt_len};

    arrival.bytes = frame_bytes(receiver, mbuf, &arrival.captured_bytes);
    arrival.rx_ns = tc_rx_time_frame(&receiver->time, mbuf, &receiver->intake, &arrival.flags);
    arrival.proc_ns = receiver->time.proc_ns;
    receiver->polled_bytes += mbuf->pkt_len;
    tc_intake_frame(&receiver->intake, &arrival);
}

/* Takes up what was polled; answers how many frames, fewer than there are only if it must wait. */
static int take_burst(struct tc_receiver *receiver)
{
    uint16_t first = receiver->pending_first;
    uint16_t end = receiver->pending;
    uint16_t i;

    for (i = first; i < end && i < first + PREFETCH_SMALL; i++)
        prefetch_frame(receiver->mbufs[i]);
    for (i = first; i < end; i++) {
        if (receiver->waits && !tc_intake_ready(&receiver->intake))
            break;
        if (i + PREFETCH_SMALL < end)
            prefetch_frame(receiver->mbufs[i + PREFETCH_SMALL]);
        take_frame(receiver, receiver->mbufs[i]);
    }
    receiver->pending_first = i;
    if (i == end) {
        rte_pktmbuf_free_bulk(receiver->mbufs, end);
        receiver->pending = 0;
        receiver->pending_first = 0;
    }
    return i - first;
}

static void poll_port(struct tc_receiver *receiver)
{
    receiver->pending = rte_eth_rx_burst(receiver->port_id, receiver->queue, receiver->mbufs,
                                         receiver->burst);
    if (receiver->pending > 0) {
        receiver->polled += receiver->pending;
        receiver->bursts++;
        receiver->empty_in_row = 0;
        return;
    }
    receiver->empty_polls++;
    if (receiver->exhausted_after > 0 && ++receiver->empty_in_row >= receiver->exhausted_after)
        receiver->exhausted = true;
}

/* Puts what the main lcore has seen between the frames. */
static void take_notices(struct tc_receiver *receiver)
{
    struct tc_notice notice;

    while (rte_ring_sc_dequeue_elem(receiver->notices, &notice, sizeof notice) == 0) {
        const struct tc_event_field *fields = tc_event_fields(notice.event);

        if (notice.kind == TC_NOTICE_NIC)
            tc_intake_nic(&receiver->intake, notice.port, &notice.nic);
        else
            tc_intake_event(&receiver->intake, notice.event, notice.port, notice.time_ns,
                            notice.values, (uint32_t)tc_event_fields_bytes(fields));
    }
}

/* What does not have to be done for every burst; at the end nobody corrects clocks any more. */
static void do_now_and_then(struct tc_receiver *receiver, uint64_t proc_ns, bool ends)
{
    if (proc_ns - receiver->published_ns < PUBLISH_EVERY_NS)
        return;
    receiver->published_ns = proc_ns;
    if (!ends)
        receiver->intake.clock = tc_rx_time_clock(&receiver->time);
    tc_rx_time_tell(&receiver->time, &receiver->intake, false);
    take_notices(receiver);
    tc_receiver_publish(receiver);
}

static int receiver_step(struct tc_task *task)
{
    struct tc_receiver *receiver = (struct tc_receiver *)task;
    int phase = atomic_load_explicit(receiver->phase, memory_order_acquire);
    uint64_t proc_ns;
    int work = 0;

    if (receiver->pending == 0 && !receiver->exhausted && phase == TC_PHASE_CAPTURE)
        poll_port(receiver);
    tc_rx_time_burst(&receiver->time, rte_rdtsc(), &receiver->intake);
    proc_ns = receiver->time.proc_ns;
    if (receiver->pending > 0)
        work = take_burst(receiver);
    tc_intake_tick(&receiver->intake, proc_ns);
    do_now_and_then(receiver, proc_ns, phase != TC_PHASE_CAPTURE && work == 0);
    if (phase == TC_PHASE_CAPTURE || receiver->pending > 0)
        return work;
    tc_publish(&receiver->published.quiet, 1);
    if (phase != TC_PHASE_END)
        return work;
    take_notices(receiver);
    tc_rx_time_tell(&receiver->time, &receiver->intake, true);
    return tc_intake_finish(&receiver->intake, proc_ns) ? TC_TASK_DONE : 0;
}

static void receiver_start(struct tc_task *task)
{
    (void)task;
}

static void receiver_stop(struct tc_task *task)
{
    tc_receiver_publish((struct tc_receiver *)task);
}

const struct tc_task_ops tc_receiver_ops = {receiver_start, receiver_step, receiver_stop};
