/* The loop, and the two ways to be idle in it. */
#include "tickcapd/tasks.h"

#include <sched.h>
#include <time.h>

#include <rte_pause.h>

/*
 * Adaptive: a burst often follows a burst, so spin for a while, then sleep a little longer each
 * time up to a bound that receive rings of any NIC bridge at moderate rates.
 */
enum {
    SPIN_STEPS = 2000,
    SLEEP_NS_FIRST = 20 * 1000,
    SLEEP_NS_MOST = 200 * 1000,
};

void tc_idler_step(struct tc_idler *idler, bool worked)
{
    struct timespec pause = {0};

    if (worked) {
        idler->empty = 0;
        return;
    }
    idler->empty++;
    if (idler->policy == TC_IDLE_POLICY_SPIN || idler->empty < SPIN_STEPS) {
        rte_pause();
        return;
    }
    pause.tv_nsec = SLEEP_NS_FIRST + (idler->empty - SPIN_STEPS) * 1000L;
    if (pause.tv_nsec > SLEEP_NS_MOST)
        pause.tv_nsec = SLEEP_NS_MOST;
    nanosleep(&pause, NULL);
}

int tc_lcore_run(void *context)
{
    struct tc_lcore *lcore = context;
    const struct sched_param priority = {.sched_priority = lcore->realtime};
    uint32_t running = lcore->task_count;

    /* of this thread alone; whether it may was found out before the start */
    if (lcore->realtime > 0)
        (void)sched_setscheduler(0, SCHED_FIFO, &priority);
    for (uint32_t i = 0; i < lcore->task_count; i++)
        lcore->tasks[i]->ops->start(lcore->tasks[i]);
    while (running > 0) {
        bool worked = false;

        for (uint32_t i = 0; i < lcore->task_count; i++) {
            struct tc_task *task = lcore->tasks[i];
            bool done = atomic_load_explicit(&task->done, memory_order_relaxed);
            int work = done ? 0 : task->ops->step(task);

            if (work == TC_TASK_DONE) {
                task->ops->stop(task);
                atomic_store_explicit(&task->done, true, memory_order_release);
                running--;
            }
            worked |= work != 0;
        }
        tc_idler_step(&lcore->idler, worked);
    }
    return 0;
}
