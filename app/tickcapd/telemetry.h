/*
 * First telemetry: /tickcap/summary, /tickcap/streams, /tickcap/channels and /tickcap/lines,
 * through DPDK's socket, as dpdk-telemetry.py asks it.
 */
#ifndef TC_TICKCAPD_TELEMETRY_H
#define TC_TICKCAPD_TELEMETRY_H

#include "tickcapd/capturerun.h"

/*
 * Registers the commands. Their callbacks run in a thread of DPDK's and only read what tasks have
 * published; `run` stays open for as long as the process answers.
 */
void tc_telemetry_register(const struct tc_capture_run *run);

#endif
