/* Stamps are whole functions of this host's clock, so that the truth is exact. */
#include "stampingport.h"

#include <stdatomic.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_mbuf_dyn.h>

enum {
    MESSAGE_TIME_OFFSET = 14 + 20 + 8 + 20 + 2 + 5, /* of the first message, in the frame */
    MESSAGE_TIME_BYTES = 6,
    TROUBLE_EVERY = 16, /* frames, of which one each has a kind of trouble, if there is any */
    STEP_AT_FRAME = 500,
};

#define SECOND_NS UINT64_C(1000000000)
#define DAY_NS    (86400 * SECOND_NS)
#define START_NS  UINT64_C(1795000000000000000)

/* A device: ticks a second, or times of that unit, seconds ahead of UTC. */
static const struct kind {
    const char *name;
    uint64_t hertz, unit_ns, ahead_s;
    int bits;
    bool troubled; /* some frames have no stamp, zero, or garbage */
    bool steps;    /* by a second, once */
    bool absent;   /* it cannot stamp */
} kinds[] = {
    {"utc", 0, 1, 0, 64, false, false, false},
    {"tai", 0, 1, 37, 64, false, false, false},
    {"us", 0, 1000, 0, 64, false, false, false},
    {"fast", 1000100000, 0, 0, 64, false, false, false},
    {"slow", 124987500, 0, 0, 64, false, false, false},
    {"wraps", 1000000000, 0, 0, 32, false, false, false},
    {"troubled", 0, 1, 0, 64, true, false, false},
    {"steps", 0, 1, 0, 64, false, true, false},
    {"absent", 0, 1, 0, 64, false, false, true},
    {"early", 0, 1, 3600, 64, false, false, false},
    {"unset", 0, 1, 1, 64, false, false, false},
};

static const struct kind *kind;
static struct tc_port_time_ops ops;
static int stamp_offset;
static uint64_t stamp_flag;
static uint64_t frames; /* of the lcore that polls */
static atomic_ulong stepped_ns;

static uint64_t stamp_of(uint64_t true_ns)
{
    uint64_t since_ns = true_ns - START_NS + atomic_load(&stepped_ns);

    if (kind->hertz == 0)
        return (START_NS + since_ns + kind->ahead_s * SECOND_NS) / kind->unit_ns;
    since_ns = since_ns / SECOND_NS * kind->hertz + since_ns % SECOND_NS * kind->hertz / SECOND_NS;
    return kind->bits == 64 ? since_ns : since_ns & ((UINT64_C(1) << kind->bits) - 1);
}

static bool stamps(void *context, uint16_t port, uint64_t rx_offload_capa)
{
    (void)context;
    (void)port;
    (void)rx_offload_capa;
    return !kind->absent;
}

static int read_clock(void *context, uint16_t port, uint64_t *ticks)
{
    (void)port;
    *ticks = stamp_of(ops.utc_ns(context));
    return 0;
}

const struct tc_port_time_ops *stamping_port_ops(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0)
            kind = &kinds[i];
    ops = tc_port_time_dpdk;
    ops.stamps = stamps;
    ops.read_clock = read_clock;
    ops.read_time = read_clock;
    return kind != NULL ? &ops : NULL;
}

static void write_truth(struct rte_mbuf *mbuf, uint64_t true_ns)
{
    uint8_t *at = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, MESSAGE_TIME_OFFSET);
    uint64_t since_ns = true_ns % DAY_NS;

    for (int i = MESSAGE_TIME_BYTES - 1; i >= 0; i--, since_ns >>= 8)
        at[i] = (uint8_t)since_ns;
}

static void stamp(struct rte_mbuf *mbuf, uint64_t true_ns)
{
    uint64_t turn = kind->troubled ? frames % TROUBLE_EVERY : TROUBLE_EVERY;
    uint64_t value = stamp_of(true_ns);

    if (turn == 3)
        return;
    if (turn == 7)
        value = 0;
    if (turn == 11)
        value = frames * UINT64_C(0x9e3779b97f4a7c15);
    *RTE_MBUF_DYNFIELD(mbuf, stamp_offset, rte_mbuf_timestamp_t *) = value;
    mbuf->ol_flags |= stamp_flag;
}

static uint16_t polled(uint16_t port, uint16_t queue, struct rte_mbuf *mbufs[], uint16_t count,
                       uint16_t most, void *context)
{
    (void)port;
    (void)queue;
    (void)most;
    (void)context;
    for (uint16_t i = 0; i < count; i++) {
        uint64_t true_ns;

        if (kind->steps && frames == STEP_AT_FRAME)
            atomic_store(&stepped_ns, SECOND_NS);
        true_ns = ops.utc_ns(NULL);
        write_truth(mbufs[i], true_ns);
        stamp(mbufs[i], true_ns);
        frames++;
    }
    return count;
}

bool stamping_port_begin(uint16_t port)
{
    return rte_mbuf_dyn_rx_timestamp_register(&stamp_offset, &stamp_flag) == 0 &&
           rte_eth_add_rx_callback(port, 0, polled, NULL) != NULL;
}
