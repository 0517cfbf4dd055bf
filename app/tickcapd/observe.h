/*
 * What the main lcore does while others receive and write: it sleeps, corrects clocks, sees whether
 * anything has failed or ended, and listens to signals.
 */
#ifndef TC_TICKCAPD_OBSERVE_H
#define TC_TICKCAPD_OBSERVE_H

#include "tickcapd/capturerun.h"

enum tc_ending {
    TC_ENDED_SIGNAL,
    TC_ENDED_DURATION,
    TC_ENDED_EXHAUSTED, /* every file source has come to its end */
    TC_ENDED_FAILURE,   /* a writer failed */
};

/* SIGINT and SIGTERM come here and nowhere else. Call before any other thread is made. */
void tc_observe_block_signals(void);

/* Runs until one of the endings; `duration_s` 0: for ever. */
enum tc_ending tc_observe(struct tc_capture_run *run, uint64_t duration_s);

#endif
