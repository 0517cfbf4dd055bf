/*
 * A running capture: everything that was built from a plan, and what it comes to in the end.
 */
#ifndef TC_TICKCAPD_CAPTURERUN_H
#define TC_TICKCAPD_CAPTURERUN_H

#include "tickcapd/ethport.h"
#include "tickcapd/receive.h"
#include "tickcapd/record.h"
#include "tickcapd/tscclock.h"

/* One stream with its tasks. */
struct tc_run_stream {
    struct tc_capture_stream rings;
    struct tc_clock_exchange clock;
    struct tc_receiver *receiver;
    struct tc_record_task *writers[TC_WRITERS_MAX];
    void *intake_memory;
    size_t intake_bytes;
    void *recorder_memory[TC_WRITERS_MAX];
    size_t recorder_bytes;
    bool disk_sink[TC_WRITERS_MAX]; /* its sink is a disk sink, else a file sink */
};

struct tc_capture_run {
    const struct tc_capture_plan *plan;
    struct tc_capture capture;
    struct tc_eth_port *ports;
    struct tc_run_stream *streams;
    struct tc_lcore *lcores; /* by number */
    struct tc_discipline discipline;
    int *locks; /* of the output directories */
    size_t lock_count;
    struct timespec started;     /* by the monotonic clock */
    struct timespec cpu_started; /* processor time of the process by then */
    atomic_bool stopping;
    bool launched;
};

/* Opens ports, takes all memory, locks the directories. DPDK's environment is up. */
TC_MUST_USE enum tc_status tc_capture_run_open(struct tc_capture_run *run,
                                               const struct tc_capture_plan *plan,
                                               tc_eth_warn *warn, struct tc_error *error);

/* Puts every task onto its lcore. */
TC_MUST_USE enum tc_status tc_capture_run_launch(struct tc_capture_run *run,
                                                 struct tc_error *error);

/* Asks the receivers to end; waits until every task is done. */
void tc_capture_run_end(struct tc_capture_run *run);

void tc_capture_run_close(struct tc_capture_run *run);

/* Sums over all streams, from what the tasks have published. */
void tc_capture_run_ledger(const struct tc_capture_run *run, struct tc_ledger *ledger);
void tc_capture_run_stream_ledger(const struct tc_run_stream *stream, struct tc_ledger *ledger);
void tc_capture_run_figures(const struct tc_capture_run *run, uint16_t line,
                            struct tc_figures *figures);

/* True once every receiver of a file source has come to its end, and there is no other. */
bool tc_capture_run_exhausted(const struct tc_capture_run *run);

/* The first failure of a writer; false where there is none. */
bool tc_capture_run_failure(const struct tc_capture_run *run, struct tc_error *error);

#endif
