/*
 * The sink of the appliance: direct I/O through io_uring, so that the writer's core neither copies
 * through the page cache nor waits for the disk.
 */
#ifndef TC_TICKCAPD_DISKSINK_H
#define TC_TICKCAPD_DISKSINK_H

#include "file/sink.h"

enum { TC_DISK_AHEAD_BYTES = 64 << 20 }; /* file space that is reserved at once */

/*
 * NULL, with a sentence, where the kernel has no io_uring for us; the caller then takes a sink of
 * plain writes.
 */
struct tc_sink *tc_disk_sink_new(struct tc_error *error);
void tc_disk_sink_free(struct tc_sink *sink);

#endif
