/*
 * Tasks and the lcores they run on.
 *
 * A task is start, step, stop; a step does what there is to do and never waits. An lcore steps its
 * tasks in turn and is idle, by a policy of its own, when none had work. Tests step tasks by hand.
 */
#ifndef TC_TICKCAPD_TASKS_H
#define TC_TICKCAPD_TASKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct tc_task;

enum { TC_TASK_DONE = -1 };

struct tc_task_ops {
    void (*start)(struct tc_task *task);
    /* What was done: 0 nothing, more is more; TC_TASK_DONE when the task is over. */
    int (*step)(struct tc_task *task);
    void (*stop)(struct tc_task *task);
};

struct tc_task {
    const struct tc_task_ops *ops;
    atomic_bool done; /* set last by its lcore: who sees it sees all that the task did */
};

enum tc_idle_policy {
    TC_IDLE_POLICY_SPIN,
    TC_IDLE_POLICY_ADAPTIVE,
};

/* How an lcore passes the time between steps that had nothing to do. */
struct tc_idler {
    enum tc_idle_policy policy;
    uint32_t empty; /* steps without work in a row */
};

void tc_idler_step(struct tc_idler *idler, bool worked);

enum { TC_TASKS_MAX = 64 };

struct tc_lcore {
    struct tc_idler idler;
    struct tc_task *tasks[TC_TASKS_MAX];
    uint32_t task_count;
    int realtime; /* priority under SCHED_FIFO; 0: none */
};

/* Runs an lcore until all its tasks are done; of the type that DPDK launches. */
int tc_lcore_run(void *lcore);

#endif
