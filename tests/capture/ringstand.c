/* net_ring makes its ring under a name that can be looked up; what is put into it is received. */
#include "ringstand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf_dyn.h>

#include "tickcapd/ealargs.h"
#include "tickcapd/hostcheck.h"

enum {
    /* a frame of RING_FRAME_BYTES with what DPDK puts before it, two of which fill a page */
    BUFFER_BYTES = 2048,
    SLOT_BYTES = 64, /* of a buffer in its pool */
    SPARE_MIB = 16,
};

static char folder[256]; /* of DPDK's files */

void ring_stand_die(const char *sentence)
{
    fprintf(stderr, "ring stand: %s\n", sentence);
    exit(1);
}

/* DPDK removes its files when the process ends, after that its folder can go. */
static void remove_folder(void)
{
    (void)rmdir(folder);
}

/* As tickcapd starts it, with memory for the test's frames on top. */
static void start_dpdk(struct ring_stand *stand, uint32_t frames)
{
    struct tc_eal_args *args = calloc(1, sizeof *args);
    char mib[16], no_huge[] = "--no-huge", memory[] = "-m", level[] = "--log-level=*:error";
    char *words[] = {no_huge, level, memory, mib};
    struct tc_error error = {0};
    uint64_t bytes = frames * (uint64_t)(BUFFER_BYTES + SLOT_BYTES);

    for (int node = 0; node < TC_NODES_MAX; node++)
        bytes += stand->plan.huge_bytes[node];
    snprintf(mib, sizeof mib, "%lu", (bytes >> 20) + SPARE_MIB);
    if (args == NULL || tc_eal_args_build(args, &stand->plan, 4, words, &error) != TC_OK)
        ring_stand_die(error.text);
    atexit(remove_folder);
    if (rte_eal_init(args->count, args->words) < 0)
        ring_stand_die("DPDK cannot be started");
    snprintf(folder, sizeof folder, "%s", rte_eal_get_runtime_dir());
    free(args);
}

/*
 * The sanitizer does not look into DPDK's libraries, so it cannot see that what was put into the
 * ring comes before what is done with it behind. This says so: here when a burst was polled, and
 * in ring_stand_push before a frame is put in.
 */
static uint16_t polled(uint16_t port, uint16_t queue, struct rte_mbuf *mbufs[], uint16_t count,
                       uint16_t most, void *context)
{
    struct ring_stand *stand = context;

    (void)port;
    (void)queue;
    (void)mbufs;
    (void)most;
    (void)atomic_load_explicit(&stand->handed_over, memory_order_acquire);
    return count;
}

void ring_stand_open(struct ring_stand *stand, const char *path, const char *const *sets,
                     size_t set_count, uint32_t frames)
{
    struct tc_error error = {0};

    *stand = (struct ring_stand){0};
    if (tc_config_load(&stand->config, path, sets, set_count, TC_CONFIG_CAPTURE, &error) != TC_OK ||
        tc_plan_make(&stand->plan, &stand->config, false, &error) != TC_OK ||
        tc_host_check(&stand->plan, &error) != TC_OK)
        ring_stand_die(error.text);
    if (stand->plan.port_count > RING_PORTS_MAX)
        ring_stand_die("there are more ports than it can have");
    start_dpdk(stand, frames);
    stand->pool = rte_pktmbuf_pool_create("frames", frames, 0, 0,
                                          RING_FRAME_BYTES + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
    if (stand->pool == NULL)
        ring_stand_die("no memory for the frames");
    if (tc_capture_run_open(&stand->run, &stand->plan, NULL, &error) != TC_OK)
        ring_stand_die(error.text);
    for (size_t i = 0; i < stand->plan.port_count; i++) {
        char name[RTE_RING_NAMESIZE];

        snprintf(name, sizeof name, "ETH_RXTX0_%.16s", stand->plan.ports[i].config->device);
        stand->rings[i] = rte_ring_lookup(name);
        if (stand->rings[i] == NULL ||
            rte_eth_add_rx_callback(stand->run.ports[i].id, 0, polled, stand) == NULL)
            ring_stand_die("a port is not net_ring");
    }
}

void ring_stand_close(struct ring_stand *stand)
{
    tc_capture_run_close(&stand->run);
    tc_config_free(&stand->config);
    rte_eal_cleanup();
}

static struct rte_mbuf *buffer_of(struct ring_stand *stand, const uint8_t *bytes, uint32_t length)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(stand->pool);

    if (mbuf == NULL || length > RING_FRAME_BYTES)
        ring_stand_die("more or longer frames than were announced");
    memcpy(rte_pktmbuf_append(mbuf, (uint16_t)length), bytes, length);
    return mbuf;
}

static bool hand_over(struct ring_stand *stand, size_t port, struct rte_mbuf *mbuf)
{
    if (stand->stamp_flag != 0) {
        *RTE_MBUF_DYNFIELD(mbuf, stand->stamp_offset, rte_mbuf_timestamp_t *) = stand->stamp;
        mbuf->ol_flags |= stand->stamp_flag;
    }
    atomic_fetch_add_explicit(&stand->handed_over, 1, memory_order_release);
    if (rte_ring_sp_enqueue(stand->rings[port], mbuf) != 0) {
        rte_pktmbuf_free(mbuf);
        return false;
    }
    stand->pushed[port]++;
    return true;
}

bool ring_stand_push(struct ring_stand *stand, size_t port, const uint8_t *bytes, uint32_t length)
{
    if (rte_ring_full(stand->rings[port]))
        return false;
    return hand_over(stand, port, buffer_of(stand, bytes, length));
}

bool ring_stand_push_pieces(struct ring_stand *stand, size_t port, const uint8_t *bytes,
                            uint32_t length, uint32_t piece)
{
    struct rte_mbuf *first = NULL;

    for (uint32_t at = 0; at < length; at += piece) {
        struct rte_mbuf *next = buffer_of(stand, bytes + at,
                                          length - at < piece ? length - at : piece);

        if (first == NULL)
            first = next;
        else if (rte_pktmbuf_chain(first, next) != 0)
            ring_stand_die("too many pieces");
    }
    return hand_over(stand, port, first);
}
