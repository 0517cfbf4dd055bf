/*
 * First telemetry: /tickcap/summary, /tickcap/streams, /tickcap/channels and /tickcap/lines,
 * through DPDK's socket, as dpdk-telemetry.py asks it.
 */
#ifndef TC_TICKCAPD_TELEMETRY_H
#define TC_TICKCAPD_TELEMETRY_H

#include "tickcapd/capturerun.h"

/*
 * Registers the commands. Their callbacks run in threads of DPDK's and only read what tasks have
 * published.
 */
void tc_telemetry_register(const struct tc_capture_run *run);

/* From here on nobody reads from the run; who asks is told nothing. */
void tc_telemetry_stop(void);

#endif
