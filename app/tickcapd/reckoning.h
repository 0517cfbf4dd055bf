/*
 * The reckoning at the end of a capture: the summary that a person reads, and whether all counts
 * agree.
 */
#ifndef TC_TICKCAPD_RECKONING_H
#define TC_TICKCAPD_RECKONING_H

#include "common/report.h"
#include "tickcapd/capturerun.h"

/*
 * Prints it once every task is done. TC_EXIT_FAULT: a writer failed, a file source is cut off, or
 * counts contradict each other; TC_EXIT_LOSS: this host lost frames.
 */
enum tc_exit tc_reckon(const struct tc_capture_run *run);

#endif
