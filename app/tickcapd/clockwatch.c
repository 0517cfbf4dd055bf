/* A step of this host's clock is told from one of a port's: the processor's counter saw it too. */
#include "tickcapd/clockwatch.h"

#include <stdlib.h>

static void publish(struct tc_clock_published *to, const struct tc_clock *clock,
                    uint64_t first_slope, uint32_t steps)
{
    double first = (double)first_slope;
    int64_t drift_ppb = first_slope > 0
                            ? (int64_t)((double)(int64_t)(clock->slope - first_slope) / first * 1e9)
                            : 0;

    tc_publish(&to->slope, clock->slope);
    tc_publish(&to->drift_ppb, (uint64_t)drift_ppb);
    tc_publish(&to->offset_ns,
               clock->ahead_s * UINT64_C(1000000000) - (uint64_t)clock->residual_ns);
    tc_publish(&to->residual_ns, (uint64_t)clock->residual_ns);
    tc_publish(&to->error_ns, clock->error_ns);
    tc_publish(&to->compared_ns, clock->compared_ns);
    tc_publish(&to->corrections, clock->corrections);
    tc_publish(&to->in_sync, clock->in_sync);
    tc_publish(&to->steps, steps);
}

static void publish_all(struct tc_clock_watch *watch)
{
    publish(&watch->published, &watch->tsc.clock, watch->first_slope, watch->tsc.steps);
    for (size_t i = 0; i < watch->port_count; i++) {
        struct tc_watched_port *port = &watch->ports[i];

        publish(&port->published, &port->clock.clock, port->first_slope, port->clock.steps);
    }
}

/* ---- opening ---- */

/* Two samples of the processor's counter, some time apart, are its first line. */
static enum tc_status open_tsc(struct tc_clock_watch *watch, struct tc_error *error)
{
    const struct tc_port_time_ops *ops = watch->ops;
    struct tc_clock_sample first, second;

    if (!tc_clock_sample(ops, tc_counter_tsc, 0, &first))
        return tc_fail(error, TC_USAGE, "the clock of this host runs backwards: see adjtimex(2)");
    ops->pause(ops->context, TC_CLOCK_ROUND_NS);
    if (!tc_clock_sample(ops, tc_counter_tsc, 0, &second) || second.utc_ns <= first.utc_ns)
        return tc_fail(error, TC_USAGE,
                       "the clock of this host was set back while tickcapd started: start it "
                       "again once the clock is synchronised");
    tc_discipline_init(&watch->tsc, TC_CLOCK_TSC, 0, &first, &second);
    watch->first_slope = watch->tsc.clock.slope;
    return TC_OK;
}

enum tc_status tc_clock_watch_open(struct tc_clock_watch *watch, const struct tc_eth_port *ports,
                                   size_t port_count, tc_eth_warn *warn, struct tc_error *error)
{
    enum tc_status status;

    *watch = (struct tc_clock_watch){.ops = ports[0].plan->time,
                                     .ports = calloc(port_count, sizeof watch->ports[0])};
    if (watch->ports == NULL)
        return tc_fail(error, TC_MEMORY, "no memory");
    tc_clock_watch_host(watch);
    status = open_tsc(watch, error);
    for (size_t i = 0; status == TC_OK && i < port_count; i++) {
        struct tc_port_clock *clock = &watch->ports[i].clock;

        status = tc_port_clock_open(clock, ports[i].plan->time, &ports[i], watch->host.tai_s, warn,
                                    error);
        watch->ports[i].first_slope = clock->clock.slope;
        watch->port_count++;
    }
    publish_all(watch);
    return status;
}

void tc_clock_watch_close(struct tc_clock_watch *watch)
{
    free(watch->ports);
    watch->ports = NULL;
    watch->port_count = 0;
}

/* ---- rounds ---- */

void tc_clock_watch_host(struct tc_clock_watch *watch)
{
    watch->host = tc_host_clock_look();
    tc_publish(&watch->host_error_ns, watch->host.error_ns);
}

/* True when this host's clock was set since the round before. */
static bool correct_tsc(struct tc_clock_watch *watch)
{
    uint32_t steps = watch->tsc.steps;
    struct tc_clock_sample sample;

    if (tc_clock_sample(watch->ops, tc_counter_tsc, 0, &sample))
        tc_discipline_take(&watch->tsc, &sample, TC_CLOCK_HORIZON_NS);
    return watch->tsc.steps != steps;
}

static void note_step(struct tc_watched_port *port, enum tc_stepped_clock which, int64_t step_ns)
{
    port->steps++;
    port->stepped = which;
    port->step_ns = step_ns;
}

void tc_clock_watch_round(struct tc_clock_watch *watch)
{
    bool system = correct_tsc(watch);

    for (size_t i = 0; i < watch->port_count; i++) {
        struct tc_watched_port *port = &watch->ports[i];
        bool stepped = tc_port_clock_round(&port->clock);

        /* perhaps this host's was set after the counter had been looked at */
        if (stepped && !system)
            system = correct_tsc(watch);
        if (stepped && !system)
            note_step(port, TC_STEPPED_PORT, port->clock.step_ns);
    }
    for (size_t i = 0; system && i < watch->port_count; i++)
        note_step(&watch->ports[i], TC_STEPPED_SYSTEM, watch->tsc.step_ns);
    publish_all(watch);
}

struct tc_times tc_clock_watch_times(const struct tc_clock_watch *watch, size_t port)
{
    const struct tc_watched_port *watched = &watch->ports[port];
    struct tc_times times = {
        .tsc = watch->tsc.clock,
        .stamps = watched->clock.clock,
        .steps = watched->steps,
        .stepped = watched->stepped,
        .step_ns = watched->step_ns,
    };

    times.tsc.host_error_ns = watch->host.error_ns;
    times.stamps.host_error_ns = watch->host.error_ns;
    return times;
}
