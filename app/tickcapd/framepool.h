/*
 * Receive buffers of a port.
 */
#ifndef TC_TICKCAPD_FRAMEPOOL_H
#define TC_TICKCAPD_FRAMEPOOL_H

#include <stdbool.h>

#include <rte_mempool.h>

/*
 * `count` buffers for frames of up to `frame_bytes`, on a NUMA node (-1: any). `packed`: without
 * gaps, for devices that are no hardware. NULL, and rte_errno, when there is no memory.
 */
struct rte_mempool *tc_frame_pool_make(const char *name, uint32_t count, uint32_t frame_bytes,
                                       int node, bool packed);

#endif
