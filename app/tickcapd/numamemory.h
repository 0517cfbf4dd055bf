/* Memory on a NUMA node for what is not DPDK's: trackers, columns, indexes. */
#ifndef TC_TICKCAPD_NUMAMEMORY_H
#define TC_TICKCAPD_NUMAMEMORY_H

#include <stddef.h>

/*
 * Zeroed memory on that node, all of it taken at once, so that nothing is taken while frames
 * arrive. NULL when memory is short. Without NUMA any memory will do.
 */
void *tc_numa_take(size_t bytes, int node);
void tc_numa_free(void *memory, size_t bytes);

#endif
