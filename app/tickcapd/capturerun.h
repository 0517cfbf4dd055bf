/*
 * A running capture: everything that was built from a plan, and what it comes to in the end.
 */
#ifndef TC_TICKCAPD_CAPTURERUN_H
#define TC_TICKCAPD_CAPTURERUN_H

#include "tickcapd/capturewriter.h"
#include "tickcapd/chorusstream.h"
#include "tickcapd/clockwatch.h"
#include "tickcapd/ethport.h"
#include "tickcapd/portjoins.h"
#include "tickcapd/portwatch.h"
#include "tickcapd/receive.h"
#include "tickcapd/stray.h"
#include "tickcapd/unheard.h"

/* One stream with its tasks. */
struct tc_run_stream {
    struct tc_capture_stream rings;
    struct tc_time_exchange times; /* to the receiver */
    struct rte_ring *notices;      /* to the receiver */
    struct tc_stray_watch *strays; /* from the receiver */
    struct tc_receiver *receiver;
    struct tc_record_task *writers[TC_WRITERS_MAX];
    struct tc_writer_seat seats[TC_WRITERS_MAX];
    void *intake_memory;
    size_t intake_bytes;
};

/* The stream of what concerns several streams, with its writer. */
struct tc_run_chorus {
    struct tc_chorus_stream stream;
    struct tc_record_task *writer;
    struct tc_writer_seat seat;
};

/* What was told of the times of a port, as each is told once. */
struct tc_told_times {
    bool stampless; /* its frames have no stamps that can be used */
    bool apart;     /* its clock is not this host's */
};

struct tc_capture_run {
    const struct tc_capture_plan *plan;
    struct tc_capture capture;
    struct tc_eth_port *ports;
    struct tc_port_watch *watches; /* by port */
    struct tc_port_joins *joins;   /* by port */
    struct tc_unheard unheard;
    struct tc_run_stream *streams;
    struct tc_run_chorus *chorus; /* NULL where every channel is compared in its stream */
    struct tc_lcore *lcores;      /* by number */
    struct tc_clock_watch clocks;
    tc_eth_warn *warn;          /* NULL: nobody listens */
    struct tc_told_times *told; /* by port */
    int *locks;                 /* of the output directories */
    size_t lock_count;
    struct timespec started;     /* by the monotonic clock */
    struct timespec cpu_started; /* processor time of the process by then */
    atomic_int phase;            /* enum tc_phase */
    bool launched;
};

/* Opens ports, takes all memory, locks the directories. DPDK's environment is up. */
TC_MUST_USE enum tc_status tc_capture_run_open(struct tc_capture_run *run,
                                               const struct tc_capture_plan *plan,
                                               tc_eth_warn *warn, struct tc_error *error);

/* Puts every task onto its lcore. */
TC_MUST_USE enum tc_status tc_capture_run_launch(struct tc_capture_run *run,
                                                 struct tc_error *error);

/* What the main lcore does once a second: looks at the ports and lines at `now_ns`, UTC. */
void tc_capture_run_watch(struct tc_capture_run *run, uint64_t now_ns);

/* ... and, every TC_CLOCK_ROUND_NS, corrects the clocks by which the receivers work. */
void tc_capture_run_correct(struct tc_capture_run *run);

/* ... and, more often, hears what several streams report. */
void tc_capture_run_hear(struct tc_capture_run *run, uint64_t now_ns);

/* ... and, most often where a port joins, answers queries. */
void tc_capture_run_answer(struct tc_capture_run *run, uint64_t now_ns);

/* Whether any port joins groups. */
bool tc_capture_run_joins(const struct tc_capture_run *run);

/* Tells the receivers of a port of something; TC_PORT_NONE: of every port. */
void tc_capture_run_tell(struct tc_capture_run *run, struct tc_notice *notice);

/* Asks the receivers to end, phase by phase; waits until every task is done. */
void tc_capture_run_end(struct tc_capture_run *run);

void tc_capture_run_close(struct tc_capture_run *run);

/* Sums over all streams, from what the tasks have published. */
void tc_capture_run_ledger(const struct tc_capture_run *run, struct tc_ledger *ledger);
void tc_capture_run_stream_ledger(const struct tc_run_stream *stream, struct tc_ledger *ledger);
void tc_capture_run_figures(const struct tc_capture_run *run, uint16_t line,
                            struct tc_figures *figures);
void tc_capture_run_merged(const struct tc_capture_run *run, uint16_t channel,
                           struct tc_merged *merged);

/* What all writers have put onto disk. */
struct tc_stored {
    uint64_t bytes;
    uint64_t segments;
};

struct tc_stored tc_capture_run_stored(const struct tc_capture_run *run);

/* Packets of a line that came on it first, of those that another line brought too. */
uint64_t tc_capture_run_leads(const struct tc_capture_run *run, uint16_t line);

/*
 * How far the lines of a channel were apart, joined into `lead`: times of the later listed line
 * less those of the earlier one.
 */
void tc_capture_run_lead(const struct tc_capture_run *run, uint16_t channel,
                         struct tc_histogram *lead);

/* True once every receiver of a file source has come to its end, and there is no other. */
bool tc_capture_run_exhausted(const struct tc_capture_run *run);

/* The first failure of a writer; false where there is none. */
bool tc_capture_run_failure(const struct tc_capture_run *run, struct tc_error *error);

#endif
