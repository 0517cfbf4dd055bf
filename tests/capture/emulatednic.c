/* Oscillators are integrated in double precision from the start, which is exact to a nanosecond. */
#include "emulatednic.h"

#include <errno.h>
#include <math.h>

#define START_NS  UINT64_C(1795185004000000000)
#define TSC_HERTZ 2595000000.0
#define TSC_PPM   23.0
#define HOUR_S    3600.0

enum {
    HOST_READ_NS = 20,        /* clock_gettime */
    INTERRUPT_ONE_IN = 40,    /* readings */
    INTERRUPT_NS = 30 * 1000, /* at most */
};

/* Nanoseconds that an oscillator shows `true_ns` after its start beyond those that passed. */
static double gained_ns(double ppm, double swing_ppm, uint64_t true_ns)
{
    double turn = 2 * acos(-1) / HOUR_S;
    double t = (double)true_ns / 1e9;

    return (ppm * t + swing_ppm * (1 - cos(turn * t)) / turn) * 1e3;
}

static uint64_t counted(double hertz, double ppm, double swing_ppm, int64_t true_ns)
{
    double gained = gained_ns(ppm, swing_ppm, (uint64_t)true_ns);

    /* whole seconds apart, so that a double holds what is left */
    return (uint64_t)(true_ns / 1000000000) * (uint64_t)hertz +
           (uint64_t)(int64_t)(((double)(true_ns % 1000000000) + gained) * hertz / 1e9);
}

uint64_t emulated_nic_stamp(const struct emulated_nic *nic, uint64_t true_ns)
{
    uint64_t since_ns = true_ns - START_NS;
    uint64_t mask = nic->bits == 64 ? UINT64_MAX : (UINT64_C(1) << nic->bits) - 1;

    if (nic->hertz > 0)
        return (counted(nic->hertz, nic->ppm, nic->swing_ppm, (int64_t)since_ns + nic->stepped_ns) +
                UINT64_C(1000000000)) &
               mask;
    return (true_ns + (uint64_t)nic->ahead_ns + (uint64_t)nic->stepped_ns +
            (uint64_t)(int64_t)gained_ns(nic->ppm, nic->swing_ppm, since_ns)) /
           nic->unit_ns;
}

uint64_t emulated_nic_tsc(const struct emulated_nic *nic)
{
    return counted(TSC_HERTZ, TSC_PPM, 0.1, (int64_t)(nic->now_ns - START_NS));
}

/* ---- readings ---- */

static void pass(struct emulated_nic *nic, uint64_t least_ns)
{
    nic->now_ns += least_ns + test_below(&nic->random, least_ns / 2 + 2);
    if (test_below(&nic->random, INTERRUPT_ONE_IN) == 0)
        nic->now_ns += test_below(&nic->random, INTERRUPT_NS);
}

static bool stamps(void *context, uint16_t port, uint64_t rx_offload_capa)
{
    (void)port;
    (void)rx_offload_capa;
    return !((struct emulated_nic *)context)->cannot_stamp;
}

static int read_clock(void *context, uint16_t port, uint64_t *ticks)
{
    struct emulated_nic *nic = context;

    (void)port;
    if (nic->cannot_read)
        return -ENOTSUP;
    pass(nic, nic->read_ns * 7 / 8);
    *ticks = emulated_nic_stamp(nic, nic->now_ns);
    pass(nic, nic->read_ns / 8);
    return 0;
}

static uint64_t utc_ns(void *context)
{
    struct emulated_nic *nic = context;

    pass(nic, HOST_READ_NS / 2);
    return nic->now_ns + (uint64_t)nic->host_ns;
}

static uint64_t tsc(void *context)
{
    struct emulated_nic *nic = context;

    pass(nic, HOST_READ_NS / 2);
    return emulated_nic_tsc(nic);
}

static void pause_for(void *context, uint64_t ns)
{
    struct emulated_nic *nic = context;

    nic->now_ns += ns + test_below(&nic->random, ns / 100);
}

void emulated_nic_init(struct emulated_nic *nic, uint64_t seed)
{
    *nic = (struct emulated_nic){
        .ops = {nic, stamps, read_clock, read_clock, utc_ns, tsc, pause_for},
        .random = {seed},
        .now_ns = START_NS + 1000000000,
        .unit_ns = 1,
        .bits = 64,
        .read_ns = 200,
    };
}
